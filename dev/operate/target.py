"""Which stack, by which parameters: samconfig.toml, and what was said on make's command line."""

import json
import re
import shlex
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dev.start import StartError

ROOT = Path(__file__).parents[2]
SAM = Path(sys.executable).with_name("sam")


@dataclass(frozen=True, slots=True)
class Target:
    """`parameters` are those that are said; the others keep the value that the stack has, or their default."""

    stage: str
    stack: str
    parameters: Mapping[str, str]


def target(environ: Mapping[str, str], root: Path = ROOT) -> Target:
    """By STAGE, STACK and PARAMETERS ("Name=value …", which go over samconfig's). Raises StartError."""
    configured = _stages(root)
    stage = environ.get("STAGE", "")
    if stage not in configured:
        raise StartError(f"say STAGE={', STAGE='.join(configured)}: samconfig.toml has no stage '{stage}'")
    stack, parameters = configured[stage]
    said = pairs(environ.get("PARAMETERS", ""))
    unknown = sorted(set(said) - set(defaults(root)))
    if unknown:
        raise StartError(f"the template has no parameter {', '.join(unknown)}")
    if said.get("Stage", stage) != stage:
        raise StartError("Stage goes with STAGE: leave it out of PARAMETERS")
    return Target(stage, environ.get("STACK") or stack, parameters | said)


def pairs(text: str) -> dict[str, str]:
    """`Name=value 'Other=two words'`, quoted as in a shell. Raises StartError."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise StartError(f"PARAMETERS cannot be read ({error})") from None
    wrong = [word for word in words if not re.match(r"[A-Za-z0-9]+=", word)]
    if wrong:
        raise StartError(f"PARAMETERS has '{wrong[0]}', which is not Name=value")
    return dict(word.split("=", 1) for word in words)


def defaults(root: Path = ROOT) -> dict[str, str]:
    """The template's parameters with their defaults, as text."""
    block = (root / "template.yaml").read_text().partition("\nParameters:\n")[2].partition("\nRules:\n")[0]
    parts = re.split(r"^  (\w+):\n", block, flags=re.MULTILINE)[1:]
    return {name: _default(body) for name, body in zip(parts[::2], parts[1::2], strict=True)}


def override_file(parameters: Mapping[str, str], folder: Path) -> Path:
    """What `sam deploy --parameter-overrides file://…` reads: JSON and spaces in values come through unharmed."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "parameters.yaml"
    kept = {name: value.replace('\\"', '\\\\\\"') for name, value in parameters.items()}  # SAM takes two of \ away
    path.write_text(json.dumps(kept))
    return path


def _stages(root: Path) -> dict[str, tuple[str, dict[str, str]]]:
    config = tomllib.loads((root / "samconfig.toml").read_text())
    parts = {name: part for name, part in config.items() if isinstance(part, dict)}
    deploys = {name: part["deploy"]["parameters"] for name, part in parts.items() if "deploy" in part}
    return {name: (d["stack_name"], pairs(shlex.join(d["parameter_overrides"]))) for name, d in deploys.items()}


def _default(body: str) -> str:
    found = re.search(r"^    Default: (.*)$", body, re.MULTILINE)
    return found[1].strip().strip('"') if found else ""
