"""A provider's answer made whole, whatever the provider got wrong in it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmind_llm.domain import answers, usage
from openmind_llm.domain.answers import Answer, Promised
from openmind_llm.domain.usage import Usage

PROMISED = Promised("chatcmpl-ours", 1_700_000_000, "model-ours")
EXACT = Usage(input=12, cached_input=0, cache_write=0, output=18, reasoning=0, is_exact=True)
ESTIMATED = Usage(input=5, cached_input=0, cache_write=0, output=7, reasoning=0, is_exact=False)
CHOICE = {
    "index": 0,
    "logprobs": None,
    "finish_reason": "stop",
    "message": {"role": "assistant", "content": "Hello!", "refusal": None},
}
USAGE = {"prompt_tokens": 12, "completion_tokens": 18, "total_tokens": 30}
WHOLE: dict[str, Any] = {
    "id": "chatcmpl-theirs",
    "object": "chat.completion",
    "created": 1_764_000_000,
    "model": "model-theirs",
    "choices": [CHOICE],
    "usage": USAGE,
}


def whole(counted: Usage = EXACT, **changes: Any) -> dict[str, Any]:
    """A good answer with fields replaced, made whole; `...` leaves a field out."""
    body = {name: value for name, value in (WHOLE | changes).items() if value is not ...}
    return answers.whole(Answer(body), PROMISED, counted)


def test_a_whole_answer_stays_as_it_is() -> None:
    assert whole() == WHOLE


def test_what_the_contract_does_not_name_is_kept() -> None:
    extra: dict[str, Any] = {"provider": "Azure", "system_fingerprint": None, "x": [1, {"y": 2.5}]}

    assert whole(**extra) == WHOLE | extra


@pytest.mark.parametrize("wrong", [..., None, "", 0, 7, True, [], {"a": "b"}])
def test_an_id_or_model_that_is_no_text_is_ours(wrong: Any) -> None:
    answer = whole(id=wrong, model=wrong)

    assert (answer["id"], answer["model"]) == ("chatcmpl-ours", "model-ours")


@pytest.mark.parametrize("wrong", [..., None, "now", 0, 1.5, True, False, [], {}])
def test_a_time_that_is_no_integer_is_ours(wrong: Any) -> None:
    created = whole(created=wrong)["created"]

    assert (created, type(created)) == (1_700_000_000, int)


@pytest.mark.parametrize("wrong", [..., None, "list", 7])
def test_the_object_is_always_a_completion(wrong: Any) -> None:
    assert whole(object=wrong)["object"] == "chat.completion"


def test_nulls_that_providers_omit_are_filled_in() -> None:
    answer = whole(choices=[{"index": 0, "message": {"content": "Hi"}}])

    assert answer["choices"] == [{"index": 0, "logprobs": None, "message": {"content": "Hi", "refusal": None}}]


def test_nulls_do_not_cover_what_is_there() -> None:
    choice = {"logprobs": {"content": []}, "message": {"refusal": "No."}}

    assert whole(choices=[choice])["choices"] == [choice]


def test_the_providers_answer_itself_is_left_alone() -> None:
    message = {"content": "Hi"}
    body = {"choices": [{"message": message}]}

    answers.whole(Answer(body), PROMISED, ESTIMATED)

    assert body == {"choices": [{"message": {"content": "Hi"}}]}


@pytest.mark.parametrize("found", [..., None, {}, "no", 7, True, {"0": CHOICE}])
def test_choices_that_are_no_list_are_none(found: Any) -> None:
    body = {} if found is ... else {"choices": found}

    assert Answer(body).choices == []


def test_choices_that_are_no_objects_are_left_out() -> None:
    assert whole(choices=[None, CHOICE, "no", 7, [CHOICE]])["choices"] == [CHOICE]


@pytest.mark.parametrize("message", [None, "Hi", 7, ["Hi"]])
def test_a_choice_without_a_message_is_none(message: Any) -> None:
    assert whole(choices=[{"message": message}, {"finish_reason": "stop"}, CHOICE])["choices"] == [CHOICE]


def test_the_providers_details_of_usage_are_kept() -> None:
    reported = USAGE | {"cost": 0.1, "prompt_tokens_details": {"cached_tokens": 3}}

    assert whole(usage=reported)["usage"] == reported


def test_a_total_that_is_not_reported_is_ours() -> None:
    reported = {"prompt_tokens": 12, "completion_tokens": 18, "total_tokens": None, "prompt_tokens_details": None}

    assert whole(usage=reported)["usage"] == USAGE


@pytest.mark.parametrize("wrong", ["30", -1, True, 30.5, 10**13, [], {}])
def test_a_total_that_is_no_count_is_ours(wrong: Any) -> None:
    reported = {"prompt_tokens": 12, "completion_tokens": 18, "total_tokens": wrong}

    assert whole(usage=reported)["usage"] == USAGE


@pytest.mark.parametrize("reported", [..., None, [], "12", 7, {"prompt_tokens": "12", "completion_tokens": 18}])
def test_an_estimate_takes_the_place_of_usage_that_cannot_be_read(reported: Any) -> None:
    answer = whole(ESTIMATED, usage=reported)

    assert answer["usage"] == {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}


def test_headers_tell_what_was_adjusted_ours_first_and_what_was_estimated() -> None:
    answer = Answer({}, ("model=x", "-top_p"), {"x-ratelimit-limit": "9"})

    assert answers.headers(answer, ("+max_tokens",), ESTIMATED) == {
        "x-ratelimit-limit": "9",
        "x-openmind-adjusted": "+max_tokens, model=x, -top_p",
        "x-openmind-usage": "estimated",
    }


def test_headers_say_nothing_where_there_is_nothing_to_say() -> None:
    assert answers.headers(Answer({}), (), EXACT) == {}


def test_all_that_the_model_wrote_is_text() -> None:
    calls = [{"function": {"name": "move", "arguments": '{"x": 1}'}}, {"function": {"arguments": "{}"}}]
    choices: list[dict[str, Any]] = [
        {"message": {"content": "a", "reasoning": "b", "reasoning_content": "c", "tool_calls": calls}},
        {"message": {"content": "d"}},
    ]

    assert list(answers.texts(choices)) == ["a", "b", "c", '{"x": 1}', "{}", "d"]


@pytest.mark.parametrize(
    "message",
    [None, "Hi", 7, [], {"content": 7}, {"content": {}}, {"tool_calls": "move"}, {"tool_calls": {"function": "move"}},
     {"tool_calls": 7}, {"tool_calls": True}, {"tool_calls": [None, "move", 7, {}, {"function": "move"}]},
     {"tool_calls": [{"function": {"arguments": {"x": 1}}}]}],
)  # fmt: skip
def test_what_is_not_written_as_it_should_be_is_no_text(message: Any) -> None:
    assert list(answers.texts([{"message": message}, {}])) == []


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters())
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["message", "content", "tool_calls", "function", "arguments", "finish_reason"]), inner
        )
        | st.dictionaries(st.sampled_from(["prompt_tokens", "completion_tokens", "total_tokens"]), inner)
    ),
    max_leaves=12,
)


NOTHING_ASKED = usage.Prompt(text_bytes=0, messages=0, images=0, low_images=0)


@given(st.dictionaries(st.sampled_from([*WHOLE, "error"]), values))
def test_no_answer_however_wrong_is_more_than_we_can_bear(body: dict[str, Any]) -> None:
    answer = Answer(body)

    counted = usage.read(body.get("usage")) or usage.estimate(NOTHING_ASKED, answers.texts(answer.choices))
    made_whole = answers.whole(answer, PROMISED, counted)

    assert {type(made_whole[name]) for name in ("id", "object", "model")} == {str}
    assert {type(made_whole["usage"][name]) for name in usage.as_openai(counted)} == {int}
