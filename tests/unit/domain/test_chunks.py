"""What a stream of chunks amounts to."""

import json
from typing import Any

import pytest

from openmind_llm.domain.chunks import Chunk, Tally
from openmind_llm.domain.requests import ChatRequest
from openmind_llm.providers import refusals
from tests.fake_upstream import USAGE, chunk

USER = {"role": "user", "content": "Hi"}
COST = {"x_openmind_cost": "0.125"}
OTHER = {"index": 1, "delta": {"content": "b"}, "finish_reason": None}


def tally(*, wants_usage: bool = False) -> Tally:
    options = {"stream_options": {"include_usage": True}} if wants_usage else {}
    return Tally(ChatRequest("gpt-4o", {"model": "gpt-4o", "messages": [USER], "stream": True} | options))


def taken(one: Tally, *bodies: dict[str, Any]) -> list[bytes | None]:
    return [one.take(Chunk(json.dumps(body).encode(), body)) for body in bodies]


def read(payload: bytes | None) -> Any:
    assert payload is not None
    return json.loads(payload)


def test_a_chunk_passes_byte_for_byte() -> None:
    raw = b'{ "id": "1", "choices": [{"index": 0, "delta": {"content": "\\u00fc"}, "extra": 1.50}] }'

    assert tally().take(Chunk(raw, json.loads(raw))) == raw


def test_a_chunk_of_several_lines_is_sent_on_one() -> None:
    raw = b'{"choices":\n[]}'

    assert tally().take(Chunk(raw, json.loads(raw))) == b'{"choices":[]}'


DELTAS: list[dict[str, Any]] = [
    {"tool_calls": [{"index": 0, "id": "call_1", "function": {"name": "move", "arguments": '{"a'}}]},
    {"reasoning_content": "hmm"},
    {"reasoning": "hmm", "reasoning_details": [{"type": "reasoning.text", "text": "hmm"}]},
    {"content": '{"actions": ['},
    {"extra_content": {"google": {"thought_signature": "c2ln"}}},
]


@pytest.mark.parametrize("delta", DELTAS)
def test_whatever_a_delta_holds_passes(delta: dict[str, Any]) -> None:
    body = chunk(delta)

    assert taken(tally(), body) == [json.dumps(body).encode()]


def test_the_chunk_of_usage_is_kept_back_from_who_did_not_ask() -> None:
    one = tally()

    assert taken(one, chunk(choices=[], usage=USAGE)) == [None]
    assert one.closing(COST) is None
    assert one.used().completion_tokens == 18


def test_null_usage_is_taken_off_for_who_did_not_ask() -> None:
    assert "usage" not in read(*taken(tally(), chunk({"content": "a"}, usage=None)))


def test_null_usage_stays_for_who_asked() -> None:
    assert read(*taken(tally(wants_usage=True), chunk({"content": "a"}, usage=None)))["usage"] is None


def test_who_asked_gets_the_usage_once_and_last() -> None:
    one = tally(wants_usage=True)

    assert taken(one, chunk(choices=[], usage=USAGE)) == [None]
    assert read(one.closing(COST)) == chunk(choices=[], usage=USAGE) | COST


@pytest.mark.parametrize("wants_usage", [False, True])
def test_of_cumulative_usage_the_last_one_counts(wants_usage: bool) -> None:
    """Gemini tells it on every chunk."""
    one = tally(wants_usage=wants_usage)
    counts = [USAGE | {"completion_tokens": n, "total_tokens": 12 + n} for n in (4, 9)]

    payloads = taken(one, *(chunk({"content": "a"}, usage=count) for count in counts))

    assert all("usage" not in read(payload) for payload in payloads)
    assert one.used().completion_tokens == 9
    assert (read(one.closing(COST))["usage"] == counts[1]) if wants_usage else (one.closing(COST) is None)


def test_usage_that_nobody_told_is_estimated_and_says_so() -> None:
    one = tally(wants_usage=True)
    taken(one, chunk({"content": "Hello "}), chunk({"content": "world!"}), chunk(finish_reason="stop"))

    closing = read(one.closing(COST))

    assert closing["usage"]["completion_tokens"] == 4
    assert closing["x_openmind_cost"] == "0.125"
    assert (closing["x_openmind_usage"], closing["choices"], closing["id"]) == ("estimated", [], "chatcmpl-upstream")
    assert not one.used().is_exact


@pytest.mark.parametrize(
    ("bodies", "is_complete"),
    [
        ([], False),
        ([chunk({"content": "a"})], False),
        ([chunk({"content": "a"}), chunk(finish_reason="length")], True),
        ([chunk({"tool_calls": []}), chunk(finish_reason="")], False),
        ([chunk({"tool_calls": [{"index": 0}]}), chunk(finish_reason="")], True),
        ([chunk({"content": "a"}), chunk(choices=[OTHER]), chunk(finish_reason="stop")], False),
        (
            [
                chunk({"content": "a"}, "stop"),
                chunk(choices=[OTHER]),
                chunk(choices=[OTHER | {"finish_reason": "stop"}]),
            ],
            True,
        ),
        ([chunk({"content": "a"}, "stop"), chunk(choices=[], usage=USAGE)], True),
    ],
)
def test_a_stream_is_complete_when_each_choice_has_its_reason(bodies: list[dict[str, Any]], is_complete: bool) -> None:
    one = tally()
    taken(one, *bodies)

    assert one.has_ended(cleanly=True) is is_complete


@pytest.mark.parametrize(
    ("bodies", "has_ended"),
    [
        ([chunk({"content": "a"}, "stop")], True),
        ([chunk({"tool_calls": [{"index": 0}]}), chunk(finish_reason="")], False),
        ([chunk({"content": "a"})], False),
    ],
)
def test_of_a_stream_that_breaks_off_only_a_told_end_counts(bodies: list[dict[str, Any]], has_ended: bool) -> None:
    one = tally()
    taken(one, *bodies)

    assert one.has_ended(cleanly=False) is has_ended


def test_of_a_stream_that_breaks_off_every_choice_that_was_asked_for_must_have_ended() -> None:
    one = Tally(ChatRequest("gpt-4o", {"messages": [USER], "n": 2}))
    taken(one, chunk({"content": "a"}, "stop"))

    assert not one.has_ended(cleanly=False)


@pytest.mark.parametrize("number", ["NaN", "-Infinity"])
def test_what_is_no_json_does_not_pass(number: str) -> None:
    raw = b'{"choices": [{"index": 0, "delta": {"content": "a"}, "logprob": %s}]}' % number.encode()
    body = refusals.parse(raw)

    assert read(tally().take(Chunk(raw, body)))["choices"][0]["logprob"] is None


def test_a_lone_carriage_return_does_not_break_an_event_in_two() -> None:
    raw = b'{"choices":\r[]}'

    assert tally().take(Chunk(raw, json.loads(raw))) == b'{"choices":[]}'


def test_usage_that_cannot_be_read_does_not_replace_one_that_can() -> None:
    one = tally()
    taken(one, chunk(choices=[], usage=USAGE), chunk(choices=[], usage={}))

    assert (one.used().is_exact, one.used().completion_tokens) == (True, 18)
    assert one.reported == USAGE


def test_the_closing_chunk_is_made_of_one_of_the_answer() -> None:
    one = tally(wants_usage=True)
    taken(one, chunk({"content": "a"}, "stop"), {"type": "ping"})

    assert read(one.closing(COST))["id"] == "chatcmpl-upstream"


def test_what_is_written_after_the_last_report_of_a_broken_stream_is_counted_too() -> None:
    one = tally()

    taken(one, chunk({"content": "a"}, usage=USAGE | {"completion_tokens": 1, "total_tokens": 13}))
    assert (one.used().completion_tokens, one.used().is_exact) == (1, True)
    taken(one, chunk({"content": "b" * 300}))

    assert (one.used().prompt_tokens, one.used().completion_tokens, one.used().is_exact) == (12, 101, False)


def test_the_report_of_a_stream_that_came_to_its_end_is_taken_at_its_word() -> None:
    one = tally()

    taken(one, chunk({"content": "a"}, usage=USAGE), chunk({"content": "b" * 300}), chunk(finish_reason="stop"))

    assert (one.used().completion_tokens, one.used().is_exact) == (18, True)


STRANGE: list[dict[str, Any]] = [
    {},
    {"choices": None},
    {"choices": "a"},
    {"choices": [None, 1, {"delta": "a"}, {"delta": {"content": 7, "tool_calls": {"a": 1}}}]},
    {"choices": [{"index": {"a": 1}, "delta": {"tool_calls": [1, {"function": "a"}]}}]},
    {"choices": [], "usage": "many"},
    {"choices": [], "usage": []},
]


@pytest.mark.parametrize("body", STRANGE)
def test_a_chunk_of_no_known_form_does_no_harm(body: dict[str, Any]) -> None:
    one = tally(wants_usage=True)
    taken(one, body)

    assert not one.has_ended(cleanly=True)
    assert read(one.closing(COST))["usage"]["total_tokens"] > 0
