"""Asks OSV whether a deployed package has a known vulnerability.

Needs the network. Where the service cannot be asked, that is told and is no failure, unless STRICT=1: a check of
what was changed should not fail for want of a network, and a nightly one should.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from dev import deployed

OSV_URL = "https://api.osv.dev/v1/query"
TIMEOUT_S = 10
"""Of one question: there is one for each package."""


def main(environ: Mapping[str, str]) -> int:
    """Exit codes: 0 none found, or not asked; 1 some found, or not asked where STRICT=1."""
    with tempfile.TemporaryDirectory() as folder:
        requirements, report = Path(folder) / "requirements.txt", Path(folder) / "report.md"
        requirements.write_text(deployed.exported("requirements.txt"))
        asked = _asked(requirements, report, environ.get("OSV_URL") or OSV_URL)
        if not asked.returncode:
            print(f"audit: {_last_line(asked.stderr)}")
            return 0
        if report.exists():
            print(f"audit: {_last_line(asked.stderr)}\n{report.read_text()}")
            return 1
    print(f"audit: NOT ASKED, nothing is known of vulnerabilities: {_last_line(asked.stderr)}", file=sys.stderr)
    return int(environ.get("STRICT") == "1")


def _asked(requirements: Path, report: Path, url: str) -> subprocess.CompletedProcess[str]:
    """The report is there if all was asked, and something found."""
    asks = ["--vulnerability-service", "osv", "--osv-url", url, "--timeout", str(TIMEOUT_S)]
    reads = ["--requirement", str(requirements), "--require-hashes", "--no-deps", "--disable-pip", "--strict"]
    writes = ["--format", "markdown", "--output", str(report), "--progress-spinner", "off"]
    command = [sys.executable, "-m", "pip_audit", *asks, *reads, *writes]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def _last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2]


if __name__ == "__main__":
    sys.exit(main(os.environ))
