"""What would be uploaded: the artefacts of `sam build`."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev import deployed, translation
from dev.sizes import Size, sizes
from tests.integration.conftest import ROOT, run_sam

LAMBDA_UNZIPPED_LIMIT = 250 * 1024 * 1024
EM_AARCH64 = 183
LAYERS = translation.layers(translation.TEMPLATE.read_text())
FUNCTIONS = tuple(LAYERS)
PACKAGES = {f"{layer.title()}Layer": layer for layer in deployed.LAYERS}
CEILINGS_MB = {
    "CoreLayer": 1.3,
    "DependenciesLayer": 3.0,
    "StreamingLayer": 4.9,
    "ManagementLayer": 15.0,
    **dict.fromkeys(("AuthFunction", "SweepFunction", "InspectFunction"), 4.2),
    "StreamFunction": 9.0,
    **dict.fromkeys(("RouteFunction", "ExportFunction", "RolloutFunction"), 19.0),
}
"""Zipped; a function with its layers. Raised only with a reason in the commit that raises it."""

SERVICES = ROOT / "layers" / "management" / "services.txt"
CORE = ROOT / "layers" / "core" / "openmind_llm"
RUNTIME = Path("python/openmind-llm-runtime")
"""In the layer, which Lambda unpacks to /opt."""


def _files(folder: Path) -> Iterator[Path]:
    return (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())


def _elf_machine(library: Path) -> int:
    return int.from_bytes(library.read_bytes()[18:20], "little")


def _sources(package: Path) -> set[Path]:
    return {name for name in _files(package) if "__pycache__" not in name.parts}


def test_template_is_valid_and_lints_clean() -> None:
    """`sam validate --lint`, which is SAM's own checks and all of cfn-lint's, has nothing to say."""
    printed = run_sam("validate", "--lint", cwd=ROOT)

    assert "is a valid SAM Template" in printed


@pytest.fixture(scope="module")
def measured(built: Path) -> dict[str, Size]:
    return sizes(built)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_function_artefact_is_its_handler_alone(built: Path, function: str) -> None:
    """Functions hold nothing but wiring: the rest comes from the layers."""
    assert set(_files(built / function)) == {Path("handler.py")}


def test_core_layer_is_the_package(built: Path) -> None:
    """Every file of the package, where Lambda looks for it, the program that starts the runtime, and nothing else."""
    expected = {Path("python/openmind_llm") / name for name in _sources(CORE)} | {RUNTIME}

    assert _sources(built / "CoreLayer") == expected


def test_runtime_can_be_executed(built: Path) -> None:
    """By any user: Lambda's is not the one who built it."""
    assert (built / "CoreLayer" / RUNTIME).stat().st_mode & 0o555 == 0o555


def test_core_layer_holds_the_provider_data(built: Path) -> None:
    """Data files travel with the code that reads them."""
    data = built / "CoreLayer" / "python" / "openmind_llm" / "providers" / "data"

    assert list(data.glob("*.json"))


def test_native_code_is_for_arm(built: Path) -> None:
    """Machine code fits Lambda's processor and Python, whatever machine built it."""
    native = [path for layer in PACKAGES for path in (built / layer).rglob("*.so*")]

    assert any(path.name.startswith("_pydantic_core") for path in native)
    assert all(path.name.endswith((".cpython-313-aarch64-linux-gnu.so", ".abi3.so")) for path in native)
    assert {_elf_machine(path) for path in native} == {EM_AARCH64}


def test_native_code_for_an_emulator_is_for_this_machine(built_here: Path) -> None:
    """LAYER_PLATFORM or AWS_ENDPOINT_URL asked for it."""
    native = list((built_here / "ManagementLayer").rglob("_pydantic_core*.so"))

    assert [_elf_machine(path) for path in native] == [_elf_machine(Path(sys.executable).resolve())]


def test_packages_are_those_of_the_functions(built: Path) -> None:
    """Each in one layer, and nothing of the development groups in any."""
    folders = {layer: {path.name for path in (built / layer / "python").iterdir()} for layer in PACKAGES}
    every, streaming, managing = (folders[f"{layer.title()}Layer"] for layer in deployed.LAYERS)

    assert {"aws_lambda_powertools", "httptools"} <= every
    assert "uvloop" in streaming
    assert {"boto3", "fastapi", "mangum"} <= managing
    assert sum(map(len, folders.values())) - len(every | streaming | managing) <= 1  # __pycache__
    assert managing.isdisjoint({"pytest", "moto", "mypy", "samcli", "samtranslator", "uvicorn", "openai", "bin"})


def test_packages_tell_their_versions(built: Path) -> None:
    """A scanner of deployed layers finds the name and version of each package."""
    metadata = (built / "ManagementLayer" / "python").glob("*.dist-info/METADATA")

    assert any("\nName: fastapi\n" in path.read_text() for path in metadata)


@pytest.mark.parametrize("layer", ["CoreLayer", *PACKAGES])
def test_layers_are_compiled(built: Path, layer: str) -> None:
    """No cold start compiles a module: Lambda could not keep the result."""
    python = built / layer / "python"
    modules = [path for path in python.rglob("*.py") if "tests" not in path.parts]
    missing = [path for path in modules if not (path.parent / "__pycache__" / f"{path.stem}.cpython-313.pyc").exists()]

    assert modules
    assert missing == []


@pytest.mark.parametrize("layer", PACKAGES)
def test_a_layer_holds_what_its_bill_of_materials_says(built: Path, layer: str) -> None:
    """Each package, in the version that is installed."""
    bill = json.loads((built / layer / f"sbom-{PACKAGES[layer]}.cdx.json").read_text())
    folders = (built / layer / "python").glob("*.dist-info")

    installed = {folder.name.removesuffix(".dist-info").replace("_", "-").lower() for folder in folders}
    assert {f"{one['name']}-{one['version']}" for one in bill["components"]} == installed


def test_the_layer_can_ask_each_service_that_the_package_asks(built: Path) -> None:
    """botocore's descriptions of all others are left out, and without its own a client cannot be made."""
    services = SERVICES.read_text().split()
    folders = [str(built / layer / "python") for layer in PACKAGES]
    program = f"import boto3\nfor s in {services}: print(boto3.client(s, region_name='us-east-1').meta.service_model)"

    done = subprocess.run(
        [sys.executable, "-S", "-c", program],
        env={"PYTHONPATH": os.pathsep.join(folders), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [f"ServiceModel({service})" for service in services]


@pytest.mark.parametrize("name", CEILINGS_MB)
def test_nothing_grows_beyond_its_ceiling(measured: dict[str, Size], name: str) -> None:
    """As it is uploaded."""
    mb = measured[name].zipped / 1e6

    assert mb <= CEILINGS_MB[name], f"{name} is {mb:.2f} MB: make sizes prints what is how large"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_with_its_layers_fits_lambda(measured: dict[str, Size], function: str) -> None:
    assert measured[function].unzipped < LAMBDA_UNZIPPED_LIMIT


@pytest.mark.parametrize("function", ["AuthFunction", "StreamFunction", "SweepFunction", "InspectFunction"])
def test_completions_and_schedules_need_few_packages(function: str) -> None:
    """What they load, and that it is all there, tests of the built functions show."""
    assert "ManagementLayer" not in LAYERS[function]


def test_every_function_and_layer_has_a_ceiling(measured: dict[str, Size]) -> None:
    assert set(measured) == set(CEILINGS_MB)
