"""A look inside the gateway of a soak, again and again, and the wait until nothing goes on there any more."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from statistics import fmean

import httpx

from tests.soak import served

EVERY_S = 2.0
"""A look collects garbage, which stops the gateway for some 0.1 s."""

QUIET_WITHIN_S = 90.0
"""Longer than a hold whose request could not be settled waits for the sweeper."""

KEPT_WHEN_IDLE = 1
"""Connections to the provider, which closes those that it is not asked by any more: the last plain request's."""


@dataclass(frozen=True)
class State:
    """Of the gateway's process at one moment. `tasks` counts by name; `sockets`: see tests.soak.served.

    `rss` is its resident memory in bytes, `blocks` is how many pieces of memory Python has given to objects.
    """

    rss: int
    blocks: int
    tasks: Mapping[str, int]
    sockets: Mapping[str, list[int]]
    errors: Mapping[str, int]
    leaks: list[str]

    def tasks_beyond(self, other: "State") -> Counter[str]:
        return Counter(self.tasks) - Counter(other.tasks)

    def connections(self, port: int) -> tuple[int, int]:
        """To this port: how many, and how many of them the other end has closed."""
        connected, closed = self.sockets.get(str(port), (0, 0))
        return connected, closed


@dataclass
class Samples:
    """States, by the seconds since the load began."""

    seconds: float
    states: list[tuple[float, State]] = field(default_factory=list)

    @property
    def window_s(self) -> float:
        return min(60.0, self.seconds / 6)

    def first(self, what: Callable[[State], int]) -> float:
        """The average of the first minute after the one in which everything is used for the first time."""
        return self._average(what, self.window_s, 2 * self.window_s)

    def last(self, what: Callable[[State], int]) -> float:
        return self._average(what, self.seconds - self.window_s, self.seconds)

    def _average(self, what: Callable[[State], int], begin: float, end: float) -> float:
        within = [what(state) for at, state in self.states if begin <= at <= end]
        return fmean(within or [what(self.states[-1][1])])


def rss(state: State) -> int:
    return state.rss


def blocks(state: State) -> int:
    return state.blocks


async def look(http: httpx.AsyncClient) -> State:
    return State(**(await http.get(served.PATH)).raise_for_status().json())


async def sample(http: httpx.AsyncClient, samples: Samples) -> None:
    """Until it is cancelled."""
    started = time.monotonic()
    while True:
        samples.states.append((time.monotonic() - started, await look(http)))
        await asyncio.sleep(EVERY_S)


async def quiet(look: Callable[[], Awaitable[State]], is_quiet: Callable[[State], Awaitable[bool]]) -> State:
    """The first state in which nothing goes on any more, or the last one if that takes too long."""
    deadline = time.monotonic() + QUIET_WITHIN_S
    while True:
        state = await look()
        if await is_quiet(state) or time.monotonic() > deadline:
            return state
        await asyncio.sleep(EVERY_S)
