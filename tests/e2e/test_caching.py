"""Answers from the cache, through every door: asked once of the provider, given again as they were."""

import functools
import json
import time
import uuid
from typing import Any

import boto3
import pytest

from dev import seed
from openmind_llm.bootstrap import accounting
from openmind_llm.domain import response_cache
from openmind_llm.domain.key_settings import KeySettings
from openmind_llm.domain.response_cache import Place
from openmind_llm.settings import Settings
from openmind_llm.storage import boto
from openmind_llm.storage.cached_answers import DynamoCache
from tests.doors import Answer, Door
from tests.e2e.conftest import ACCOUNT, JSON, Ask, chat
from tests.e2e.streaming import LedgerRows
from tests.fake_upstream import EVENTS, FakeUpstream, completion

CACHED = {"cache-control": "max-age=60"}
STORING_S = 5
"""How late an answer may be stored: a client has it before."""

both = pytest.mark.parametrize("fields", [{}, {"stream": True}], ids=["whole", "stream"])


@pytest.fixture
def message() -> list[dict[str, str]]:
    """One that nobody has sent before: what is cached outlives a test."""
    return [{"role": "user", "content": uuid.uuid4().hex}]


def stored(answer: Answer, **body: Any) -> Answer:
    """The same answer, once it is in the cache."""
    cache = DynamoCache(boto.dynamodb(boto3.client("dynamodb")), seed.TABLE)
    place = Place(ACCOUNT, response_cache.identity("openai", chat(**body)))
    until = time.monotonic() + STORING_S
    while not (found := cache.answer(place)) or found.stored.request_id != answer.headers["x-request-id"]:
        assert time.monotonic() < until
    return answer


@both
def test_the_same_request_is_asked_once_and_answered_twice_alike(
    ask: Ask, upstream: FakeUpstream, message: list[dict[str, str]], fields: dict[str, Any]
) -> None:
    rows = LedgerRows()

    first = stored(ask(headers=CACHED, messages=message, **fields), messages=message, **fields)
    row = rows.one()
    again = ask(headers=CACHED, messages=message, **fields)

    assert (first.headers["x-openmind-cache"], again.headers["x-openmind-cache"]) == ("miss", "hit")
    assert (again.status, again.raw) == (200, first.raw)
    assert again.headers["content-type"] == first.headers["content-type"]
    assert again.headers["x-openmind-original-request-id"] == first.headers["x-request-id"] == row["sk"]
    assert again.headers["x-openmind-cost"] == "0"
    assert 0 <= int(again.headers["age"]) < 60
    assert len(upstream.received) == 1
    assert rows.one() == row


def test_a_stream_comes_from_the_cache_event_by_event(
    ask: Ask, upstream: FakeUpstream, message: list[dict[str, str]]
) -> None:
    expected = b"".join(one for one in EVENTS if b"usage" not in one)
    stored(ask(headers=CACHED, messages=message, stream=True), messages=message, stream=True)

    assert ask(headers=CACHED, messages=message, stream=True).raw == expected
    assert len(upstream.received) == 1


@both
def test_a_request_that_does_not_ask_for_it_is_made(
    ask: Ask, upstream: FakeUpstream, message: list[dict[str, str]], fields: dict[str, Any]
) -> None:
    stored(ask(headers=CACHED, messages=message, **fields), messages=message, **fields)

    plain = ask(messages=message, **fields)

    assert "x-openmind-cache" not in plain.headers
    assert len(upstream.received) == 2


def test_a_fresh_answer_takes_the_place_of_the_old_one(
    ask: Ask, upstream: FakeUpstream, message: list[dict[str, str]]
) -> None:
    stored(ask(headers=CACHED, messages=message), messages=message)
    upstream.replies(completion(id="chatcmpl-another"))

    fresh = stored(ask(headers={"cache-control": "no-cache, max-age=60"}, messages=message), messages=message)

    assert (fresh.headers["x-openmind-cache"], fresh.body["id"]) == ("bypass", "chatcmpl-another")
    assert ask(headers=CACHED, messages=message).raw == fresh.raw


def test_an_age_that_cannot_be_read_is_refused(ask: Ask, upstream: FakeUpstream) -> None:
    answer = ask(headers={"cache-control": "max-age=soon"})

    assert (answer.status, answer.error) == (400, "Cache-Control: max-age must be a whole number of seconds")
    assert not upstream.received


def test_a_key_may_have_its_answers_cached_without_asking(
    door: Door, upstream: FakeUpstream, stack: dict[str, str], message: list[dict[str, str]]
) -> None:
    accounts = accounting.accounts(Settings.from_env(stack))
    key, known = accounts.create_key(ACCOUNT, "test", KeySettings(cache_max_age_s=60))
    ask = functools.partial(door.request, "POST", "/api/core/openai/chat/completions", {"x-api-key": key} | JSON)
    body = json.dumps(chat(messages=message)).encode()

    answers = [stored(ask(body), messages=message), ask(body)]

    accounts.delete_key(ACCOUNT, known.record.key_id, "test")
    assert [one.headers["x-openmind-cache"] for one in answers] == ["miss", "hit"]
    assert len(upstream.received) == 1
