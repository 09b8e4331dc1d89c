"""Which answers are cached, and for whom."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from openmind_llm.domain import response_cache
from openmind_llm.domain.answers import Answer as Answered
from openmind_llm.domain.answers import StreamedAnswer
from openmind_llm.domain.attempts import table
from openmind_llm.domain.attempts.target import Patience, Target
from openmind_llm.domain.plans import Limits
from openmind_llm.domain.requests import ChatRequest
from openmind_llm.errors import ProviderUnavailableError, StreamBrokenError
from tests.fake_upstream import chunk, completion
from tests.fakes import FakeUpstreamPort
from tests.unit.api.caching import ask, told
from tests.unit.api.repeating import CHAT, STREAM, Client, Gateway, both, change_account, change_key

NO_HELLO = '[{"name": "greetings", "pattern": "Hello", "action": "redact", "on": "output"}]'


class OpenAiIsDown(FakeUpstreamPort):
    """What other providers say is given."""

    async def complete(self, target: Target, request: ChatRequest, patience: Patience) -> Answered:
        self._look_at(target)
        return await super().complete(target, request, patience)

    @asynccontextmanager
    async def stream(self, target: Target, request: ChatRequest, patience: Patience) -> AsyncIterator[StreamedAnswer]:
        self._look_at(target)
        async with super().stream(target, request, patience) as answer:
            yield answer

    def _look_at(self, target: Target) -> None:
        is_down = target.route.provider.name == "openai"
        self.error = table.unavailable("openai", "outage") if is_down else None


def test_a_stream_whose_client_left_is_cached_once_it_is_read_to_its_end() -> None:
    gateway = Gateway()

    cut = ask(gateway, body=STREAM, client=Client(leaves_after=1))
    again = ask(gateway, body=STREAM)

    assert [entry.outcome for entry in gateway.store.entries.values()] == ["client_gone"]
    assert (told(again), len(cut.pieces)) == ("hit", 1)
    assert again.pieces[-1] == b"data: [DONE]\n\n"


def test_a_stream_that_broke_off_is_not_cached() -> None:
    gateway = Gateway()
    gateway.upstream.chunks = [chunk({"content": "Hel"}), StreamBrokenError("openai", "broke off")]

    assert told(ask(gateway, body=STREAM)) == "miss"
    assert not gateway.cache.kept


@both
def test_an_answer_of_a_fallback_is_not_cached(body: dict[str, Any]) -> None:
    """The next request may get what it asks for."""
    gateway = Gateway(upstream=OpenAiIsDown(completion()))

    first = ask(gateway, body=body, headers=[("x-openmind-fallback", "xai/grok-4.3")])

    assert (first.status, told(first)) == (200, "miss")
    assert first.headers["x-openmind-served-by"] == "xai/grok-4.3"
    assert gateway.cache.calls == ["answer"]


@both
def test_an_answer_that_want_of_credit_may_have_cut_short_is_not_cached(body: dict[str, Any]) -> None:
    """With more credit, the next one may be whole."""
    gateway = Gateway()
    gateway.use_up_credit(left=30_000_000)

    first = ask(gateway, body=body)

    assert int(first.headers["x-openmind-max-tokens"]) < 200
    assert gateway.cache.calls == ["answer"]


@both
def test_a_request_that_failed_is_not_cached(body: dict[str, Any]) -> None:
    gateway = Gateway()
    gateway.upstream.error = ProviderUnavailableError("openai")

    assert ask(gateway, body=body).status == 503
    assert gateway.cache.calls == ["answer"]


def test_what_was_stopped_is_not_cached() -> None:
    class Stuck(FakeUpstreamPort):
        async def _each(self) -> Any:
            async for one in super()._each():
                yield one
            await asyncio.Event().wait()

    async def stopped() -> Gateway:
        gateway, client = Gateway(upstream=Stuck({})), Client()
        asking = gateway.post(None, STREAM, client=client, headers=[("cache-control", "max-age=60")])
        request = asyncio.create_task(asking)
        await client.started.wait()
        request.cancel()
        await asyncio.gather(request, return_exceptions=True)
        return gateway

    gateway = asyncio.run(stopped())

    assert [entry.outcome for entry in gateway.store.entries.values()] == ["stopped"]
    assert not gateway.cache.kept


@both
def test_an_answer_that_is_too_large_is_not_cached(body: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(response_cache, "MOST_BYTES", 50)
    gateway = Gateway()

    assert [told(ask(gateway, body=body)) for _ in range(2)] == ["miss", "miss"]
    assert gateway.cache.calls == ["answer", "answer"]


def test_a_body_that_cannot_be_answered_is_refused_as_ever() -> None:
    gateway = Gateway()

    assert [ask(gateway, body=body).status for body in ({}, CHAT | {"model": "no-such"})] == [400, 404]
    assert not gateway.cache.kept


def test_a_hit_needs_no_credit() -> None:
    gateway = Gateway()
    first = ask(gateway)
    gateway.use_up_credit()

    assert ask(gateway, None).status == 402
    assert ask(gateway).pieces == first.pieces


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"is_active": False}, 401),
        ({"allowed_models": frozenset({"gpt-5"})}, 403),
        ({"allowed_providers": frozenset({"xai"})}, 403),
        ({"allowed_models": frozenset({"openai/gpt-4o"})}, 200),
    ],
    ids=["revoked", "another model", "another provider", "this model"],
)
def test_a_hit_is_for_keys_that_are_valid_and_may_use_its_model(change: dict[str, Any], status: int) -> None:
    gateway = Gateway()
    ask(gateway)
    change_key(gateway, **change)

    assert ask(gateway).status == status
    assert gateway.attempts == 1


def test_an_answer_that_other_filters_let_pass_is_not_given() -> None:
    gateway = Gateway()
    ask(gateway)
    change_account(gateway, filters=NO_HELLO)
    gateway.clock.now += 31  # what was seen of the account is forgotten

    filtered = ask(gateway)

    assert told(filtered) == "miss"
    assert b"Hello" not in filtered.pieces[0]
    assert ask(gateway).pieces == filtered.pieces


def test_filters_that_were_changed_a_moment_ago_are_told_as_ever() -> None:
    gateway = Gateway()
    ask(gateway)
    change_account(gateway, filters=NO_HELLO)

    assert (ask(gateway).status, told(ask(gateway))) == (503, "miss")


@both
def test_with_an_idempotency_key_the_cache_is_bypassed(body: dict[str, Any]) -> None:
    gateway = Gateway()
    ask(gateway, body=body)

    first, repeat = (ask(gateway, key="k", body=body) for _ in range(2))

    assert [told(first), told(repeat)] == ["bypass", "bypass"]
    assert repeat.headers["x-openmind-idempotent-replay"] == "true"
    assert gateway.attempts == 2
    assert gateway.cache.calls == ["answer", "put"]


def test_an_idempotency_key_without_opting_in_is_told_nothing_of_the_cache() -> None:
    gateway = Gateway()

    assert told(ask(gateway, None, key="k")) is None


def test_what_the_successor_of_a_retired_model_said_is_not_given_to_a_key_that_may_not_use_it() -> None:
    gateway = Gateway()
    gateway.clock.now = datetime(2027, 1, 8, tzinfo=UTC).timestamp()
    body = CHAT | {"model": "anthropic/claude-opus-4.1"}
    first = ask(gateway, body=body, provider="openrouter")
    assert first.headers["x-openmind-served-by"] == "openrouter/anthropic/claude-opus-4.8"
    change_key(gateway, allowed_models=frozenset({body["model"]}))
    gateway.clock.now += 31

    assert told(ask(gateway, body=body, provider="openrouter")) == "miss"
    assert gateway.upstream.asked[-1][0].upstream_id == body["model"]


@both
def test_what_was_cut_short_for_one_keys_budget_is_not_given_to_another(body: dict[str, Any]) -> None:
    gateway = Gateway()
    change_key(gateway, limits=Limits(day_budget=12_000_000))
    cut = ask(gateway, body=body)
    assert int(cut.headers["x-openmind-max-tokens"]) < 1000
    change_key(gateway, limits=Limits())
    gateway.clock.now += 31

    assert told(ask(gateway, body=body)) == "miss"
