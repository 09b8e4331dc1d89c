"""`sam deploy` of what was built, by the parameters of a target."""

import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from dev.operate.target import ROOT, SAM, Target, override_file
from dev.start import StartError


def arguments(target: Target, overrides: Path, environ: Mapping[str, str]) -> list[str]:
    """What `sam` is called with. CONFIRM, the stack's name, stands for the answer to whether to go on."""
    confirmed = environ.get("CONFIRM", "")
    if confirmed and confirmed != target.stack:
        raise StartError(f"CONFIRM is '{confirmed}', the stack is '{target.stack}'")
    role = environ.get("CLOUDFORMATION_ROLE")
    return [
        *("deploy", "--config-env", target.stage, "--stack-name", target.stack),
        *("--s3-prefix", target.stack),  # the folder of the bucket that account/deployer.yaml and destroy speak of
        *("--parameter-overrides", f"file://{overrides}"),
        *(["--no-confirm-changeset"] if confirmed else []),
        *(["--role-arn", role] if role else []),
    ]


def run(target: Target, environ: Mapping[str, str]) -> None:
    """Raises StartError; SAM has then said why."""
    with tempfile.TemporaryDirectory() as folder:
        overrides = override_file(target.parameters, Path(folder))
        done = subprocess.run([SAM, *arguments(target, overrides, environ)], cwd=ROOT, check=False)
    if done.returncode:
        raise StartError(
            f"stack {target.stack} was not deployed: the reason is above; once it is gone, do the same again"
        )
