"""cargo-lambda, the emulator of function URLs that streams: how it is started without Rust and without cargo."""

import json
import sys
from pathlib import Path

_PROGRAM = Path(sys.prefix) / "bin" / "cargo-lambda"
_MANIFEST = (
    '[package]\nname = "stub"\nversion = "0.1.0"\nedition = "2021"\n[[bin]]\nname = "{0}"\npath = "src/main.rs"\n'
)


def command(port: int, function: str, folder: Path) -> list[str]:
    """For one function, whose runtime is to be started apart; `folder` is to be first on its PATH.

    It asks `cargo` for the names of functions, and for nothing else. So there is a `cargo` that says just that.
    """
    sources = folder / "stub"
    (sources / "src").mkdir(parents=True)
    (sources / "src" / "main.rs").write_text("fn main() {}\n")
    (sources / "Cargo.toml").write_text(_MANIFEST.format(function))
    (folder / "metadata.json").write_text(json.dumps(_metadata(sources, function)))
    (folder / "cargo").write_text(f'#!/bin/sh\ncat "{folder / "metadata.json"}"\n')
    (folder / "cargo").chmod(0o755)
    watch = [str(_PROGRAM), "lambda", "watch", "--only-lambda-apis"]
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
