"""An emulated AWS on loopback: ministack in a process of its own; DynamoDB and Secrets Manager alone, if not told more.

ministack and not moto: its transactions are isolated, and its state survives a restart (it is written when the
process is told to stop).
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Self

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 15.0
REGION = "us-east-1"
_PR_SET_PDEATHSIG = 1


class EmulatorError(Exception):
    """The emulator did not start."""


class Emulator:
    """`state` is the folder that outlives it; without one, nothing does. `variables` go over what it is told anyway."""

    def __init__(
        self,
        port: int,
        log: Path,
        state: Path | None = None,
        *,
        module: str = "ministack",
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._log = log
        self._module = module
        self._environment = _environment(port, state) | dict(variables or {})
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", self._module],
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=stop_with_parent,  # noqa: PLW1509 - no threads run yet
            )
        try:
            self._wait_until_ready(self._process)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def wait(self) -> None:
        """Until it ends, which it does not by itself. Raises EmulatorError."""
        if self._process is not None:
            self._process.wait()
        raise EmulatorError(f"the AWS emulator has stopped; its log: {self._log}")

    def client_environment(self) -> dict[str, str]:
        """What makes boto3 talk to this emulator and to nothing else."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            if process.poll() is not None:
                said = self._log.read_text(errors="replace").strip().rpartition("\n")[2]
                raise EmulatorError(f"the AWS emulator stopped at once: {said} (its log: {self._log})")
            if _answers(f"{self.url}/_ministack/health"):
                return
            time.sleep(0.05)
        raise EmulatorError(f"the AWS emulator did not start in {START_TIMEOUT_S:.0f} s; its log: {self._log}")


def _environment(port: int, state: Path | None) -> dict[str, str]:
    persistence = {"PERSIST_STATE": "1", "STATE_DIR": str(state)} if state else {"PERSIST_STATE": "0"}
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        **persistence,
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "SERVICES": "dynamodb,secretsmanager",
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "MINISTACK_REGION": REGION,
    }


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1):  # noqa: S310 - a loopback address of our own
            return True
    except (urllib.error.URLError, OSError):
        return False


def stop_with_parent() -> None:
    """On Linux the child is told to stop when its parent dies, however that dies."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
