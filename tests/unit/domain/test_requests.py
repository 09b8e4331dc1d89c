"""What a body must be, field by field; everything else passes."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmind_llm.domain import requests
from openmind_llm.errors import InvalidRequestError

USER = {"role": "user", "content": "Hi"}


def parse(**fields: Any) -> requests.ChatRequest:
    """A good body with fields replaced; `...` leaves a field out."""
    body = {"model": "gpt-4o", "messages": [USER]} | fields
    return requests.parse(json.dumps({name: value for name, value in body.items() if value is not ...}).encode())


def refusal(**fields: Any) -> str:
    with pytest.raises(InvalidRequestError) as raised:
        parse(**fields)
    return raised.value.message


def test_a_minimal_body_is_taken_as_it_is() -> None:
    request = parse()

    assert (request.model, request.is_stream) == ("gpt-4o", False)
    assert request.body == {"model": "gpt-4o", "messages": [USER]}


@pytest.mark.parametrize(("stream", "is_stream"), [(True, True), (False, False), (None, False), (..., False)])
def test_a_stream_is_asked_for_by_true_alone(stream: Any, is_stream: bool) -> None:
    assert parse(stream=stream).is_stream is is_stream


PRINTABLE = "model must be at most 200 printable characters without spaces"
ONE_OF_THE_ROLES = "messages[0].role must be one of system, developer, user, assistant, tool, function"
TEXT_OR_PARTS = "messages[0].content must be a string or an array of parts"
TYPED_PART = "messages[0].content[0] must be an object with a type"

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"model": ...}, "model is required"),
    ({"model": None}, "model is required"),
    ({"model": ""}, "model is required"),
    ({"model": 4}, "model must be a string"),
    ({"model": ["gpt-4o"]}, "model must be a string"),
    ({"model": "a b"}, PRINTABLE),
    ({"model": "gpt-4o\n"}, PRINTABLE),
    ({"model": "x" * 201}, PRINTABLE),
    ({"model": "gpt-4о"}, PRINTABLE),  # noqa: RUF001 - Cyrillic
    ({"messages": ...}, "messages is required"),
    ({"messages": None}, "messages is required"),
    ({"messages": "Hi"}, "messages must be an array"),
    ({"messages": {"role": "user"}}, "messages must be an array"),
    ({"messages": []}, "messages must not be empty"),
    ({"messages": [USER, "Hi"]}, "messages[1] must be an object"),
    ({"messages": [{"content": "Hi"}]}, ONE_OF_THE_ROLES),
    ({"messages": [{"role": "robot", "content": "Hi"}]}, ONE_OF_THE_ROLES),
    ({"messages": [{"role": ["user"], "content": "Hi"}]}, ONE_OF_THE_ROLES),
    ({"messages": [{"role": "user"}]}, "messages[0].content is required"),
    ({"messages": [{"role": "tool", "content": None}]}, "messages[0].content is required"),
    ({"messages": [{"role": "user", "content": 1}]}, TEXT_OR_PARTS),
    ({"messages": [{"role": "assistant", "content": {}}]}, TEXT_OR_PARTS),
    ({"messages": [{"role": "user", "content": ["Hi"]}]}, TYPED_PART),
    ({"messages": [USER, {"role": "user", "content": [{}]}]}, TYPED_PART.replace("messages[0]", "messages[1]")),
    ({"messages": [{"role": "user", "content": [{"type": 1}]}]}, TYPED_PART),
    ({"temperature": "1"}, "temperature must be a number"),
    ({"temperature": True}, "temperature must be a number"),
    ({"temperature": -0.1}, "temperature must be between 0 and 2"),
    ({"temperature": 2.1}, "temperature must be between 0 and 2"),
    ({"top_p": 1.1}, "top_p must be between 0 and 1"),
    ({"frequency_penalty": -2.1}, "frequency_penalty must be between -2 and 2"),
    ({"presence_penalty": 2.1}, "presence_penalty must be between -2 and 2"),
    ({"presence_penalty": 10**400}, "presence_penalty must be between -2 and 2"),
    ({"max_tokens": "100"}, "max_tokens must be an integer"),
    ({"max_tokens": True}, "max_tokens must be an integer"),
    ({"max_tokens": 1.5}, "max_tokens must be an integer"),
    ({"max_tokens": 0}, "max_tokens must be at least 1"),
    ({"max_tokens": 0.0}, "max_tokens must be at least 1"),
    ({"max_completion_tokens": -1}, "max_completion_tokens must be at least 1"),
    ({"max_tokens": 2**53}, "max_tokens must be at most 9007199254740991"),
    ({"n": 0}, "n must be at least 1"),
    ({"n": 1e300}, "n must be at most 9007199254740991"),
    ({"n": []}, "n must be an integer"),
    ({"stream": "true"}, "stream must be a boolean"),
    ({"stream": 1}, "stream must be a boolean"),
    ({"stream_options": []}, "stream_options must be an object"),
    ({"Model": "gpt-4o"}, "model must be spelled in lower case"),
    ({"MAX_TOKENS": 5}, "max_tokens must be spelled in lower case"),
    ({"meſsages": []}, "messages must be spelled in lower case"),  # noqa: RUF001 - a long s
]  # fmt: skip


@pytest.mark.parametrize(("fields", "text"), REFUSED, ids=str)
def test_a_body_that_breaks_a_rule_is_told_the_field_and_the_rule(fields: dict[str, Any], text: str) -> None:
    assert refusal(**fields) == text


@pytest.mark.parametrize("text", ["1e400", "-1e400"])
def test_a_number_beyond_all_numbers_is_not_an_integer(text: str) -> None:
    raw = b'{"model": "m", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": %s}' % text.encode()

    with pytest.raises(InvalidRequestError, match="max_tokens must be an integer"):
        requests.parse(raw)


TAKEN: list[dict[str, Any]] = [
    {"temperature": 0, "top_p": 0, "frequency_penalty": -2, "presence_penalty": -2},
    {"temperature": 2, "top_p": 1, "frequency_penalty": 2, "presence_penalty": 2},
    {"max_tokens": 1, "max_completion_tokens": 10**9},
    {"max_tokens": 2**53 - 1},
    {"messages": [{"role": role, "content": "Hi"} for role in requests.ROLES]},
    {"messages": [USER, {"role": "assistant", "content": None, "tool_calls": []}]},
    {"messages": [USER, {"role": "assistant"}]},
    {"messages": [{"role": "user", "content": ""}, {"role": "user", "content": []}]},
    {"messages": [{"role": "user", "content": [{"type": "of_tomorrow", "x": 1}], "name": 5}]},
    {"Metadata": {"a": "b"}, "USER": "robot"},
]


@pytest.mark.parametrize("fields", TAKEN, ids=str)
def test_a_body_within_the_rules_is_kept_as_it_came(fields: dict[str, Any]) -> None:
    assert parse(**fields).body == {"model": "gpt-4o", "messages": [USER]} | fields


def test_an_integral_fraction_is_kept_as_an_integer() -> None:
    limit = parse(max_tokens=100.0).body["max_tokens"]

    assert (limit, type(limit)) == (100, int)


@pytest.mark.parametrize(
    "field", ["temperature", "top_p", "max_tokens", "max_completion_tokens", "n", "stream_options"]
)
def test_null_stands_for_absent(field: str) -> None:
    assert parse(**{field: None}).body[field] is None


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5)


@given(st.dictionaries(st.sampled_from(["tools", "tool_choice", "seed", "stop", "user", "logit_bias"]), values))
def test_a_field_without_a_rule_may_be_anything(fields: dict[str, Any]) -> None:
    assert parse(**fields).body == {"model": "gpt-4o", "messages": [USER]} | fields


@given(st.dictionaries(st.sampled_from(["model", "messages", "temperature", "max_tokens", "stream"]), values))
def test_any_values_are_taken_or_refused(fields: dict[str, Any]) -> None:
    """No other exception comes out, and what is taken names a model."""
    try:
        request = parse(**fields)
    except InvalidRequestError:
        return
    assert request.body["model"] == request.model


def test_a_request_is_measured_once() -> None:
    request = parse(messages=[{"role": "user", "content": "Hello!"}])

    assert request.prompt is request.prompt


def test_a_request_whose_text_was_changed_is_measured_anew() -> None:
    request = parse(messages=[{"role": "user", "content": "x" * 300}])
    before = request.prompt

    changed = replace(request, body={"messages": [{"role": "user", "content": "[redacted]"}]})

    assert changed.prompt.text_bytes < before.text_bytes
