"""Which processor a layer of packages is built for."""

import subprocess
from pathlib import Path

import pytest

from dev.deployed import LAYERS

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize(
    ("variables", "asked"),
    [
        ({}, ["aarch64-manylinux2014"]),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}, []),
        ({"LAYER_PLATFORM": "native"}, []),
        ({"LAYER_PLATFORM": "x86_64-manylinux2014"}, ["x86_64-manylinux2014"]),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:4566", "LAYER_PLATFORM": "aarch64-manylinux2014"},
         ["aarch64-manylinux2014"]),
    ],
    ids=["Lambda's", "an emulator's", "this machine's", "another", "Lambda's in spite of an emulator"],
)  # fmt: skip
def test_a_layer_is_built_for(variables: dict[str, str], asked: list[str], layer: str) -> None:
    done = subprocess.run(
        ["make", "-n", "-f", f"layers/{layer}/Makefile", f"build-{layer.title()}Layer", "ARTIFACTS_DIR=/tmp/none"],
        cwd=ROOT, env={"PATH": "/usr/bin:/bin", **variables}, capture_output=True, text=True, check=True,
    )  # fmt: skip

    words = done.stdout.split()
    assert [words[at + 1] for at, word in enumerate(words) if word == "--python-platform"] == asked
