"""The packages that are deployed, as uv.lock has them: what the dependencies layer is made from."""

import os
import subprocess
from pathlib import Path

PROJECT = Path(__file__).parent.parent
DEPLOYED = ("--frozen", "--no-default-groups", "--no-emit-project")
"""Every group is a default one, so --no-dev alone would leave the others in."""


def exported(form: str) -> str:
    """`form` is one of `uv export --format`. Raises CalledProcessError."""
    uv = os.environ.get("UV", str(PROJECT / ".uv" / "bin" / "uv"))
    command = [uv, "export", "--quiet", "--project", str(PROJECT), *DEPLOYED, "--format", form]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
