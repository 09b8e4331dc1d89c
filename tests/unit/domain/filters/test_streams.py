"""What of a stream may be told, and when."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmind_llm.domain.filters import NONE
from tests.unit.domain.filters.filtering import (
    arguments,
    call,
    choices,
    chunk,
    piece,
    reasons,
    rule,
    sent,
    text,
    those,
)

SECRET = those(rule("secret"))
BLOCKING = those(rule("secret", "block"))
OPENING = chunk(piece(role="assistant", content=""))
CHANNELS = ("content", "refusal", "reasoning", "reasoning_content")


@given(
    st.text("secrt x", max_size=400),
    st.lists(st.integers(0, 400), max_size=20),
    st.sampled_from(CHANNELS),
    st.sampled_from(["stop", None]),
)
def test_a_streamed_answer_says_what_it_would_say_as_a_whole(
    said: str, cuts: list[int], channel: str, end: str | None
) -> None:
    ends = sorted({0, len(said), *(cut % (len(said) + 1) for cut in cuts)})
    chunks = [chunk(piece() | {"delta": {channel: said[start:stop]}}) for start, stop in pairwise(ends)]
    body = {"choices": [{"message": {channel: said}}]}

    told = sent(SECRET.stream(), [OPENING, *chunks, chunk(piece(finish_reason=end))])

    assert text(told, channel) == SECRET.written(body)["choices"][0]["message"][channel]


def test_a_match_that_is_cut_by_chunks_is_replaced() -> None:
    told = sent(SECRET.stream(), [chunk(piece(content=one)) for one in ("a sec", "r", "et!")])

    assert text(told) == "a [redacted]!"


def test_what_is_held_back_goes_out_before_the_end_in_a_chunk_of_its_own() -> None:
    end = chunk(piece(finish_reason="stop"))

    told = sent(SECRET.stream(), [chunk(piece(content="Hi")), end])

    assert [one.body["choices"] for one in told] == [[piece(content="Hi")], [piece(finish_reason="stop")]]
    assert told[-1].body == end.body
    assert told[0].body["id"] == "chatcmpl-1"
    assert json.loads(told[0].raw) == told[0].body


def test_last_words_that_come_with_the_end_go_before_it() -> None:
    told = sent(SECRET.stream(), [chunk(piece(content="a sec")), chunk(piece(finish_reason="stop", content="ret."))])

    assert text(told) == "a [redacted]."
    assert choices(told)[-1] == piece(finish_reason="stop")


@pytest.mark.parametrize("action", ["redact", "block"])
def test_a_provider_that_ends_with_every_chunk_cuts_no_match_in_two(action: str) -> None:
    passing = those(rule("secret", action)).stream()
    told = sent(passing, [chunk(piece(finish_reason="stop", content=one)) for one in ("a sec", "ret b")])

    assert "sec" not in text(told).replace("[redacted]", "")
    assert reasons(told) == ["stop" if action == "redact" else "content_filter"]


def test_what_is_held_back_goes_out_if_the_stream_just_stops() -> None:
    told = sent(SECRET.stream(), [chunk(piece(content="Hi")), chunk(piece(finish_reason=""))])

    assert (text(told), reasons(told)) == ("Hi", [])


def test_choices_and_channels_do_not_mix() -> None:
    told = sent(
        SECRET.stream(),
        [
            chunk(piece(0, content="sec"), piece(1, content="a sec")),
            chunk(piece(0, reasoning="ret"), piece(1, content="ret")),
            chunk(piece(0, finish_reason="stop"), piece(1, finish_reason="stop")),
        ],
    )

    assert (text(told), text(told, "reasoning"), text(told, index=1)) == ("sec", "ret", "a [redacted]")


def test_arguments_of_each_call_are_one_text() -> None:
    first, second = call(0, "", id="call_1", type="function"), call(1, '{"x":"sec', id="call_2", type="function")
    told = sent(
        SECRET.stream(),
        [
            chunk(piece(tool_calls=[first])),
            chunk(piece(tool_calls=[call(0, '{"y":"sec')])),
            chunk(piece(tool_calls=[call(0, 'ret"}')])),
            chunk(piece(tool_calls=[second])),
            chunk(piece(tool_calls=[call(1, 'ond"}')])),
            chunk(piece(finish_reason="tool_calls")),
        ],
    )

    assert (arguments(told), arguments(told, 1)) == ('{"y":"[redacted]"}', '{"x":"second"}')
    assert [part["id"] for one in choices(told) for part in one["delta"].get("tool_calls", []) if "id" in part] == [
        "call_1",
        "call_2",
    ]


def test_a_call_that_takes_the_place_of_another_comes_after_all_of_it() -> None:
    whole_calls = [call(0, f'{{"a":{n}}}', id=f"call_{n}", type="function") for n in (1, 2)]

    told = sent(SECRET.stream(), [*(chunk(piece(tool_calls=[one])) for one in whole_calls), chunk(piece(0, "stop"))])

    said = [(part.get("id"), part["function"]["arguments"]) for one in choices(told) for part in calls(one)]
    assert said == [("call_1", ""), (None, '{"a":1}'), ("call_2", ""), (None, '{"a":2}')]


def test_a_call_that_comes_with_the_end_is_named_before_its_arguments() -> None:
    whole_call = call(0, '{"a":"secret"}', id="call_1", type="function")

    told = sent(SECRET.stream(), [chunk(piece(0, "tool_calls", tool_calls=[whole_call]))])

    assert [part.get("id") for one in choices(told) for part in calls(one)] == ["call_1", None]
    assert arguments(told) == '{"a":"[redacted]"}'
    assert reasons(told) == ["tool_calls"]


def test_parts_of_reasoning_keep_their_kind() -> None:
    details = [{"type": "reasoning.text", "index": 0, "text": "a secret"}]

    told = sent(SECRET.stream(), [chunk(piece(reasoning_details=details)), chunk(piece(finish_reason="stop"))])

    said = [part for one in choices(told) for part in one["delta"].get("reasoning_details", [])]
    assert {part["type"] for part in said} == {"reasoning.text"}
    assert "".join(part["text"] for part in said) == "a [redacted]"


def test_annotations_are_filtered_where_they_stand() -> None:
    links = [{"type": "url_citation", "url_citation": {"title": "a secret"}}]

    told = sent(SECRET.stream(), [chunk(piece(annotations=links)), chunk(piece(annotations=links))])

    titles = [one["delta"]["annotations"][0]["url_citation"]["title"] for one in choices(told)]
    assert titles == ["a [redacted]"] * 2


def test_of_a_blocked_choice_nothing_more_is_sent_but_its_end() -> None:
    chunks = [chunk(piece(content=one)) for one in ("x" * 300, "a secret", "more" * 100)]
    usage = chunk(usage={"prompt_tokens": 1})

    told = sent(BLOCKING.stream(), [OPENING, *chunks, chunk(piece(finish_reason="stop")), usage])

    assert set(text(told)) == {"x"}
    assert reasons(told) == ["content_filter"]
    assert told[-1] is usage


def test_a_match_that_is_only_seen_at_the_end_blocks_too() -> None:
    for last in ([chunk(piece(finish_reason="stop"))], []):
        told = sent(BLOCKING.stream(), [chunk(piece(content="a secret")), *last])

        assert (text(told), reasons(told)) == ("", ["content_filter"])


def test_the_other_choices_go_on() -> None:
    told = sent(
        BLOCKING.stream(),
        [
            chunk(piece(0, content="secret" + "x" * 50), piece(1, content="fine")),
            chunk(piece(0, "stop"), piece(1, "stop")),
        ],
    )

    assert (text(told, index=1), reasons(told), reasons(told, 1)) == ("fine", ["content_filter"], ["stop"])


def test_usage_that_comes_with_a_blocked_choice_still_comes() -> None:
    passing = BLOCKING.stream()
    sent(passing, [chunk(piece(content="secret" + "x" * 50))])

    (told,) = passing.take(chunk(piece(content="x"), usage={"prompt_tokens": 1}))

    assert (told.body["choices"], told.body["usage"]) == ([], {"prompt_tokens": 1})


def test_logprobs_are_dropped() -> None:
    spelled: dict[str, Any] = piece(content="x" * 50) | {"logprobs": {"content": [{"token": "secret"}]}}

    told = sent(SECRET.stream(), [chunk(spelled)])

    assert "secret" not in str([one.body for one in told])
    assert b"secret" not in b"".join(one.raw for one in told)


def test_chunks_that_are_not_touched_pass_as_they_came() -> None:
    usage, empty = chunk(usage={"prompt_tokens": 1}), chunk(piece(role="assistant", content=None))
    passing = SECRET.stream()

    assert [passing.take(one)[0] is one for one in (OPENING, usage, empty)] == [True] * 3


def test_without_rules_every_chunk_is_the_very_same() -> None:
    one = chunk(piece(content="secret") | {"logprobs": {"content": []}})

    for off in (NONE, those(rule("secret", on="input"))):
        assert off.stream().take(one) == [one]
        assert off.stream().take(one)[0] is one
        assert off.stream().end() == []


def calls(choice: dict[str, Any]) -> list[dict[str, Any]]:
    return list(choice["delta"].get("tool_calls", []))
