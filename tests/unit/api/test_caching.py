"""Answers from the cache, for requests that ask for it: as a client sees it."""

import asyncio
import random
from typing import Any

import pytest

from openmind_llm.domain.answers import Answer as Answered
from openmind_llm.domain.attempts.target import Patience, Target
from openmind_llm.domain.requests import ChatRequest
from tests.fake_upstream import chunk, completion
from tests.fakes import FakeUpstreamPort
from tests.unit.api.caching import ask, told
from tests.unit.api.repeating import CHAT, HELLO, STREAM, Answer, Gateway, both, change_key


class MeetingUpstream(FakeUpstreamPort):
    """Answers nobody before two have asked."""

    def __init__(self) -> None:
        super().__init__(completion())
        self._both = asyncio.Barrier(2)

    async def complete(self, target: Target, request: ChatRequest, patience: Patience) -> Answered:
        await self._both.wait()
        return await super().complete(target, request, patience)


@both
def test_a_hit_gets_the_same_bytes_and_costs_nothing(body: dict[str, Any]) -> None:
    gateway = Gateway()

    first = ask(gateway, body=body)
    counters = gateway.store.counters("account-1"), gateway.store.known_keys["key-1"].counters
    again = ask(gateway, body=body)

    assert (told(first), told(again)) == ("miss", "hit")
    assert (again.status, again.pieces) == (200, first.pieces)
    assert again.headers["content-type"] == first.headers["content-type"]
    assert gateway.attempts == len(gateway.store.entries) == 1
    assert gateway.charged > 0
    assert counters == (gateway.store.counters("account-1"), gateway.store.known_keys["key-1"].counters)


@pytest.mark.parametrize("seed", range(20))
def test_the_payloads_of_a_hit_are_those_of_its_original_whatever_they_hold(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - no secret
    alphabet = 'ab"\\\n\r\u2028é🤖 {}[]:,\x00\x7f'
    texts = ["".join(chance.choices(alphabet, k=chance.randrange(200))) for _ in range(chance.randrange(1, 40))]
    gateway = Gateway(upstream=FakeUpstreamPort(completion(choices=[{"message": {"content": texts[0]}}])))
    gateway.upstream.chunks = [*(chunk({"content": text}) for text in texts), *HELLO]

    for body in (CHAT, STREAM):
        first, again = ask(gateway, body=body), ask(gateway, body=body)
        assert told(again) == "hit"
        assert again.pieces == first.pieces


def test_a_hit_tells_its_age_whose_answer_it_is_and_what_describes_it() -> None:
    gateway = Gateway()
    first = ask(gateway)
    gateway.clock.now += 42.5

    headers = ask(gateway).headers

    assert headers["age"] == "42"
    assert headers["x-openmind-cost"] == "0"
    assert headers["x-openmind-original-request-id"] == first.headers["x-request-id"] != headers["x-request-id"]
    for name in ("adjusted", "provider-request-id", "served-by", "credit-remaining"):
        assert headers[f"x-openmind-{name}"] == first.headers[f"x-openmind-{name}"]
    assert not {"x-openmind-hold", "x-openmind-attempts", "x-openmind-idempotent-replay"} & headers.keys()
    assert "age" not in first.headers


@pytest.mark.parametrize("control", [None, "", "no-transform", "no-cache", "max-age=0", "no-store", "only-if-cached"])
@both
def test_without_opting_in_nothing_is_looked_up_or_stored_or_told(control: str | None, body: dict[str, Any]) -> None:
    gateway = Gateway()

    answers = [ask(gateway, control, body=body) for _ in range(2)]

    assert [told(one) for one in answers] == [None, None]
    assert gateway.store.calls == ["standing", "admit", "settle", "admit", "settle"]
    assert gateway.cache.calls == []
    assert gateway.attempts == 2


def test_a_key_that_was_not_seen_is_looked_at_once_for_both_its_setting_and_its_credit() -> None:
    gateway = Gateway()
    change_key(gateway, cache_max_age_s=600)

    ask(gateway, None)

    assert gateway.store.calls == ["standing", "admit", "settle"]


def test_a_ledger_that_cannot_be_read_says_so_as_ever() -> None:
    gateway = Gateway()
    gateway.store.failing = {"standing"}

    assert ask(gateway, None).status == 503
    assert ask(gateway).status == 503


@pytest.mark.parametrize(
    ("usual_s", "control", "heard"),
    [
        (600, None, ["miss", "hit"]),
        (600, "max-age=60", ["miss", "hit"]),
        (600, "no-cache", ["bypass", "bypass"]),
        (600, "max-age=0", ["bypass", "bypass"]),
        (600, "no-store", [None, None]),
        (None, ["no-cache", "max-age=60"], ["bypass", "bypass"]),
        (None, ["no-transform", "Max-Age=60"], ["miss", "hit"]),
    ],
)
def test_what_is_usual_for_a_key_is_overridden_by_the_request(
    usual_s: int | None, control: str | list[str] | None, heard: list[str | None]
) -> None:
    gateway = Gateway()
    change_key(gateway, cache_max_age_s=usual_s)

    assert [told(ask(gateway, control)) for _ in range(2)] == heard


@pytest.mark.parametrize("control", ["no-cache", "max-age=0"])
def test_a_fresh_answer_that_was_asked_for_takes_the_place_of_the_old_one(control: str) -> None:
    gateway = Gateway()
    change_key(gateway, cache_max_age_s=600)
    ask(gateway)
    gateway.upstream.body = completion(id="another")

    fresh = ask(gateway, control)

    assert b"another" in fresh.pieces[0]
    assert ask(gateway).pieces == fresh.pieces


def test_no_store_leaves_what_is_stored_as_it_is() -> None:
    gateway = Gateway()
    first = ask(gateway)
    gateway.upstream.body = completion(id="another")

    ask(gateway, "no-store")

    assert ask(gateway).pieces == first.pieces


@pytest.mark.parametrize(
    ("stored_for", "after_s", "asked_for", "heard"),
    [(60, 59, 60, "hit"), (60, 60, 3600, "miss"), (3600, 61, 60, "miss"), (10**9, 86_399, 10**9, "hit"),
     (10**9, 86_400, 10**9, "miss")],
)  # fmt: skip
def test_an_answer_is_given_as_long_as_both_requests_allow_and_for_a_day_at_most(
    stored_for: int, after_s: int, asked_for: int, heard: str
) -> None:
    gateway = Gateway()
    ask(gateway, f"max-age={stored_for}")
    gateway.clock.now += after_s

    assert told(ask(gateway, f"max-age={asked_for}")) == heard


def test_an_age_that_cannot_be_read_is_refused_before_anything_is_done() -> None:
    gateway = Gateway()

    refused = ask(gateway, "max-age=soon")

    assert (refused.status, "max-age" in refused.error) == (400, True)
    assert "x-openmind-credit-remaining" in refused.headers
    assert gateway.attempts == len(gateway.store.entries) == 0


@pytest.mark.parametrize(
    "other",
    [
        {"body": CHAT | {"temperature": 1}},
        {"body": CHAT | {"stream": True}},
        {"headers": [("x-openmind-fallback", "xai/grok-4")]},
        {"by": "second-key"},
    ],
    ids=["another body", "a stream", "other fallbacks", "another account"],
)
def test_another_request_gets_an_answer_of_its_own(other: dict[str, Any]) -> None:
    gateway = Gateway()
    ask(gateway)

    assert told(ask(gateway, **other)) == "miss"
    assert gateway.attempts == 2


def test_the_order_of_a_bodys_fields_makes_no_difference() -> None:
    gateway = Gateway()
    ask(gateway)

    assert told(ask(gateway, body=dict(reversed(CHAT.items())))) == "hit"


def test_two_same_requests_at_a_time_are_both_made() -> None:
    gateway = Gateway(upstream=MeetingUpstream())
    control = [("cache-control", "max-age=60")]

    async def asked() -> list[Answer]:
        async with asyncio.timeout(30):
            return await asyncio.gather(*(gateway.post(None, headers=control) for _ in range(2)))

    assert [told(one) for one in asyncio.run(asked())] == ["miss", "miss"]
    assert gateway.attempts == len(gateway.store.entries) == 2
    assert told(ask(gateway)) == "hit"


def test_another_provider_does_not_answer_by_what_this_one_said() -> None:
    gateway = Gateway()
    ask(gateway)

    assert ask(gateway, provider="openrouter").status == 404
