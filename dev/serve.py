"""The gateway on loopback, with uvicorn as its door."""

import contextlib
import fcntl
import json
import socket
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from dev import issuer, seed, start
from dev.emulator import Emulator, EmulatorError
from dev.issuer import Issuer
from dev.simulator.app import app as simulator
from dev.start import StartError
from openmind_llm.api.asgi import App
from openmind_llm.bootstrap import application, ledgers
from openmind_llm.domain import keys
from openmind_llm.domain.catalogue import OverrideError
from openmind_llm.errors import GatewayError
from openmind_llm.plans import PlanOverrideError
from openmind_llm.providers import table
from openmind_llm.settings import Settings

DEFAULT_PORT = 8080
DEFAULT_PLAN = "unlimited"
SIMULATED_KEY = "sk-of-the-simulator"
"""In no answer: a provider's key is taken out of what the provider says."""
SWEEP_EVERY_S = 30


def run(environ: Mapping[str, str], state: Path) -> None:
    """Serves until interrupted. Raises StartError."""
    listener = start.listen(start.port(environ, DEFAULT_PORT))
    _prepare(state)
    with (
        _alone(state),
        _emulator(state) as emulator,
        serving(simulator, start.listen(0)) as simulator_port,
        serving(Issuer(issuer.key(state)), issuer.listen(state)) as issuer_port,
    ):
        start.use_alone(emulator.client_environment())
        provider_keys = _provider_keys(environ)
        seed.fill(provider_keys)
        key = environ.get("OPENMIND_API_KEY") or _own_key(state)
        seed.seed_key(key, environ.get("OPENMIND_DEV_PLAN", DEFAULT_PLAN))
        places = _places(environ, provider_keys, simulator_port) | issuer.places(environ, issuer_port)
        start.write_exports(state / "environment", emulator.client_environment() | places)
        settings = Settings.from_env({**environ, **places})
        served = _application(settings)
        with _sweeping(settings):
            _serve(served, listener, _greeting(listener, environ, key, provider_keys))


def _application(settings: Settings) -> App:
    try:
        return application.create(settings)
    except OverrideError as error:
        raise StartError(f"MODEL_OVERRIDES: {error}") from None
    except PlanOverrideError as error:
        raise StartError(f"PLAN_OVERRIDES: {error}") from None


@contextmanager
def _sweeping(settings: Settings) -> Iterator[None]:
    """Does now and then what a schedule does where the gateway is deployed."""
    ledger, is_over = ledgers.ledger(settings), threading.Event()

    def sweep() -> None:
        while not is_over.wait(SWEEP_EVERY_S):
            with contextlib.suppress(GatewayError):
                ledger.sweep()

    thread = threading.Thread(target=sweep, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def _prepare(state: Path) -> None:
    """The state folder, closed to others since it holds keys."""
    try:
        (state / "aws").mkdir(parents=True, exist_ok=True)
        state.chmod(0o700)
        for file in (state / "aws").glob("*.json"):
            json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise StartError(f"the state in {state} cannot be used ({error}): remove the folder and start again") from None


@contextmanager
def _alone(state: Path) -> Iterator[None]:
    """Two emulators on one folder would each write all of it when they end, and one would win."""
    with (state / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StartError(f"another make dev uses {state}: stop it first") from None
        yield


@contextmanager
def _emulator(state: Path) -> Iterator[Emulator]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    try:
        with Emulator(port, log=state / "emulator.log", state=state / "aws") as emulator:
            yield emulator
    except EmulatorError as error:
        raise StartError(str(error)) from None


@contextmanager
def serving(app: App, listener: socket.socket) -> Iterator[int]:
    """Serves `app` in a thread of its own; gives the port."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off"))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


def _provider_keys(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: environ.get(f"{name.upper()}_API_KEY") or SIMULATED_KEY for name in table.provider_names()}


def _places(environ: Mapping[str, str], provider_keys: Mapping[str, str], simulator_port: int) -> dict[str, str]:
    """Where everything is, as a function's environment says it."""
    given = {name: value for name, value in environ.items() if name.endswith("_BASE_URL")}
    simulated = [name for name, key in provider_keys.items() if key == SIMULATED_KEY]
    return given | simulated_places(simulated, simulator_port) | seed.PLACES


def simulated_places(providers: Iterable[str], port: int) -> dict[str, str]:
    """Where a simulator on this port answers for them, as a function's environment says it."""
    return {f"{name.upper()}_BASE_URL": f"http://127.0.0.1:{port}/{name}" for name in providers}


def _own_key(state: Path) -> str:
    """The key of an earlier run, or a new one."""
    file = state / "key"
    kept = file.read_text(errors="replace").strip() if file.exists() else ""
    if kept:
        return kept
    fresh = state / "key.new"  # whole or not at all
    fresh.touch(mode=0o600)
    fresh.write_text(keys.mint("test"))
    fresh.replace(file)
    return file.read_text()


def _greeting(listener: socket.socket, environ: Mapping[str, str], key: str, provider_keys: Mapping[str, str]) -> str:
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    shown = "$OPENMIND_API_KEY" if environ.get("OPENMIND_API_KEY") else key
    simulated = [name for name, provider_key in provider_keys.items() if provider_key == SIMULATED_KEY]
    return (
        f"ready: {url} (simulated, for want of a key: {', '.join(simulated) or 'none'})\n"
        f"key: {shown}\n"
        f"login: `make dev-token` prints a token for the account API\n\n"
        f"curl {url}/api/core/openai/chat/completions \\\n"
        f'  -H "Authorization: Bearer {shown}" \\\n'
        f"  -H 'Content-Type: application/json' \\\n"
        f"""  -d '{{"model": "gpt-4o-mini", "messages": [{{"role": "user", "content": "Hello!"}}]}}'\n"""
    )


def _serve(app: App, listener: socket.socket, greeting: str) -> None:
    config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off", timeout_graceful_shutdown=3)
    server = _Announcing(config, greeting)
    server.run([listener])


class _Announcing(uvicorn.Server):
    """Says that it is ready once it is."""

    def __init__(self, config: uvicorn.Config, greeting: str) -> None:
        super().__init__(config)
        self._greeting = greeting

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        sys.stdout.write(self._greeting)
        sys.stdout.flush()
