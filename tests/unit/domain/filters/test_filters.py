"""What the model may read, and what of a whole answer may be told."""

from typing import Any

import pytest

from openmind_llm.domain.filters import NONE
from openmind_llm.domain.filters.refusals import ContentBlockedError
from openmind_llm.domain.requests import ChatRequest
from tests.unit.domain.filters.filtering import rule, those

SECRET = rule("secret")
BLOCKING = rule("secret", "block", name="no secrets")
USER: dict[str, Any] = {"role": "user", "content": "Hello"}

READ: dict[str, dict[str, Any]] = {
    "a text": {"messages": [{"role": "user", "content": "a secret"}]},
    "a part": {"messages": [{"role": "user", "content": [{"type": "text", "text": "a secret"}]}]},
    "a refusal": {"messages": [{"role": "assistant", "content": [{"type": "refusal", "refusal": "a secret"}]}]},
    "reasoning": {"messages": [{"role": "assistant", "content": "", "reasoning_content": "a secret"}]},
    "arguments": {
        "messages": [{"role": "assistant", "tool_calls": [{"function": {"arguments": '{"a": "a secret"}'}}]}]
    },
    "the result of a tool": {"messages": [{"role": "tool", "tool_call_id": "call_1", "content": "a secret"}]},
    "documents": {"messages": [USER], "documents": [{"title": "t", "text": "a secret"}]},
    "a field that is new to us": {"messages": [USER], "system_prompt": {"text": "a secret"}},
    "a default in a schema": {
        "messages": [USER],
        "tools": [{"function": {"parameters": {"properties": {"x": {"default": {"y": "a secret"}}}}}}],
    },
    "a grammar": {"messages": [USER], "tools": [{"custom": {"format": {"grammar": {"definition": "a secret"}}}}]},
    "a tool's description": {"messages": [USER], "tools": [{"function": {"name": "f", "description": "a secret"}}]},
    "a parameter's description": {
        "messages": [USER],
        "tools": [{"function": {"parameters": {"properties": {"x": {"description": "a secret"}}}}}],
    },
    "what a parameter may be": {
        "messages": [USER],
        "functions": [{"parameters": {"properties": {"x": {"enum": ["a secret", 1]}}}}],
    },
    "an answer's form": {"messages": [USER], "response_format": {"json_schema": {"description": "a secret"}}},
    "a foretold answer": {"messages": [USER], "prediction": {"type": "content", "content": "a secret"}},
}
LEFT_ALONE: dict[str, dict[str, Any]] = {
    "an image": {
        "messages": [
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://example.test/secret"}}]}
        ]
    },
    "a tool's name": {"messages": [USER], "tools": [{"type": "function", "function": {"name": "secret"}}]},
    "a called tool's name": {"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "secret"}}]}]},
    "a parameter's name": {
        "messages": [USER],
        "tools": [{"function": {"parameters": {"properties": {"secret": {"type": "string"}}, "required": ["secret"]}}}],
    },
    "an id": {"messages": [{"role": "tool", "tool_call_id": "secret", "content": "x"}]},
    "what the model does not read": {"messages": [USER], "user": "secret", "metadata": {"a": "secret"}},
    "other texts": {"messages": [USER]},
}


def request(body: dict[str, Any]) -> ChatRequest:
    return ChatRequest("gpt-4o", {"model": "gpt-4o", **body})


def answer(message: dict[str, Any], **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop", "logprobs": None}
    return {"id": "chatcmpl-1", "choices": [choice | more], "usage": {"prompt_tokens": 1}}


@pytest.mark.parametrize("body", READ.values(), ids=READ)
def test_what_the_model_reads_is_redacted(body: dict[str, Any]) -> None:
    asked = request(body)

    read = those(SECRET).read(asked)

    assert str(read.body) == str(asked.body).replace("secret", "[redacted]")


@pytest.mark.parametrize("body", READ.values(), ids=READ)
def test_what_the_model_reads_is_blocked_by_the_name_of_the_rule(body: dict[str, Any]) -> None:
    with pytest.raises(ContentBlockedError, match=r"^Blocked by the content filter 'no secrets'$") as refused:
        those(BLOCKING).read(request(body))

    assert (refused.value.status, refused.value.code, refused.value.may_retry) == (400, "content_blocked", False)


@pytest.mark.parametrize("body", LEFT_ALONE.values(), ids=LEFT_ALONE)
def test_what_is_no_text_stays_as_it_is(body: dict[str, Any]) -> None:
    asked = request(body)

    assert those(BLOCKING).read(asked) is asked


def test_the_body_that_was_sent_is_not_written_to() -> None:
    asked = request({"messages": [{"role": "user", "content": "a secret"}]})

    those(SECRET).read(asked)

    assert asked.body["messages"][0]["content"] == "a secret"


@pytest.mark.parametrize("on", ["input", "output"])
def test_a_rule_holds_where_it_says(on: str) -> None:
    found = those(rule("secret", on=on))
    asked = request({"messages": [{"role": "user", "content": "secret"}]})

    read, told = found.read(asked), found.written(answer({"content": "secret"}))

    assert (read is not asked, told["choices"][0]["message"]["content"] != "secret") == (on == "input", on == "output")


@pytest.mark.parametrize(
    "message",
    [
        {"content": "a secret"},
        {"content": [{"type": "text", "text": "a secret"}]},
        {"content": None, "refusal": "a secret"},
        {"content": "x", "reasoning": "a secret"},
        {"content": "x", "reasoning_content": "a secret"},
        {"content": "x", "reasoning_details": [{"type": "reasoning.text", "text": "a secret"}]},
        {
            "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"x":"secret"}'}}
            ]
        },
        {"tool_calls": [{"id": "call_1", "type": "custom", "custom": {"name": "f", "input": "a secret"}}]},
        {"function_call": {"name": "f", "arguments": '{"x":"secret"}'}},
    ],
)
def test_what_the_model_writes_is_redacted(message: dict[str, Any]) -> None:
    plain = answer(message)

    assert str(those(SECRET).written(plain)) == str(plain).replace("secret", "[redacted]")


def test_a_blocked_answer_says_nothing_but_that_it_is() -> None:
    calls = [{"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]
    plain = answer({"content": "x", "reasoning": "a secret", "tool_calls": calls}, logprobs={"content": []})

    told = those(BLOCKING).written(plain)

    assert told["choices"] == [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "", "refusal": None},
            "logprobs": None,
            "finish_reason": "content_filter",
        }
    ]
    assert told["usage"] == plain["usage"]


def test_only_the_choice_that_says_it_is_blocked() -> None:
    plain = answer({"content": "fine"})
    plain["choices"].append({"index": 1, "message": {"content": "secret"}, "finish_reason": "stop"})

    told = those(BLOCKING).written(plain)["choices"]

    assert [(one["index"], one["finish_reason"]) for one in told] == [(0, "stop"), (1, "content_filter")]


def test_logprobs_which_spell_the_text_are_dropped() -> None:
    told = those(SECRET).written(answer({"content": "fine"}, logprobs={"content": [{"token": "fine"}]}))

    assert told["choices"][0]["logprobs"] is None


def test_without_rules_an_answer_is_the_very_same() -> None:
    plain = answer({"content": "secret"}, logprobs={"content": []})

    assert NONE.written(plain) is plain
    assert those(rule("secret", on="input")).written(plain) is plain
