"""What a request holds and pays that another model answers than the one that was asked for."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from openmind_llm.domain.answers import Answer
from openmind_llm.domain.attempts import table
from openmind_llm.domain.attempts.target import Patience, Target
from openmind_llm.domain.catalogue import Catalogue
from openmind_llm.domain.completions import Call, Completions, Times
from openmind_llm.domain.ledger.rows import Entry
from openmind_llm.domain.requests import ChatRequest
from tests.fake_upstream import completion
from tests.fakes import FakeUpstreamPort, attempts
from tests.memory_ledger import MemoryLedgerStore, ledger, open_store
from tests.unit.domain.completing import CALLER, CATALOGUE, PLANS, USER
from tests.unit.domain.routing import catalogue, price, row


class FirstIsDown(FakeUpstreamPort):
    """Writes as much as it is allowed to, wherever the asked model is not meant."""

    def __init__(self, asked: str, usage: Callable[[ChatRequest], dict[str, Any]] | None = None) -> None:
        super().__init__(completion())
        self._first = asked
        self._usage = usage or _as_allowed

    async def complete(self, target: Target, request: ChatRequest, patience: Patience) -> Answer:
        answer = await super().complete(target, request, patience)
        if target.route.model.name == self._first:
            raise table.unavailable(target.route.provider.name, "model")
        return Answer(answer.body | {"usage": self._usage(request)})

    @property
    def sent(self) -> dict[str, Any]:
        """The body that the last model got."""
        return self.asked[-1][1].body


def _as_allowed(request: ChatRequest) -> dict[str, Any]:
    return {"prompt_tokens": 2, "completion_tokens": request.asked_output, "total_tokens": 0}


class Answered:
    """By the fallback of `asked`."""

    def __init__(
        self,
        shop: Catalogue,
        asked: str,
        fallback: str,
        provider: str = "acme",
        port: FirstIsDown | None = None,
        **fields: Any,
    ) -> None:
        self.store: MemoryLedgerStore = open_store()
        self.port = port or FirstIsDown(asked)
        raw = json.dumps({"model": asked, "messages": [USER]} | fields).encode()
        clock = lambda: 1000.9  # noqa: E731
        self._completions = Completions(
            shop, self.port, attempts(clock), ledger(self.store, PLANS, clock), clock, Times(drain_s=1)
        )
        self._call = Call(CALLER, provider, raw, "request-1", fallback=fallback)
        self.headers: dict[str, str] = asyncio.run(self._ask())

    @property
    def entry(self) -> Entry:
        return self.store.entries["request-1"]

    async def _ask(self) -> dict[str, str]:
        async with self._completions.open(self._call) as reply:
            await anext(reply.payloads)
            return reply.headers


SMALL_AND_LARGE = catalogue(row("short", max_output_tokens=50), row("long", "other", max_output_tokens=9_000))


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_a_fallback_may_not_write_more_than_is_held(name: str) -> None:
    fields: dict[str, Any] = {name: 5_000}

    made = Answered(SMALL_AND_LARGE, "short", "other/long", **fields)

    assert made.port.sent[name] == 50
    assert made.entry.hold.fallback_of == "acme/short"
    assert made.entry.charge <= made.entry.hold.amount


def test_a_fallback_is_not_asked_for_more_than_it_can_write() -> None:
    shop = catalogue(row("long", max_output_tokens=9_000), row("short", "other", max_output_tokens=50))

    made = Answered(shop, "long", "other/short", max_tokens=5_000)

    assert made.port.sent["max_tokens"] == 50


def test_a_cap_that_was_lowered_for_a_fallback_is_told() -> None:
    assert Answered(SMALL_AND_LARGE, "short", "other/long", max_tokens=5_000).headers["x-openmind-adjusted"] == (
        "max_tokens=50"
    )


def test_a_cap_that_fits_is_not_touched() -> None:
    made = Answered(SMALL_AND_LARGE, "short", "other/long", max_tokens=40)

    assert made.port.sent["max_tokens"] == 40
    assert "x-openmind-adjusted" not in made.headers


def test_a_fallback_that_its_prefix_admits_may_write_what_was_asked_for() -> None:
    shop = catalogue(row("long", max_output_tokens=9_000), row("short", "other", max_output_tokens=50))

    assert Answered(shop, "long", "other/short-2", max_tokens=5_000).port.sent["max_tokens"] == 5_000


def test_what_the_hold_assumes_is_what_it_was_reckoned_from() -> None:
    shop = catalogue(
        row("cheap", context_window=20_000), row("dear", "other", prices=(price(7),), context_window=90_000)
    )
    open_part = {"role": "user", "content": [{"type": "file", "file": {}}]}

    made = Answered(shop, "cheap", "other/dear", max_tokens=10, messages=[open_part])

    told = dict(one.split("=") for one in made.headers["x-openmind-hold-assumes"].split(" "))
    amount = (int(told["input"]) + int(told["output"])) * 7
    assert made.entry.hold.amount == amount


REPORTED = {"prompt_tokens": 2, "completion_tokens": 3, "total_tokens": 5, "cost": 0.25}
CLAUDE = "anthropic/claude-sonnet-4.6"


@pytest.mark.parametrize(
    ("provider", "asked", "fallback", "is_reported"),
    [("openai", "gpt-4o", f"openrouter/{CLAUDE}", True), ("openrouter", CLAUDE, "openai/gpt-4o", False)],
)
def test_a_cost_is_taken_at_the_word_of_whoever_answered(
    provider: str, asked: str, fallback: str, is_reported: bool
) -> None:
    made = Answered(CATALOGUE, asked, fallback, provider, FirstIsDown(asked, lambda _: REPORTED))

    assert (made.entry.bill.cost == 250_000, made.entry.bill.is_cost_reported) == (is_reported, is_reported)
