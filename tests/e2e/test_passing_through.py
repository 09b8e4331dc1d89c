"""What the provider gets of the client's body, field by field, for each family of models."""

from typing import Any

import pytest

from openmind_llm import plans
from tests.canaries import PROVIDER_KEY
from tests.e2e.conftest import Ask, chat
from tests.fake_upstream import FakeUpstream

CAP = plans.load().get("unlimited").output_tokens
"""Neither the plan nor gpt-4o lets an answer be longer."""

TOOL = {
    "type": "function",
    "function": {
        "name": "move",
        "description": "Move the robot",
        "parameters": {
            "type": "object",
            "properties": {"action": {"type": "string", "enum": ["walk", "sit"]}},
            "required": ["action"],
            "additionalProperties": False,
        },
        "strict": True,
    },
}
SCHEMA = {
    "type": "json_schema",
    "json_schema": {
        "name": "CortexOutputModel",
        "strict": True,
        "schema": {
            "$defs": {"Action": {"type": "object", "properties": {"type": {"type": "string"}}}},
            "type": "object",
            "properties": {"actions": {"type": "array", "items": {"$ref": "#/$defs/Action"}}},
        },
    },
}
IMAGE = [
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "What do you see?"},
            {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,/9j/4AAQ", "detail": "low"}},
        ],
    }
]
TURNS = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Walk."},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "move", "arguments": "{}"}}],
        "extra_content": {"google": {"thought_signature": "c2ln"}},
        "reasoning_content": "hmm",
    },
    {"role": "tool", "tool_call_id": "call_1", "content": "done"},
]

UNTOUCHED: list[dict[str, Any]] = [
    {"tools": [TOOL], "tool_choice": "auto"},
    {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "move"}}},
    {"response_format": SCHEMA, "stream": False},
    {"response_format": {"type": "json_object"}},
    {"messages": IMAGE, "max_tokens": 300},
    {"messages": TURNS},
    {"reasoning_effort": "low"},
    {"a_field_of_tomorrow": {"deep": [1, 2.5, None, True, "é\u2028🤖"]}},
    {"n": 2, "user": "robot-7", "metadata": {"a": "b"}},
    {"temperature": None},
]


@pytest.mark.parametrize("fields", UNTOUCHED)
def test_what_the_contract_does_not_name_reaches_the_provider_untouched(
    ask: Ask, upstream: FakeUpstream, fields: dict[str, Any]
) -> None:
    answer = ask(**chat(model="gpt-4o") | fields)

    assert answer.status == 200
    assert upstream.received[0].body == {"max_tokens": CAP} | chat(model="gpt-4o") | fields
    assert answer.headers.get("x-openmind-adjusted") == (None if "max_tokens" in fields else "+max_tokens")


EVERYTHING = {
    "temperature": 0.7,
    "max_tokens": 100,
    "top_p": 0.9,
    "frequency_penalty": 0,
    "presence_penalty": 0.5,
    "stop": ["END"],
    "seed": 7,
}

PROFILES: list[tuple[str, str, dict[str, Any], set[str], dict[str, Any]]] = [
    # provider, model, fields sent, fields that must be gone, fields that must be there
    ("openai", "gpt-4o", EVERYTHING, set(), EVERYTHING),
    (
        "openai",
        "gpt-5-mini",
        EVERYTHING,
        {"max_tokens", "temperature", "top_p", "frequency_penalty", "presence_penalty", "stop"},
        {"max_completion_tokens": 100, "seed": 7},
    ),
    ("openai", "gpt-5", {"temperature": 1}, set(), {"temperature": 1}),
    (
        "deepseek",
        "deepseek-chat",
        {"max_completion_tokens": 50},
        {"max_completion_tokens"},
        {"model": "deepseek-flash", "max_tokens": 50, "thinking": {"type": "disabled"}},
    ),
    ("deepseek", "deepseek-chat", {"thinking": {"type": "enabled"}}, set(), {"thinking": {"type": "enabled"}}),
    (
        "gemini",
        "gemini-2.5-pro",
        EVERYTHING,
        {"frequency_penalty", "presence_penalty", "seed"},
        {"temperature": 0.7, "max_tokens": 100, "top_p": 0.9, "stop": ["END"]},
    ),
    ("gemini", "gemini-3-pro", {}, set(), {"model": "gemini-3.1-pro-preview"}),
    (
        "xai",
        "grok-4",
        EVERYTHING | {"max_completion_tokens": 60},
        {"frequency_penalty", "presence_penalty", "stop", "max_completion_tokens"},
        {"model": "grok-4.3", "max_tokens": 100, "seed": 7},
    ),
    ("xai", "grok-2-latest", {}, set(), {"model": "grok-4.3", "reasoning_effort": "none"}),
    ("nearai", "qwen2.5-7b-instruct", EVERYTHING, set(), EVERYTHING),
    ("openrouter", "anthropic/claude-sonnet-4.5", EVERYTHING, set(), EVERYTHING),
]


@pytest.mark.parametrize(("provider", "model", "sent", "gone", "there"), PROFILES)
def test_a_body_is_fitted_to_its_model_and_every_change_is_told(
    ask: Ask,
    upstream: FakeUpstream,
    provider: str,
    model: str,
    sent: dict[str, Any],
    gone: set[str],
    there: dict[str, Any],
) -> None:
    answer = ask(provider, model=model, **sent)

    body = upstream.received[0].body
    told = answer.headers.get("x-openmind-adjusted", "").split(", ")
    is_capped = "max_tokens" in sent or "max_completion_tokens" in sent
    admitted = sent if is_capped else sent | {"max_tokens": int(answer.headers["x-openmind-max-tokens"])}
    assert answer.status == 200
    assert not gone & body.keys()
    assert body == body | there
    assert (told[0] == "+max_tokens") is not is_capped
    assert {*told} - {"", "+max_tokens"} == _changes(chat(model=model, **admitted), body)


def _changes(sent: dict[str, Any], received: dict[str, Any]) -> set[str]:
    """Every change between two bodies, in the notation of the header."""
    gone, new = sent.keys() - received.keys(), received.keys() - sent.keys()
    renamed = {(old, name) for old in gone for name in new if sent[old] == received[name]}
    return (
        {f"{old}->{name}" for old, name in renamed}
        | {f"-{name}" for name in gone - {old for old, _ in renamed}}
        | {f"+{name}" for name in new - {name for _, name in renamed}}
        | {f"model={received['model']}" for _ in "m" if received["model"] != sent["model"]}
    )


def test_a_penalty_of_zero_is_dropped_too_where_it_is_refused(ask: Ask, upstream: FakeUpstream) -> None:
    ask("xai", model="grok-4", presence_penalty=0, frequency_penalty=0.0)

    assert not {"presence_penalty", "frequency_penalty"} & upstream.received[0].body.keys()


def test_a_message_name_is_dropped_where_it_is_refused(ask: Ask, upstream: FakeUpstream) -> None:
    answer = ask("xai", model="grok-4", messages=[{"role": "user", "content": "Hi", "name": "robot"}])

    assert upstream.received[0].body["messages"] == [{"role": "user", "content": "Hi"}]
    assert "-messages[].name" in answer.headers["x-openmind-adjusted"]


def test_an_empty_list_of_tools_goes_together_with_what_hangs_on_it(ask: Ask, upstream: FakeUpstream) -> None:
    answer = ask(tools=[], tool_choice="auto")

    assert upstream.received[0].body == chat(max_tokens=CAP)
    assert answer.headers["x-openmind-adjusted"] == "+max_tokens, -tools, -tool_choice"


def test_the_provider_gets_its_own_key_and_nothing_of_the_clients(ask: Ask, upstream: FakeUpstream) -> None:
    ask(headers={"cookie": "a=b", "x-forwarded-for": "1.2.3.4", "openai-organization": "theirs", "x-api-key": ""})

    received = upstream.received[0]
    assert received.path == "/openai/chat/completions"
    assert received.headers["authorization"] == f"Bearer {PROVIDER_KEY}"
    assert received.headers["content-type"] == "application/json"
    assert received.headers.keys() <= {
        "host", "accept", "accept-encoding", "connection", "user-agent", "authorization", "content-type",
        "content-length",
    }  # fmt: skip
