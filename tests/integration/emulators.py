"""Emulators of Lambda that are programs: how each is started."""

import platform
from pathlib import Path

import samcli

from tests import processes
from tests.integration.conftest import ROOT

RUNTIME = ROOT / "layers" / "core" / "openmind-llm-runtime"
APPS = Path(__file__).parent / "apps"
_RIE = Path(samcli.__file__).parent / "local" / "rapid"


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
