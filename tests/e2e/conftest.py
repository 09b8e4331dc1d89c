"""The whole gateway behind each of its doors, over an emulated AWS and a fake provider."""

import importlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
import schemathesis
from mangum import Mangum

from dev import seed
from dev.emulator import Emulator
from openmind_llm import plans
from openmind_llm.api.asgi import App
from openmind_llm.bootstrap import application
from openmind_llm.settings import Settings
from tests import canaries, function_url, processes
from tests.doors import Answer, ApiGatewayDoor, Door, Headers, HttpDoor, UvicornDoor
from tests.e2e import documented
from tests.fake_upstream import FakeUpstream
from tests.function_url import FunctionUrlDoor

PROVIDERS = ("openai", "deepseek", "gemini", "xai", "nearai", "openrouter")
ACCOUNT = "acct_example"
"""The one that the recorded events name; it may send as much as it likes."""

CAP = plans.load().get("unlimited").output_tokens
"""Tokens of an answer, where the request names no cap: gpt-4o's own is the same."""

JSON = {"content-type": "application/json"}
BEARER = {"authorization": f"Bearer {canaries.API_KEY}"}

type Ask = Callable[..., Answer]


@pytest.fixture(scope="session")
def fake_upstream() -> Iterator[FakeUpstream]:
    with FakeUpstream() as upstream:
        yield upstream


@pytest.fixture
def upstream(fake_upstream: FakeUpstream) -> FakeUpstream:
    fake_upstream.reset()
    return fake_upstream


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, fake_upstream: FakeUpstream) -> Iterator[dict[str, str]]:
    """An emulated stack, seeded; gives the environment that its functions see."""
    log: Path = tmp_path_factory.mktemp("emulator") / "log"
    with Emulator(processes.free_port(), log) as emulator, pytest.MonkeyPatch.context() as environment:
        for name, value in (emulator.client_environment() | _function_environment(fake_upstream)).items():
            environment.setenv(name, value)
        seed.fill(dict.fromkeys(PROVIDERS, canaries.PROVIDER_KEY))
        secrets = boto3.client("secretsmanager")
        seed.create_secret(secrets, "no-provider-keys", json.dumps({}), replace=True)
        seed.seed_key(canaries.API_KEY, "unlimited", ACCOUNT)
        yield dict(os.environ)


def _function_environment(upstream: FakeUpstream) -> dict[str, str]:
    base_urls = {f"{name.upper()}_BASE_URL": f"{upstream.url}/{name}" for name in PROVIDERS}
    return (
        base_urls
        | seed.PLACES
        | {
            "UPSTREAM_TIMEOUT_S": "5",
            "FIRST_CHUNK_TIMEOUT_S": "2",
            "IDLE_TIMEOUT_S": "1.5",
            "DRAIN_TIMEOUT_S": "0.5",
            "KEEP_ALIVE_S": "0.3",
            "BREAKER_FAILURES": "0",  # what one test injects is not to be held against the next
            "POWERTOOLS_SERVICE_NAME": "openmind-llm",
            "POWERTOOLS_TRACE_DISABLED": "true",
        }
    )


@pytest.fixture(scope="session")
def doors(stack: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Door]]:
    auth = importlib.import_module("functions.auth.handler")
    route = importlib.import_module("functions.route.handler")
    with (
        UvicornDoor(application.create(Settings.from_env(stack))) as uvicorn,
        _function_url(stack, tmp_path_factory.mktemp("function-url")) as streaming,
    ):
        yield {
            "uvicorn": uvicorn,
            "mangum": ApiGatewayDoor(auth.handler, route.handler, route.loop),
            "api_gateway": ApiGatewayDoor(auth.handler, route.handler, route.loop, streaming.invoke),
            "function_url": streaming,
        }
    route.loop.close()


@contextmanager
def _function_url(environment: dict[str, str], folder: Path) -> Iterator[FunctionUrlDoor]:
    with function_url.emulator(folder) as emulator, function_url.runtime(emulator, environment, folder):
        yield FunctionUrlDoor(emulator)


@pytest.fixture(scope="session")
def _keyless_doors(stack: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Door]]:
    """The same doors to a gateway whose operator has configured no provider key."""

    environment = stack | {"PROVIDER_KEYS_SECRET": "no-provider-keys"}

    def app() -> App:
        return application.create(Settings.from_env(environment))

    auth = importlib.import_module("functions.auth.handler")
    route = importlib.import_module("functions.route.handler")
    with (
        UvicornDoor(app()) as uvicorn,
        _function_url(environment, tmp_path_factory.mktemp("function-url")) as streaming,
    ):
        yield {
            "uvicorn": uvicorn,
            "mangum": ApiGatewayDoor(auth.handler, (managed := Mangum(app(), lifespan="off")), route.loop),
            "api_gateway": ApiGatewayDoor(auth.handler, managed, route.loop, streaming.invoke),
            "function_url": streaming,
        }


@pytest.fixture(params=["uvicorn", "mangum", "api_gateway", "function_url"])
def door_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def door(doors: dict[str, Door], door_name: str) -> Door:
    return doors[door_name]


@pytest.fixture
def keyless_door(_keyless_doors: dict[str, Door], door_name: str) -> Door:
    return _keyless_doors[door_name]


@pytest.fixture(params=["uvicorn", "function_url"])
def stream_door(request: pytest.FixtureRequest, doors: dict[str, Door]) -> HttpDoor:
    """The doors that do not collect an answer before they hand it on."""
    streaming = doors[request.param]
    assert isinstance(streaming, HttpDoor)
    return streaming


@pytest.fixture
def server_url(doors: dict[str, Door]) -> str:
    """The address of the uvicorn door, for clients that bring their own HTTP."""
    uvicorn = doors["uvicorn"]
    assert isinstance(uvicorn, UvicornDoor)
    return uvicorn.url


@pytest.fixture
def served_schema(server_url: str, fake_upstream: FakeUpstream) -> schemathesis.schemas.BaseSchema:
    fake_upstream.reset()
    return schemathesis.openapi.from_url(f"{server_url}/openapi.json")


@pytest.fixture(scope="session")
def node_packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the packages of the documented Node client."""
    folder: Path = tmp_path_factory.mktemp("node")
    documented.install_node_packages(folder)
    return folder


@pytest.fixture
def ask(door: Door, upstream: FakeUpstream) -> Ask:
    """Sends a completion request with a good key; `upstream` is fresh."""
    return asker(door)


def asker(door: Door) -> Ask:
    def send(provider: str = "openai", headers: Headers | None = None, raw: bytes | None = None, **body: Any) -> Answer:
        content = json.dumps(chat(**body)).encode() if raw is None else raw
        path = f"/api/core/{provider}/chat/completions"
        return door.request("POST", path, BEARER | JSON | (headers or {}), content)

    return send


def chat(**changes: Any) -> dict[str, Any]:
    """A plain good request body, with fields replaced by `changes`."""
    return {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello!"}]} | changes
