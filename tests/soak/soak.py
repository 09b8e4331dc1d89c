"""A soak: mixed load on the whole gateway, with a provider that misbehaves, until the time is over and all is quiet."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from itertools import count
from pathlib import Path

import httpx

from openmind_llm.bootstrap import ledgers
from openmind_llm.domain.ledger.ledger import Ledger
from openmind_llm.errors import GatewayError
from openmind_llm.settings import Settings
from tests import canaries
from tests.soak import stack, watch
from tests.soak.books import Reader
from tests.soak.clients import Client, End, Told
from tests.soak.evidence import Evidence
from tests.soak.provider import Provider
from tests.soak.watch import KEPT_WHEN_IDLE, Samples, State
from tests.soak.wishes import CALLERS, Wish, wish

AT_ONCE = 16
"""Requests under way: enough to keep two cores busy, and few enough for the gateway to stay responsive."""

SWEEP_EVERY_S = 10


def run(seconds: float, seed: int, folder: Path) -> Evidence:
    """Logs are left in the folder."""
    with stack.filled(folder) as environment:
        return asyncio.run(_run(seconds, seed, folder, environment))


async def _run(seconds: float, seed: int, folder: Path, environment: dict[str, str]) -> Evidence:
    settings = Settings.from_env(environment)
    async with Provider(seed) as provider:
        with stack.served(environment, provider.port, folder) as gateway:
            async with _http(gateway.url) as http:
                soak = Soak(http, provider, settings, seed)
                return await soak.run(seconds)


def _http(url: str) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=AT_ONCE)
    return httpx.AsyncClient(base_url=url, timeout=None, limits=limits, trust_env=False)  # noqa: S113 - see Client


class Soak:
    """Of one gateway."""

    def __init__(self, http: httpx.AsyncClient, provider: Provider, settings: Settings, seed: int) -> None:
        self._http = http
        self._provider = provider
        self._settings = settings
        self._seed = seed
        self._books = Reader(settings)
        self._client = Client(http, longest_s=float(stack.TIMES["UPSTREAM_TIMEOUT_S"]))
        self._told: list[Told] = []

    async def run(self, seconds: float) -> Evidence:
        await self._ask_plainly()
        before, samples = await watch.look(self._http), Samples(seconds)
        self._provider.is_faulty = True
        async with self._watched(samples):
            await self._load(seconds)
        self._provider.is_faulty = False
        ledger = ledgers.ledger(self._settings)
        after = await watch.quiet(lambda: self._looked(ledger), lambda state: self._is_quiet(before, state))
        return Evidence(
            seed=self._seed,
            seconds=seconds,
            told=self._told,
            calls=self._provider.calls,
            injected=self._provider.injected,
            before=before,
            after=after,
            samples=samples,
            provider_port=self._provider.port,
            books=await asyncio.to_thread(self._books.read),
            leaks=canaries.leaks + after.leaks,
        )

    async def _load(self, seconds: float) -> None:
        numbers, ends_at = count(1), time.monotonic() + seconds

        async def ask_on() -> None:
            while time.monotonic() < ends_at:
                self._told.append(await self._client.ask(wish(self._seed, next(numbers))))

        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(ask_on())

    @asynccontextmanager
    async def _watched(self, samples: Samples) -> AsyncIterator[None]:
        """While it is under load: memory is measured, and what a schedule does is done."""
        tasks = [
            asyncio.create_task(watch.sample(self._http, samples)),
            asyncio.create_task(self._sweep_on(ledgers.ledger(self._settings))),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def _sweep_on(self, ledger: Ledger) -> None:
        while True:
            await asyncio.sleep(SWEEP_EVERY_S)
            await self._sweep(ledger)

    async def _sweep(self, ledger: Ledger) -> None:
        with suppress(GatewayError):
            await asyncio.to_thread(ledger.sweep)

    async def _ask_plainly(self) -> None:
        plain = replace(_plain(), number=-len(self._told), marker=f"marker {self._seed}, plain.")
        self._told.append(await self._client.ask(plain))

    async def _looked(self, ledger: Ledger) -> State:
        """After a plain request: the gateway's pool looks after its connections only when one is wanted."""
        await self._ask_plainly()
        await self._sweep(ledger)
        return await watch.look(self._http)

    async def _is_quiet(self, before: State, state: State) -> bool:
        return (
            self._told[-1].end is End.WHOLE
            and not state.tasks_beyond(before)
            and state.connections(self._provider.port) <= (KEPT_WHEN_IDLE, 0)
            and not await asyncio.to_thread(self._books.open_holds)
        )


def _plain() -> Wish:
    """Of a caller that never lacks anything, to a provider that answers."""
    return Wish(0, "", CALLERS[0], "openai", False, False, None, None, None, "", "")
