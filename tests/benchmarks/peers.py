"""The other gateways: what is installed of them, and how each is run with one worker. `make bench-peers` installs."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from tests.benchmarks import canned, processes
from tests.benchmarks.client import Target
from tests.benchmarks.gateways import Gateway, Listening, Place
from tests.benchmarks.peers_files import LITELLM, NGINX, TENSORZERO, TENSORZERO_PROGRAM
from tests.processes import free_port

ROOT = Path(__file__).parents[2]
HOME = ROOT / ".bench"
KEY = "sk-of-the-canned-upstream"
PORTKEY = HOME / "portkey" / "node_modules" / "@portkey-ai" / "gateway"


def installed() -> list[Gateway]:
    known = [
        (HOME / "tensorzero" / "bin" / "python", Gateway("tensorzero", "TensorZero", _tensorzero, version=_tz_version)),
        (PORTKEY, Gateway("portkey", "Portkey", _portkey, version=_portkey_version)),
        (HOME / "litellm" / "bin" / "litellm", Gateway("litellm", "LiteLLM", litellm, share=0.2, version=_ll_version)),
        (_nginx_program(), Gateway("nginx", "nginx (the limit)", _nginx, version=_nginx_version)),
    ]
    return [gateway for place, gateway in known if place is not None and place.exists()]


@asynccontextmanager
async def litellm(place: Place) -> AsyncIterator[Listening]:
    port = free_port()
    settings = place.folder / "litellm.yaml"
    settings.write_text(LITELLM.format(base_url=place.base_url, key=KEY, model=canned.MODEL))
    served = ("--host", "127.0.0.1", "--port", str(port), "--num_workers", "1")
    program_file = HOME / "litellm" / "bin" / "litellm"
    told = _environment() | {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR", "NO_DOCS": "True"}
    async with _running("litellm", [program_file, "--config", settings, *served], told, place, port) as program:
        yield Listening(program, Target(port, "/v1/chat/completions", {"authorization": f"Bearer {KEY}"}))


@asynccontextmanager
async def _portkey(place: Place) -> AsyncIterator[Listening]:
    port = free_port()
    command: list[str | Path] = ["node", PORTKEY / "build" / "start-server.js", f"--port={port}", "--headless"]
    told = _environment() | {"TRUSTED_CUSTOM_HOSTS": "127.0.0.1", "NODE_ENV": "production"}
    headers = {
        "authorization": f"Bearer {KEY}",
        "x-portkey-provider": "openai",
        "x-portkey-custom-host": place.base_url,
    }
    async with _running("portkey", command, told, place, port) as program:
        yield Listening(program, Target(port, "/v1/chat/completions", headers))


@asynccontextmanager
async def _tensorzero(place: Place) -> AsyncIterator[Listening]:
    """It chooses its port itself, and prints it."""
    settings, program_file = place.folder / "tensorzero.toml", place.folder / "tensorzero_gateway.py"
    settings.write_text(TENSORZERO.format(base_url=place.base_url, model=canned.MODEL))
    program_file.write_text(TENSORZERO_PROGRAM)
    told = place.folder / "tensorzero.port"
    command = [HOME / "tensorzero" / "bin" / "python", program_file, settings, told]
    async with _running("tensorzero", command, _environment(), place, None) as program:
        port = await processes.told_port(program, told)
        yield Listening(program, Target(port, "/openai/v1/chat/completions", {}, "tensorzero::model_name::bench"))


@asynccontextmanager
async def _nginx(place: Place) -> AsyncIterator[Listening]:
    port, settings = free_port(), place.folder / "nginx.conf"
    settings.write_text(NGINX.format(folder=place.folder, port=port, upstream=place.upstream))
    command = [_nginx_program() or "nginx", "-e", place.folder / "nginx-errors.log", "-c", settings]
    async with _running("nginx", command, _environment(), place, port) as program:
        yield Listening(program, Target(port, "/v1/chat/completions", {"authorization": f"Bearer {KEY}"}))


def _running(
    name: str, command: Sequence[str | Path], environment: dict[str, str], place: Place, port: int | None
) -> AbstractAsyncContextManager[processes.Program]:
    log = place.folder / f"{name}.log"
    return processes.running(command, environment=environment, cwd=place.folder, log=log, port=port)


def _environment() -> dict[str, str]:
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}


def _nginx_program() -> Path | None:
    found = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    return Path(found) if found else None


def _ll_version() -> str:
    return _of_environment("litellm")


def _tz_version() -> str:
    return _of_environment("tensorzero")


def _of_environment(package: str) -> str:
    found = next((HOME / package).glob(f"lib/python*/site-packages/{package}-*.dist-info"), None)
    return found.name.removeprefix(f"{package}-").removesuffix(".dist-info") if found else "?"


def _portkey_version() -> str:
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout.strip()
    return f"{json.loads((PORTKEY / 'package.json').read_text())['version']} (node {node})"


def _nginx_version() -> str:
    said = subprocess.run([str(_nginx_program()), "-v"], capture_output=True, text=True, check=False).stderr
    found = re.search(r"nginx/(\S+)", said)
    return found[1] if found else "?"
