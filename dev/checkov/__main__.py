"""`python -m dev.checkov`: what checkov finds in the translated template and those of account/, less our exceptions.

Exceptions are in exceptions.toml, each with its reason. Nothing is fetched.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from dev.translation import TEMPLATE, translate

ROOT = Path(__file__).parents[2]
CHECKOV = ROOT / ".checkov" / "bin" / "checkov"
EXCEPTIONS = Path(__file__).with_name("exceptions.toml")


@dataclass(frozen=True, slots=True)
class Exempt:
    """`resource` is a pattern."""

    check: str
    resource: str
    reason: str


@dataclass(frozen=True, slots=True)
class Finding:
    check: str
    resource: str
    text: str

    def is_exempt(self, exempt: Exempt) -> bool:
        return self.check == exempt.check and fnmatchcase(self.resource, exempt.resource)


def exceptions(path: Path = EXCEPTIONS) -> list[Exempt]:
    return [Exempt(**row) for row in tomllib.loads(path.read_text())["exception"]]


def complaints(findings: Sequence[Finding], exempt: Sequence[Exempt]) -> Iterable[str]:
    """What is not exempt, and exceptions that nothing needs."""
    for finding in findings:
        if not any(finding.is_exempt(one) for one in exempt):
            yield f"{finding.check} {finding.resource}: {finding.text}"
    for one in exempt:
        if not any(finding.is_exempt(one) for finding in findings):
            yield f"{one.check} {one.resource}: this exception is not needed any more: delete it"


def found(report: Any) -> list[Finding]:
    """In checkov's own JSON. What it could not read counts, too."""
    results = report["results"]
    failed = [Finding(c["check_id"], c["resource"], c["check_name"]) for c in results["failed_checks"]]
    return failed + [Finding("UNREADABLE", name, "could not be read") for name in results.get("parsing_errors", [])]


def scan(folder: Path) -> Any:
    done = subprocess.run(
        [
            *(CHECKOV, "--directory", folder, "--framework", "cloudformation", "--output", "json"),
            *("--quiet", "--compact", "--skip-download"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        return json.loads(done.stdout)
    except ValueError:
        sys.stderr.write(done.stdout + done.stderr)
        raise


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        template = translate(TEMPLATE.read_text(), Rollout="Canary10Percent5Minutes")  # with all that a rollout adds
        (folder / "template.json").write_text(json.dumps(template))
        for path in (ROOT / "account").glob("*.yaml"):
            shutil.copy(path, folder)
        report = scan(folder)
    lines = list(complaints(found(report), exceptions()))
    print("\n".join([*lines, f"checkov: {report['summary']['passed']} checks passed, {len(lines)} complaints"]))
    return int(bool(lines) or not report["summary"]["passed"])


if __name__ == "__main__":
    sys.exit(main())
