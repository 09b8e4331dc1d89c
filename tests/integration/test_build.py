"""What would be uploaded: the artefacts of `sam build`."""

import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.conftest import ROOT, run_sam

LAMBDA_UNZIPPED_LIMIT = 250 * 1024 * 1024
EM_AARCH64 = 183
FUNCTIONS = ("AuthFunction", "RouteFunction", "StreamFunction", "SweepFunction")
LAYERS = ("CoreLayer", "DependenciesLayer")
CORE = ROOT / "layers" / "core" / "openmind_llm"
RUNTIME = Path("python/openmind-llm-runtime")
"""In the layer, which Lambda unpacks to /opt."""


def _files(folder: Path) -> Iterator[Path]:
    return (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())


def _size(folder: Path) -> int:
    return sum((folder / name).stat().st_size for name in _files(folder))


def _zipped_size(folder: Path, archive: Path) -> int:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in _files(folder):
            packed.write(folder / name, name)
    return archive.stat().st_size


def _elf_machine(library: Path) -> int:
    return int.from_bytes(library.read_bytes()[18:20], "little")


def _sources(package: Path) -> set[Path]:
    return {name for name in _files(package) if "__pycache__" not in name.parts}


def test_template_is_valid_and_lints_clean() -> None:
    """`sam validate --lint`, which is SAM's own checks and all of cfn-lint's, has nothing to say."""
    printed = run_sam("validate", "--lint", cwd=ROOT)

    assert "is a valid SAM Template" in printed


@pytest.mark.parametrize("function", FUNCTIONS)
def test_function_artefact_is_its_handler_alone(built: Path, function: str) -> None:
    """Functions hold nothing but wiring: the rest comes from the layers."""
    assert set(_files(built / function)) == {Path("handler.py")}


def test_core_layer_is_the_package(built: Path) -> None:
    """Every file of the package, where Lambda looks for it, the program that starts the runtime, and nothing else."""
    expected = {Path("python/openmind_llm") / name for name in _sources(CORE)} | {RUNTIME}

    assert set(_files(built / "CoreLayer")) == expected


def test_runtime_can_be_executed(built: Path) -> None:
    """By any user: Lambda's is not the one who built it."""
    assert (built / "CoreLayer" / RUNTIME).stat().st_mode & 0o555 == 0o555


def test_core_layer_holds_the_provider_data(built: Path) -> None:
    """Data files travel with the code that reads them."""
    data = built / "CoreLayer" / "python" / "openmind_llm" / "providers" / "data"

    assert list(data.glob("*.json"))


def test_native_code_is_for_arm(built: Path) -> None:
    """Machine code fits Lambda's processor and Python, whatever machine built it."""
    native = list((built / "DependenciesLayer").rglob("*.so*"))

    assert any(path.name.startswith("_pydantic_core") for path in native)
    assert all(path.name.endswith((".cpython-313-aarch64-linux-gnu.so", ".abi3.so")) for path in native)
    assert {_elf_machine(path) for path in native} == {EM_AARCH64}


def test_native_code_for_an_emulator_is_for_this_machine(built_here: Path) -> None:
    """LAYER_PLATFORM or AWS_ENDPOINT_URL asked for it."""
    native = list((built_here / "DependenciesLayer").rglob("_pydantic_core*.so"))

    assert [_elf_machine(path) for path in native] == [_elf_machine(Path(sys.executable).resolve())]


def test_dependencies_are_those_of_the_functions(built: Path) -> None:
    """Nothing of the development groups is deployed."""
    folders = {path.name for path in (built / "DependenciesLayer" / "python").iterdir()}

    assert {"boto3", "fastapi", "httpx", "mangum", "aws_lambda_powertools"} <= folders
    assert folders.isdisjoint({"pytest", "moto", "mypy", "samcli", "samtranslator", "uvicorn", "openai", "bin"})


def test_dependencies_tell_their_versions(built: Path) -> None:
    """A scanner of deployed layers finds the name and version of each package."""
    metadata = (built / "DependenciesLayer" / "python").glob("*.dist-info/METADATA")

    assert any("\nName: fastapi\n" in path.read_text() for path in metadata)


def test_dependencies_are_compiled(built: Path) -> None:
    """No cold start compiles a module: Lambda could not keep the result."""
    python = built / "DependenciesLayer" / "python"
    modules = [path for path in python.rglob("*.py") if "tests" not in path.parts]
    missing = [path for path in modules if not (path.parent / "__pycache__" / f"{path.stem}.cpython-313.pyc").exists()]

    assert missing == []


def test_function_with_its_layers_fits_lambda(built: Path, tmp_path: Path) -> None:
    """Code and layers stay under the limit; files and sizes are printed."""
    for name in (*FUNCTIONS, *LAYERS):
        zipped = _zipped_size(built / name, tmp_path / "archive.zip")
        count = len(list(_files(built / name)))
        print(f"{name}: {count} files, {_size(built / name) / 1e6:.2f} MB, zipped {zipped / 1e6:.2f} MB")  # noqa: T201

    assert sum(_size(built / name) for name in ("RouteFunction", *LAYERS)) < LAMBDA_UNZIPPED_LIMIT
