"""A cache that fails costs no request its answer; and what the log says of the cache."""

import logging
from typing import Any

import pytest

from openmind_llm.domain import response_cache
from openmind_llm.errors import LedgerUnavailableError
from tests.unit.api.caching import ask, told
from tests.unit.api.repeating import CHAT, STREAM, Gateway, both

BROKEN = [LedgerUnavailableError(), KeyError("stored_at")]


def lines(caplog: pytest.LogCaptureFixture, message: str) -> list[dict[str, Any]]:
    return [vars(record) for record in caplog.records if record.getMessage() == message]


@pytest.fixture(autouse=True)
def _all_levels(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


@both
@pytest.mark.parametrize("error", BROKEN)
def test_a_cache_that_cannot_be_read_is_a_miss(
    body: dict[str, Any], error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    gateway = Gateway()
    gateway.cache.failing = {"answer": error}

    answer = ask(gateway, body=body)

    assert (answer.status, told(answer)) == (200, "miss")
    (line,) = lines(caplog, "cache not read")
    assert (line["request_id"], line["cause"]) == (answer.headers["x-request-id"], type(error).__name__)


@both
@pytest.mark.parametrize("error", BROKEN)
def test_an_answer_that_cannot_be_cached_is_given_all_the_same(
    body: dict[str, Any], error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    gateway = Gateway()
    gateway.cache.failing = {"put": error}

    answer = ask(gateway, body=body)

    assert answer.status == 200
    assert [entry.outcome for entry in gateway.store.entries.values()] == ["completed"]
    assert [line["cause"] for line in lines(caplog, "answer not cached")] == [type(error).__name__]
    assert not lines(caplog, "unexpected error")


def test_the_line_of_a_request_tells_what_the_cache_did(caplog: pytest.LogCaptureFixture) -> None:
    gateway = Gateway()

    first = ask(gateway, body=STREAM)
    ask(gateway, body=STREAM)
    ask(gateway, ["max-age=60", "no-cache"])
    ask(gateway, key="k")
    ask(gateway, None)

    logged = lines(caplog, "completion")
    assert [line.get("cache") for line in logged] == ["miss", "hit", "bypass", "bypass", None]
    hit = logged[1]
    assert hit["replay_of"] == first.headers["x-request-id"]
    assert (hit["provider"], hit["model"], hit["is_stream"], hit["status"]) == ("openai", "gpt-4o", True, 200)
    assert "charge" not in hit


def test_the_line_says_that_an_answer_was_too_large(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(response_cache, "MOST_BYTES", 50)

    ask(Gateway())

    assert [line["cache"] for line in lines(caplog, "completion")] == ["too-large"]


def test_a_header_that_cannot_be_read_leaves_a_line(caplog: pytest.LogCaptureFixture) -> None:
    ask(Gateway(), "max-age=soon")

    assert [line["status"] for line in lines(caplog, "completion")] == [400]


def test_what_went_wrong_is_logged_without_its_text(caplog: pytest.LogCaptureFixture) -> None:
    gateway = Gateway()
    gateway.cache.failing = {"answer": ValueError(CHAT["messages"])}

    ask(gateway)

    assert all("Hi" not in repr(vars(record)) for record in caplog.records)


def test_the_line_of_a_hit_names_the_model_as_the_catalogue_does_and_not_as_the_client_did(
    caplog: pytest.LogCaptureFixture,
) -> None:
    gateway = Gateway()
    for _ in range(2):
        ask(gateway, body=CHAT | {"model": "gpt-4o-my-own-words"})

    missed, hit = lines(caplog, "completion")
    assert (missed["cache"], hit["cache"]) == ("miss", "hit")
    assert hit["model"] == missed["model"] == "gpt-4o"
    assert hit["upstream_model"] == missed["upstream_model"]
