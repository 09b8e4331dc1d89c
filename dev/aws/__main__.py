"""`python -m dev.aws`: the emulated AWS that the template can be deployed to, and the simulator of the providers."""

import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from dev import start
from dev.emulator import Emulator, EmulatorError
from dev.serve import serving, simulated_places
from dev.simulator.app import app as simulator
from dev.start import StartError
from openmind_llm.providers import table

DEFAULT_PORT = 4566


def run(environ: Mapping[str, str], state: Path) -> None:
    """Until interrupted. Raises StartError."""
    port = start.port(environ, DEFAULT_PORT)
    start.listen(port).close()  # a busy port is told before anything starts
    folder = state / "aws"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with emulated(port, folder / "deployable.log") as emulator:
            start.write_exports(folder / "environment", emulator.client_environment())
            print(_greeting(emulator.url, folder / "environment"), flush=True)
            emulator.wait()
    except EmulatorError as error:
        raise StartError(str(error)) from None


@contextmanager
def emulated(port: int, log: Path) -> Iterator[Emulator]:
    """Its functions call the simulator instead of the providers, and may do what their roles allow, and no more."""
    with (
        tempfile.TemporaryDirectory(prefix="openmind-emulator-", ignore_cleanup_errors=True) as scratch,
        serving(simulator, start.listen(0)) as simulator_port,
    ):
        base_urls = simulated_places(table.provider_names(), simulator_port)
        variables = _variables(port) | base_urls | {"TMPDIR": scratch}
        with Emulator(port, log, module="dev.aws.emulator", variables=variables) as emulator:
            yield emulator


def _variables(port: int) -> dict[str, str]:
    return {
        "SERVICES": "",  # all
        "AUTH": "true",
        "AWS_ACCESS_KEY_ID": "local",  # whose bearer may do anything
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
    }


def _greeting(url: str, environment: Path) -> str:
    return (
        f"ready: {url} (an emulated AWS without state, and simulated providers)\n\n"
        f"in another shell:\n"
        f"  source {environment}\n"
        f"  make deploy STAGE=dev\n"
        f"  docs/emulator.md says what then\n"
    )


if __name__ == "__main__":
    sys.exit(start.command("emulator", run))
