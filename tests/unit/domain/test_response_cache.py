"""What makes two requests the same one, and how long an answer is good."""

from dataclasses import replace
from typing import Any

import pytest

from openmind_llm.domain import requests, response_cache
from openmind_llm.domain.response_cache import CachedAnswer
from openmind_llm.domain.taping import Stored

RAW = b'{"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi \\u00e9"}], "max_tokens": 5}'
ANSWER = CachedAnswer(Stored("request-1", is_stream=False, headers={}, parts=[b"{}"]), stored_at=1000, expires_at=1060)


def identity(raw: bytes = RAW, provider: str = "openai", *more: str) -> str:
    return response_cache.identity(provider, requests.parse(raw).body, *more)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"max_tokens":5,"messages":[{"content":"Hi \xc3\xa9","role":"user"}],"model":"gpt-4o"}',
        RAW.replace(b"5", b"5.0"),
    ],
    ids=["order, blanks and escapes", "a number that is sent as the same"],
)
def test_what_reaches_the_provider_as_the_same_is_the_same(raw: bytes) -> None:
    assert identity(raw) == identity()


@pytest.mark.parametrize(
    "other",
    [
        (RAW.replace(b"Hi", b"hi"),),
        (RAW.replace(b"5", b"6"),),
        (RAW.replace(b"}]", b'}], "stream": true'),),
        (RAW.replace(b"}]", b'}], "user": "robot"'),),
        (RAW, "openrouter"),
        (RAW, "openai", "xai/grok-4"),
        (RAW, "openai", "", "filter 2"),
    ],
)
def test_all_else_is_another_request(other: Any) -> None:
    assert identity(*other) != identity()


def test_what_a_header_says_is_not_what_another_says() -> None:
    assert identity(RAW, "openai", "a", "") != identity(RAW, "openai", "", "a")


def test_half_a_surrogate_pair_can_be_told_from_others() -> None:
    bodies: list[dict[str, Any]] = [{"content": text} for text in ("\ud800", "\ud801", "?")]

    assert len({response_cache.identity("openai", body) for body in bodies}) == 3


@pytest.mark.parametrize(
    ("now_s", "max_age_s", "is_good"),
    [(1000, 1, True), (1059.9, 3600, True), (1060, 3600, False), (1030.9, 30, True), (1031, 30, False), (990, 5, True)],
)
def test_an_answer_is_as_old_as_both_who_stored_it_and_who_asks_for_it_allow(
    now_s: float, max_age_s: int, is_good: bool
) -> None:
    assert ANSWER.is_good(now_s, max_age_s) is is_good


def test_an_answer_of_a_clock_that_is_ahead_has_no_age() -> None:
    assert replace(ANSWER, stored_at=2000).age_s(1000.5) == 0
