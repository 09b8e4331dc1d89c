"""What a gateway is to the bench: a running program that requests can be sent through."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tests.benchmarks import client
from tests.benchmarks.client import Target
from tests.benchmarks.outcome import Outcome
from tests.benchmarks.processes import Program
from tests.benchmarks.runtime_api import RuntimeApi


@dataclass(frozen=True, slots=True)
class Case:
    """A kind of load: `times` requests in a round, fewer through a gateway that is slower by far."""

    name: str
    title: str
    stream: bool
    connections: int
    times: int


CASES = (
    Case("whole_1", "buffered, 1 connection", stream=False, connections=1, times=300),
    Case("whole_16", "buffered, 16 connections", stream=False, connections=16, times=480),
    Case("stream_1", "streamed, 1 connection", stream=True, connections=1, times=40),
)


class Door(Protocol):
    """A started gateway."""

    @property
    def program(self) -> Program: ...

    async def send(self, *, times: int, connections: int, stream: bool, size: int = 0) -> list[Outcome]: ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where a gateway finds things: the canned upstream's port, and a folder for its logs and files."""

    upstream: int
    folder: Path

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.upstream}/v1"


@dataclass(frozen=True, slots=True)
class Gateway:
    """How one is started. `share` of a case's requests are sent in a round; `connections` it can have at most.

    `note` stands in the tables; `never` names cases that it is known to fail.
    """

    name: str
    title: str
    start: Callable[[Place], AbstractAsyncContextManager[Door]]
    share: float = 1.0
    connections: int = 10**6
    note: str = ""
    version: Callable[[], str] = field(default=str)

    @property
    def label(self) -> str:
        return f"{self.title}, {self.note}" if self.note else self.title

    def takes(self, case: Case) -> bool:
        return case.connections <= self.connections

    def times(self, case: Case) -> int:
        return max(case.connections, round(case.times * self.share))


@dataclass(frozen=True, slots=True)
class Listening:
    """A door that is an address."""

    program: Program
    target: Target

    async def send(self, *, times: int, connections: int, stream: bool, size: int = 0) -> list[Outcome]:
        return await client.load(self.target, times=times, connections=connections, stream=stream, size=size)


@dataclass(frozen=True, slots=True)
class Environment:
    """A door that is a function's environment: events are handed to it, and it has done when it asks for the next."""

    program: Program
    api: RuntimeApi
    event: Callable[[bool, int], bytes]

    async def send(self, *, times: int, connections: int, stream: bool, size: int = 0) -> list[Outcome]:
        assert connections == 1
        event = self.event(stream, size)
        outcomes = [await self.api.ask(event, stream=stream) for _ in range(times)]
        await self.api.idle()
        return outcomes
