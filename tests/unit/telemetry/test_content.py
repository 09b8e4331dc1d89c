"""What was said, in the log only where the account wants it, and never with a key."""

import json
from typing import Any

import pytest

from openmind_llm.domain.telemetry import Content
from openmind_llm.telemetry.content import MOST
from tests import canaries
from tests.unit.telemetry.telling import attempt, lines, told, written

QUESTION = {"role": "user", "content": "What is the plan?"}


def content(messages: Any = (QUESTION,), answer: str = "There is none.") -> Content:
    return Content("request-1", "account-1", list(messages), answer)


def line_of(one: Content) -> dict[str, Any]:
    with written() as output:
        lines().tell_content(one, is_wanted=True)
        (made,) = output()
    return made


def test_an_account_that_wants_it_has_a_line_of_what_was_said() -> None:
    made = line_of(content())

    assert (made["message"], made["request_id"], made["account_id"]) == ("content", "request-1", "account-1")
    assert json.loads(made["messages"]) == [QUESTION]
    assert (made["answer"], made["is_cut"]) == ("There is none.", False)


def test_elsewhere_nothing_of_it_is_in_any_line() -> None:
    with written("DEBUG") as output:
        telemetry = lines()
        telemetry.tell(told(attempt()))
        telemetry.tell_content(content(), is_wanted=False)
        made = output()

    assert [one["message"] for one in made] == ["completion"]
    assert "plan" not in repr(made)
    assert "There is none" not in repr(made)


@pytest.mark.parametrize(
    "text", [canaries.PROVIDER_KEY, f"\n{canaries.PROVIDER_KEY}", f"key: {canaries.API_KEY}.", f'"{canaries.API_KEY}"']
)
def test_keys_are_taken_out_of_questions_and_answers(text: str) -> None:
    made = line_of(content([{"role": "user", "content": [{"type": "text", "text": text}]}], text))

    assert "[redacted]" in made["messages"]
    assert "[redacted]" in made["answer"]
    assert "canary" not in repr(made)


def test_a_key_that_a_field_is_named_by_is_taken_out() -> None:
    made = line_of(content([{"role": "user", canaries.PROVIDER_KEY: 1}]))

    assert "canary" not in made["messages"]


@pytest.mark.parametrize("length", [MOST - 60, MOST - 30, MOST - 5, MOST])
def test_no_half_of_a_key_is_left_where_a_text_is_cut(length: int) -> None:
    """The first half of a secret need not look like one."""
    text = "word " * (length // 5) + canaries.PROVIDER_KEY.replace("sk-", "") + " word" * 100
    made = line_of(content([{"role": "user", "content": text}], text))

    assert made["is_cut"] is True
    assert "canary" not in repr(made)


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "user", "content": "ein Wört " * 20_000}],
        [{"role": "user", "content": "a"}] * 20_000,
        [{"n": 1}] * 200_000,
    ],
)
def test_long_questions_are_cut(messages: list[Any]) -> None:
    made = line_of(content(messages))

    assert made["is_cut"] is True
    assert MOST * 0.5 < len(made["messages"].encode()) <= MOST
    assert made["answer"] == "There is none."


def test_a_long_answer_is_cut() -> None:
    made = line_of(content(answer="a word " * 10_000))

    assert made["is_cut"] is True
    assert MOST * 0.9 < len(made["answer"].encode()) <= MOST
    assert json.loads(made["messages"]) == [QUESTION]


def test_half_a_surrogate_pair_does_not_lose_the_line() -> None:
    made = line_of(content([{"role": "user", "content": "half \ud83d"}]))

    assert json.loads(made["messages"]) == [{"role": "user", "content": "half ?"}]
    assert made["is_cut"] is False


def test_content_that_cannot_be_told_raises_nothing() -> None:
    with written() as output:
        lines().tell_content(content([object()]), is_wanted=True)
        (made,) = output()

    assert (made["part"], made["cause"]) == ("content", "TypeError")
