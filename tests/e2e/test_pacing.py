"""Chunks arrive one by one, at every client, through `make dev` and through the function URL.

The provider makes a chunk every 50 ms, and only after the client has got the one before: no clock decides. What the
gateway adds is printed, for whoever wants to know it (`pytest -rP`).
"""

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openai
import pytest

from tests import canaries
from tests.doors import ROOT, Door, HttpDoor
from tests.e2e import test_dev
from tests.e2e.conftest import PROVIDERS
from tests.e2e.documented import CLIENTS
from tests.e2e.streaming import TIMEOUT_S, asked
from tests.fake_upstream import DONE, FakeUpstream, Stream, chunk, event

CHUNKS = 20
PACE_S = 0.05
WORDS = [f"word{number} " for number in range(CHUNKS)]
ASK: Any = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello!"}], "stream": True}


class Pacer:
    """The provider's side of one stream; the client says `got` for each chunk."""

    def __init__(self) -> None:
        self._sent: list[float] = []
        self._got: list[float] = []
        self._free = threading.Semaphore(0)
        self.words: list[str] = []

    def pieces(self) -> Iterator[bytes]:
        for word in WORDS:
            self._sent.append(time.monotonic())
            yield event(chunk({"content": word}))
            assert self._free.acquire(timeout=TIMEOUT_S), "the client did not get a chunk before the next was made"
            time.sleep(PACE_S)
        yield from (event(chunk(finish_reason="stop")), DONE)

    def got(self, word: str | None) -> None:
        if word:
            self._got.append(time.monotonic())
            self.words.append(word)
            self._free.release()

    def report(self, name: str) -> None:
        added = [got - sent for sent, got in zip(self._sent, self._got, strict=True)]
        first, largest = added[0] * 1000, max(added[1:]) * 1000
        print(f"{name}: first chunk after {first:.1f} ms, at most {largest:.1f} ms later than sent")  # noqa: T201


@dataclass(frozen=True)
class Place:
    """Where a client sends its requests."""

    name: str
    door: HttpDoor
    key: str

    @property
    def base_url(self) -> str:
        return f"{self.door.url}/api/core/openai"


@pytest.fixture(scope="module")
def _dev(fake_upstream: FakeUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """`make dev` with the fake provider as OpenAI."""
    environ = {
        "OPENAI_API_KEY": canaries.PROVIDER_KEY,
        "OPENAI_BASE_URL": f"{fake_upstream.url}/{PROVIDERS[0]}",
        "OPENMIND_API_KEY": canaries.API_KEY,
    }
    with test_dev.running(tmp_path_factory.mktemp("dev"), **environ) as dev:
        yield Place("make dev", HttpDoor(int(dev.url.rpartition(":")[2])), canaries.API_KEY)


@pytest.fixture(params=["make_dev", "function_url"])
def place(request: pytest.FixtureRequest, _dev: Place, doors: dict[str, Door]) -> Place:
    streaming = doors["function_url"]
    assert isinstance(streaming, HttpDoor)
    return {"make_dev": _dev, "function_url": Place("function URL", streaming, canaries.API_KEY)}[request.param]


@pytest.fixture
def pacer(upstream: FakeUpstream) -> Pacer:
    pacer = Pacer()
    upstream.answer = lambda _: Stream(pacer.pieces())
    return pacer


@pytest.fixture(scope="session")
def openai_1(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the openai SDK that robots pin."""
    folder: Path = tmp_path_factory.mktemp("openai-1")
    install = f"{ROOT}/.uv/bin/uv pip install --quiet --python {sys.executable} --target {folder} --require-hashes"
    command = [*install.split(), "--requirement", str(CLIENTS / "openai-1.txt")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def raw_socket(place: Place, pacer: Pacer) -> None:
    with asked(place.door, **ASK) as answer:
        for data in answer.events():
            if data != b"[DONE]":
                pacer.got(_word(data))


def _word(data: bytes) -> str | None:
    found = data.partition(b'"content": "')[2].partition(b'"')[0].decode()
    return found or None


def sdk(place: Place, pacer: Pacer) -> None:
    with openai.OpenAI(base_url=place.base_url, api_key=place.key) as client:
        for one in client.chat.completions.create(**ASK):
            pacer.got(one.choices[0].delta.content)


def async_sdk(place: Place, pacer: Pacer) -> None:
    async def stream() -> None:
        async with openai.AsyncOpenAI(base_url=place.base_url, api_key=place.key) as client:
            async for one in await client.chat.completions.create(**ASK):
                pacer.got(one.choices[0].delta.content)

    asyncio.run(stream())


@pytest.mark.parametrize("client", [raw_socket, sdk, async_sdk])
def test_chunks_arrive_one_by_one(place: Place, pacer: Pacer, client: Callable[[Place, Pacer], None]) -> None:
    client(place, pacer)

    assert pacer.words == WORDS
    pacer.report(f"{place.name}, {client.__name__}")


@pytest.mark.parametrize("way", ["sync", "async"])
def test_chunks_arrive_one_by_one_at_the_sdk_of_the_field(
    place: Place, pacer: Pacer, openai_1: Path, tmp_path: Path, way: str
) -> None:
    program = tmp_path / "client.py"
    program.write_text((CLIENTS / "stream_openai_1.py.txt").read_text())
    environment = {"PYTHONPATH": str(openai_1), "BASE_URL": place.base_url, "OPENMIND_API_KEY": place.key}

    with subprocess.Popen([sys.executable, program, way], env=environment, stdout=subprocess.PIPE, text=True) as run:
        for line in run.stdout or ():
            pacer.got(line.removesuffix("\n") if line != "None\n" else None)

    assert run.returncode == 0
    assert pacer.words == WORDS
    pacer.report(f"{place.name}, openai 1.x {way}")
