"""Providers that fail as the test says, one after the other, and a clock that only waiting moves."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from openmind_llm.domain.attempts import table
from openmind_llm.domain.attempts.attempts import Attempts
from openmind_llm.domain.attempts.budget import Budget
from openmind_llm.domain.attempts.course import Course
from openmind_llm.domain.attempts.keyring import Keyring
from openmind_llm.domain.attempts.target import Patience, Target
from openmind_llm.domain.catalogue import Route
from openmind_llm.errors import GatewayError, InvalidRequestError, ProviderNotConfiguredError, RateLimitError
from openmind_llm.providers import table as catalogue
from tests.fakes import FakeClock, FakeProviderKeys

CATALOGUE = catalogue.load()
START = 1000.0


def route(name: str = "openai/gpt-4o") -> Route:
    provider, _, model = name.partition("/")
    return CATALOGUE.resolve(provider, model, "2026-11-26")


ASKED, SECOND, THIRD = route(), route("xai/grok-4"), route("deepseek/deepseek-chat")


def failure(means: str, wait_s: int | None = None) -> GatewayError:
    kinds: dict[str, GatewayError] = {
        "input": InvalidRequestError("no"),
        "rate": RateLimitError("slow down", retry_after_s=wait_s or 2),
        "provider_key": ProviderNotConfiguredError("refused"),
        "provider_credit": ProviderNotConfiguredError("nobody pays"),
    }
    error = kinds.get(means) or table.unavailable("openai", means, wait_s)
    error.means, error.told_wait_s = means, wait_s
    return error


@dataclass(frozen=True)
class Call:
    """One that was made, at a second after the start."""

    route: Route
    key_id: str
    at: float
    patience: Patience


@dataclass
class FakeHealth:
    """See domain.attempts.health.Health. `closed` names keys, each with when it opens; `looking` is done by a look."""

    closed: dict[str, float] = field(default_factory=dict)
    told: list[tuple[str, ...]] = field(default_factory=list)
    looking: Callable[[], None] | None = None

    def is_well(self, _: str) -> bool:
        return not self.closed and self.looking is None

    def opens_at(self, target: Target, _: float) -> float:
        if self.looking is not None:
            self.looking()
        return self.closed.get(target.key.key_id, 0)

    def answered(self, target: Target, first_s: float | None, _: str) -> Callable[[], object]:
        told = "answered", target.key.key_id, "whole" if first_s is None else "stream"
        return lambda: self.told.append(told)

    def failed(self, target: Target, means: str, patience: Patience, account_id: str) -> None:
        self.told.append(("failed", target.key.key_id, means, account_id))

    def set_aside(self, target: Target, means: str, for_s: int) -> None:
        self.told.append(("set aside", target.key.key_id, means, str(for_s)))

    def told_nothing(self, target: Target) -> None:
        self.told.append(("nothing", target.key.key_id))


class Tried:
    """One request. `failures` are those of its calls in their order; None, or one call more, is an answer.

    A call takes `takes_s`, unless its patience is shorter: then it times out.
    """

    def __init__(
        self,
        failures: Iterable[GatewayError | None],
        routes: tuple[Route, ...] = (ASKED,),
        keys: int = 1,
        attempts: int = 4,
        deadline_s: float = 60,
        takes_s: float = 0.0,
        health: FakeHealth | None = None,
        *,
        is_stream: bool = False,
    ) -> None:
        self.calls: list[Call] = []
        self.slept: list[float] = []
        self.health = health or FakeHealth()
        self.clock = FakeClock()
        self.clock.now = START
        self.takes_s = takes_s
        self.error: GatewayError | None = None
        self.course = Course(routes, Budget(START + deadline_s, attempts), is_stream=is_stream)
        self._failures = deque(failures)
        provider_keys = FakeProviderKeys(*(f"sk-{number}" for number in range(keys)))
        self.keyring = Keyring(lambda: 0.5)
        self._attempts = Attempts(provider_keys, self.health, self.keyring, self.clock, self._sleep, first_s=30)
        self.answer = asyncio.run(self._run())

    @property
    def models(self) -> list[str]:
        return [call.route.provider.name for call in self.calls]

    @property
    def keys(self) -> list[str]:
        return [call.key_id for call in self.calls]

    async def _run(self) -> str | None:
        try:
            async with AsyncExitStack() as stack:
                return await self._attempts.answer(self.course, self._ask, stack, "account-1")
        except GatewayError as error:
            self.error = error
            return None

    async def _ask(self, target: Target, patience: Patience) -> str:
        self.calls.append(Call(target.route, target.key.key_id, self.clock.now - START, patience))
        if self.takes_s > patience.total_s:
            self.clock.now += patience.total_s
            raise failure("timeout")
        self.clock.now += self.takes_s
        failed = self._failures.popleft() if self._failures else None
        if failed is not None:
            raise failed
        return "answer"

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.now += seconds
