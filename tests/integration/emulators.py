"""Emulators of Lambda that are programs: how each is started."""

import json
import platform
import sys
from pathlib import Path

import samcli

from tests import processes
from tests.integration.conftest import ROOT

RUNTIME = ROOT / "layers" / "core" / "openmind-llm-runtime"
APPS = Path(__file__).parent / "apps"
_RIE = Path(samcli.__file__).parent / "local" / "rapid"
_CARGO_LAMBDA = Path(sys.prefix) / "bin" / "cargo-lambda"
_MANIFEST = (
    '[package]\nname = "stub"\nversion = "0.1.0"\nedition = "2021"\n[[bin]]\nname = "{0}"\npath = "src/main.rs"\n'
)


def rie(port: int, command: list[str]) -> list[str]:
    """Lambda's own runtime interface emulator, out of aws-sam-cli; it starts `command` as Lambda starts a runtime."""
    machine = {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x86_64")
    return [
        str(_RIE / f"aws-lambda-rie-{machine}"),
        "--runtime-interface-emulator-address",
        f"127.0.0.1:{port}",
        "--runtime-api-address",
        f"127.0.0.1:{processes.free_port()}",
        *command,
    ]


def cargo_lambda(port: int, function: str, folder: Path) -> list[str]:
    """cargo-lambda for one function, whose runtime is to be started apart; `folder` is to be first on its PATH.

    It asks `cargo` for the names of functions, and for nothing else. So there is a `cargo` that says just that.
    """
    sources = folder / "stub"
    (sources / "src").mkdir(parents=True)
    (sources / "src" / "main.rs").write_text("fn main() {}\n")
    (sources / "Cargo.toml").write_text(_MANIFEST.format(function))
    (folder / "metadata.json").write_text(json.dumps(_metadata(sources, function)))
    (folder / "cargo").write_text(f'#!/bin/sh\ncat "{folder / "metadata.json"}"\n')
    (folder / "cargo").chmod(0o755)
    watch = [str(_CARGO_LAMBDA), "lambda", "watch", "--only-lambda-apis"]
    return [*watch, "-A", "127.0.0.1", "-P", str(port), "--manifest-path", str(sources / "Cargo.toml")]


def _metadata(sources: Path, function: str) -> dict[str, object]:
    """What `cargo metadata --format-version 1` says of a package with one program."""
    package = f"path+file://{sources}#stub@0.1.0"
    target = {"kind": ["bin"], "crate_types": ["bin"], "name": function, "src_path": str(sources / "src" / "main.rs")}
    return {
        "packages": [
            {
                "name": "stub",
                "version": "0.1.0",
                "id": package,
                "dependencies": [],
                "targets": [target | {"edition": "2021", "doc": True, "doctest": False, "test": True}],
                "features": {},
                "manifest_path": str(sources / "Cargo.toml"),
                "edition": "2021",
            }
        ],
        "workspace_members": [package],
        "resolve": {"nodes": [{"id": package, "dependencies": [], "deps": [], "features": []}], "root": package},
        "target_directory": str(sources / "target"),
        "version": 1,
        "workspace_root": str(sources),
    }
