"""The template as CloudFormation gets to see it, and what `sam build` makes of it. Neither needs AWS."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from dev import translation

ROOT = Path(__file__).parent.parent.parent
BIN = Path(sys.prefix) / "bin"
TEMPLATE, REGION = translation.TEMPLATE, translation.REGION
translate = translation.translate

type Template = dict[str, Any]


@pytest.fixture(scope="session")
def template() -> Template:
    """The translated template, for Stage dev."""
    return translate(TEMPLATE.read_text())


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a fresh build for AWS, whatever emulator the test that asks first talks to."""
    folder = tmp_path_factory.mktemp("build")
    run_sam("build", "--build-dir", str(folder / "artefacts"), cwd=ROOT, variables={"AWS_ENDPOINT_URL": ""})
    return folder / "artefacts"


@pytest.fixture(scope="session")
def built_here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same for this machine's processor, so that it runs here."""
    folder = tmp_path_factory.mktemp("build-here")
    run_sam("build", "--build-dir", str(folder / "artefacts"), cwd=ROOT, variables={"LAYER_PLATFORM": "native"})
    return folder / "artefacts"


def run_sam(*arguments: str, cwd: Path, variables: Mapping[str, str] | None = None) -> str:
    """What `sam` printed. The Python that runs the tests is the one that it builds with."""
    environment = os.environ | {
        "PATH": os.pathsep.join((str(BIN), str(ROOT / ".uv" / "bin"), os.environ["PATH"])),
        "AWS_DEFAULT_REGION": REGION,
        "SAM_CLI_TELEMETRY": "0",
        "SAM_CLI_CHECK_FOR_UPDATES": "0",
        **(variables or {}),
    }
    done = subprocess.run(
        [BIN / "sam", *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
