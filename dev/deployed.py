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

GROUPS = {"dependencies": "every-function", "streaming": "stream-function"}
"""By layer: the group in pyproject.toml that names what is in it."""

LAYERS = (*GROUPS, "management")
"""Folders in `layers`. What no group names is in the last one."""


def exported(form: str, layer: str = "") -> str:
    """Of all layers if none is named. `form` is one of `uv export --format`. Raises CalledProcessError."""
    return _export(form, _choice(layer))


def packages(layer: str = "") -> set[str]:
    return set(re.findall(r"^([a-z0-9-]+)==", exported("requirements.txt", layer), re.MULTILINE))


def _choice(layer: str) -> tuple[str, ...]:
    """Raises ValueError for what is no layer."""
    if not layer:
        return DEPLOYED
    earlier = LAYERS[: LAYERS.index(layer)]
    left_out = sorted(name for one in earlier for name in packages(one))
    chosen = ("--only-group", GROUPS[layer]) if layer in GROUPS else DEPLOYED
    return (*chosen, *(f"--no-emit-package={name}" for name in left_out))


def _export(form: str, choice: tuple[str, ...]) -> str:
    uv = os.environ.get("UV", str(PROJECT / ".uv" / "bin" / "uv"))
    asks = ["--quiet", "--project", str(PROJECT), "--frozen", "--no-emit-project"]
    command = [uv, "export", *asks, *choice, "--format", form]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    sys.stdout.write(exported("requirements.txt", *sys.argv[1:]))
