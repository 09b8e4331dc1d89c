"""The packages that are deployed, as uv.lock has them, and in which layer each is.

Run as a program, it prints what a layer is made from: `python -m dev.deployed management`.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parent.parent
DEPLOYED = ("--no-default-groups",)
"""Every group is a default one, so --no-dev alone would leave the others in."""

EVERY_FUNCTION = ("--only-group", "every-function")
LAYERS = ("dependencies", "management")
"""Folders in `layers`: what every function has, and the rest of what is deployed."""


def exported(form: str, layer: str = "") -> str:
    """Of all layers if none is named. `form` is one of `uv export --format`. Raises CalledProcessError."""
    return _export(form, _choice(layer))


def packages(layer: str = "") -> set[str]:
    return set(re.findall(r"^([a-z0-9-]+)==", exported("requirements.txt", layer), re.MULTILINE))


def _choice(layer: str) -> tuple[str, ...]:
    match layer:
        case "":
            return DEPLOYED
        case "dependencies":
            return EVERY_FUNCTION
        case "management":
            return (*DEPLOYED, *(f"--no-emit-package={name}" for name in sorted(packages("dependencies"))))
    raise ValueError(f"no such layer: {layer}")


def _export(form: str, choice: tuple[str, ...]) -> str:
    uv = os.environ.get("UV", str(PROJECT / ".uv" / "bin" / "uv"))
    asks = ["--quiet", "--project", str(PROJECT), "--frozen", "--no-emit-project"]
    command = [uv, "export", *asks, *choice, "--format", form]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    sys.stdout.write(exported("requirements.txt", *sys.argv[1:]))
