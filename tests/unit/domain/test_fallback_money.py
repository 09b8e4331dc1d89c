"""What a request holds and pays that another model answers than the one that was asked for."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest

from openmind_llm.domain.answers import Answer
from openmind_llm.domain.attempts import table
from openmind_llm.domain.attempts.attempts import Attempts
from openmind_llm.domain.attempts.health import Unwatched
from openmind_llm.domain.attempts.keyring import Keyring
from openmind_llm.domain.attempts.target import Patience, Target
from openmind_llm.domain.catalogue import Catalogue, ImageTokens
from openmind_llm.domain.completions import Call, Completions, Times
from openmind_llm.domain.ledger.rows import Entry
from openmind_llm.domain.requests import ChatRequest
from openmind_llm.errors import GatewayError
from tests.fake_upstream import completion
from tests.fakes import FakeProviderKeys, FakeUpstreamPort, Fixed, no_sleep
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
    """By the fallback of `asked`, or by nobody."""

    def __init__(
        self,
        shop: Catalogue,
        asked: str,
        fallback: str | None,
        provider: str = "acme",
        port: FirstIsDown | None = None,
        sleep: Callable[[float], Awaitable[None]] = no_sleep,
        **fields: Any,
    ) -> None:
        self.store: MemoryLedgerStore = open_store()
        self.port = port or FirstIsDown(asked)
        raw = json.dumps({"model": asked, "messages": [USER]} | fields).encode()
        clock = lambda: 1000.9  # noqa: E731
        asking = Attempts(FakeProviderKeys("sk-1"), Unwatched(), Keyring(lambda: 0.5), clock, sleep)
        self._completions = Completions(
            Fixed(shop), self.port, asking, ledger(self.store, PLANS, clock), clock, Times(drain_s=1)
        )
        self._call = Call(CALLER, provider, raw, "request-1", fallback=fallback)
        self.headers: dict[str, str] = {}
        with suppress(GatewayError, asyncio.CancelledError):
            self.headers = asyncio.run(self._ask())

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


class Failing(FirstIsDown):
    """The first as `error` says, the others as `then` does."""

    def __init__(self, error: BaseException, then: BaseException | None = None) -> None:
        super().__init__("")
        self._errors = [error, then or error]

    async def complete(self, target: Target, request: ChatRequest, patience: Patience) -> Answer:
        await super().complete(target, request, patience)
        raise self._errors[min(len(self.asked), 2) - 1]


def timed_out() -> GatewayError:
    return table.unavailable("acme", "timeout")


LOW = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": "low"}}


def test_a_question_that_may_have_been_billed_costs_no_more_than_is_held() -> None:
    messages = [{"role": "user", "content": [LOW] * 20}]

    entry = Answered(CATALOGUE, "gpt-4o", None, "openai", Failing(timed_out()), messages=messages, max_tokens=1).entry

    assert (entry.outcome, entry.charge > 0) == ("unanswered", True)
    assert entry.bill.charge <= entry.hold.amount


def test_a_question_to_a_fallback_costs_no_more_than_is_held_for_it() -> None:
    messages, port = [{"role": "user", "content": [LOW] * 4}], Failing(table.unavailable("acme", "model"), timed_out())
    shop = catalogue(row("cheap"), row("dear", "other", prices=(price(100),), image_tokens=ImageTokens(10, 10)))

    entry = Answered(shop, "cheap", "other/dear", port=port, messages=messages, max_tokens=1).entry

    assert (entry.outcome, entry.hold.model) == ("unanswered", "dear")
    assert entry.bill.charge <= entry.hold.amount


def test_who_is_stopped_in_a_call_after_one_that_may_have_been_billed_pays_as_if_it_had_been_answered() -> None:
    entry = Answered(SMALL_AND_LARGE, "short", "other/long", port=Failing(timed_out(), asyncio.CancelledError())).entry

    assert (entry.outcome, entry.usage.output, entry.hold.model) == ("stopped", 50, "short")


def test_who_is_stopped_between_two_calls_pays_for_the_question_alone() -> None:
    async def stop(_: float) -> None:
        raise asyncio.CancelledError

    port = Failing(table.unavailable("acme", "broken"))
    entry = Answered(SMALL_AND_LARGE, "short", None, port=port, sleep=stop).entry

    assert (entry.outcome, entry.usage.output) == ("stopped", 0)
    assert entry.charge > 0
