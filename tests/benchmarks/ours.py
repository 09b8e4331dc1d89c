"""The doors of this gateway: the stream function under its own runtime, and uvicorn."""

import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from dev import seed
from openmind_llm.domain import keys
from tests.benchmarks import canned, processes, runtime_api
from tests.benchmarks.client import Target
from tests.benchmarks.gateways import Environment, Gateway, Listening, Place
from tests.processes import free_port

ROOT = Path(__file__).parents[2]
EVENT = ROOT / "events" / "stream_url_chat.json"
PATH = "/api/core/openai/chat/completions"
PROVIDER_KEY = "sk-of-the-canned-upstream"
KEY = keys.mint("test")
BENCH = ROOT / "tests" / "benchmarks"
FUNCTION = ROOT / "functions" / "stream"
LIKE_FOR_LIKE = BENCH / "apps" / "stream"


def gateways(aws: Mapping[str, str]) -> list[Gateway]:
    """`aws` is what makes a client talk to the emulator; see seed.fill for what has to be there."""
    kinds = (("", FUNCTION, "", "everything on"), ("_lfl", LIKE_FOR_LIKE, "like-for-like", "like for like"))
    functions = [
        Gateway(f"stream{suffix}", "stream function", partial(function, aws, root), note=note, connections=1)
        for suffix, root, _, note in kinds
    ]
    servers = [
        Gateway(f"uvicorn{suffix}", "uvicorn", partial(_uvicorn, aws, composition), note=note, share=0.5)
        for suffix, _, composition, note in kinds
    ]
    return functions + servers


def environment(aws: Mapping[str, str], base_url: str) -> dict[str, str]:
    """Of a function, and nothing of ours beside it."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, **aws, **seed.PLACES, "OPENAI_BASE_URL": base_url, "POWERTOOLS_SERVICE_NAME": "stream"}


@asynccontextmanager
async def function(
    aws: Mapping[str, str], root: Path, place: Place, variables: Mapping[str, str] | None = None, *, key: str = KEY
) -> AsyncIterator[Environment]:
    """Given once it asks for its first event. Started as the layer's wrapper starts it on Lambda."""
    async with runtime_api.listening() as api:
        own = {
            "PYTHON": sys.executable,
            "LAMBDA_TASK_ROOT": str(root),
            "_HANDLER": "handler.app",
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.port}",
            "AWS_LAMBDA_FUNCTION_NAME": "stream",
        }
        told = environment(aws, place.base_url) | own | dict(variables or {})
        wrapper = [ROOT / "layers" / "core" / "openmind-llm-runtime"]
        log = place.folder / f"{root.parent.name}-{root.name}.log"
        async with processes.running(wrapper, environment=told, cwd=ROOT, log=log) as program:
            await processes.awaited(program, api.idle())
            yield Environment(program, api, event(key))


def event(key: str) -> Callable[[bool, int], bytes]:
    """Makes an event of the function's URL, as events/ has it, with another body and key."""
    template = json.loads(EVENT.read_text())
    template["headers"]["authorization"] = f"Bearer {key}"

    def made(stream: bool, size: int) -> bytes:
        return json.dumps(template | {"body": canned.question(stream=stream, size=size).decode()}).encode()

    return made


@asynccontextmanager
async def _uvicorn(aws: Mapping[str, str], composition: str, place: Place) -> AsyncIterator[Listening]:
    port = free_port()
    command = [sys.executable, "-m", "tests.benchmarks.apps.serve", str(port), *filter(None, [composition])]
    log = place.folder / f"uvicorn-{composition}.log"
    told = environment(aws, place.base_url)
    async with processes.running(command, environment=told, cwd=ROOT, log=log, port=port) as program:
        yield Listening(program, Target(port, PATH, {"authorization": f"Bearer {KEY}"}))
