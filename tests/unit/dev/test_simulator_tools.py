"""Tool calls and JSON answers."""

import json
from typing import Any

import jsonschema
import pytest

from tests.unit.dev.asking import PROVIDERS, ask, request

MOVE = {
    "type": "object",
    "properties": {"action": {"type": "string", "enum": ["walk", "sit", "dance"]}},
    "required": ["action"],
    "additionalProperties": False,
}
SPEAK = {
    "type": "object",
    "properties": {"action": {"type": "string", "minLength": 3, "maxLength": 500}},
    "required": ["action"],
    "additionalProperties": False,
}
ROBOT = {
    "$defs": {
        "Action": {
            "type": "object",
            "properties": {"type": {"type": "string"}, "value": {"type": "string"}},
            "required": ["type", "value"],
            "additionalProperties": False,
        }
    },
    "type": "object",
    "properties": {"actions": {"type": "array", "items": {"$ref": "#/$defs/Action"}}},
    "required": ["actions"],
    "additionalProperties": False,
}


def _tool(name: str, parameters: Any = MOVE, **fields: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": parameters, **fields}}


def _names(body: dict[str, Any], provider: str = "openai") -> list[str]:
    message = ask(provider, body).message
    return [call["function"]["name"] for call in message.get("tool_calls", ())]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_tool_is_called_with_valid_arguments(provider: str) -> None:
    """The arguments are a JSON string that obeys the tool's schema."""
    choice = ask(provider, request(tools=[_tool("move", strict=True)])).json["choices"][0]

    call = choice["message"]["tool_calls"][0]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] is None
    assert call["type"] == "function"
    assert call["id"]
    jsonschema.validate(json.loads(call["function"]["arguments"]), MOVE)


def test_an_argument_follows_the_words_of_the_user() -> None:
    """Of an enum, the value that the user names is taken."""
    call = ask("openai", request("Please dance!", tools=[_tool("move")])).message["tool_calls"][0]

    assert json.loads(call["function"]["arguments"]) == {"action": "dance"}


def test_the_speech_of_a_robot_is_the_answer() -> None:
    """A free text called `action` holds what would have been said."""
    call = ask("openai", request("Hi", tools=[_tool("speak", SPEAK)])).message["tool_calls"][0]

    assert 'You said "Hi".' in json.loads(call["function"]["arguments"])["action"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ["move"]),
        ({"tool_choice": "auto"}, ["move"]),
        ({"tool_choice": "required"}, ["move"]),
        ({"tool_choice": "none"}, []),
        ({"tool_choice": {"type": "function", "function": {"name": "speak"}}}, ["speak"]),
        ({"parallel_tool_calls": True}, ["move", "speak"]),
        ({"parallel_tool_calls": False}, ["move"]),
    ],
)
def test_the_choice_of_tools_is_obeyed(fields: dict[str, Any], expected: list[str]) -> None:
    """Which tools are called depends on `tool_choice` and `parallel_tool_calls`."""
    assert _names(request(tools=[_tool("move"), _tool("speak"), _tool("look")], **fields)) == expected


def test_the_tools_that_the_user_names_are_called() -> None:
    """All of them, unless calls in parallel are switched off."""
    body = request("First look, then speak.", tools=[_tool("move"), _tool("speak"), _tool("look")])

    assert _names(body) == ["speak", "look"]
    assert _names(body | {"parallel_tool_calls": False}) == ["speak"]


def test_a_required_call_is_made_even_after_a_tool_has_answered() -> None:
    """Only "auto" lets the model answer in words."""
    call = {"id": "call_1", "type": "function", "function": {"name": "move", "arguments": "{}"}}
    messages = [
        {"role": "user", "content": "Go"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "done"},
    ]

    assert _names(request(messages=messages, tools=[_tool("move")], tool_choice="required")) == ["move"]


def test_a_tool_without_parameters_is_called_with_none() -> None:
    """Its arguments are an empty object."""
    body = request(tools=[{"type": "function", "function": {"name": "stop"}}])

    assert ask("nearai", body).message["tool_calls"][0]["function"]["arguments"] == "{}"


def test_a_cap_cuts_the_arguments() -> None:
    """As at a model that is cut off, they are no JSON any more."""
    choice = ask("openai", request(tools=[_tool("move")], max_tokens=4)).json["choices"][0]

    assert choice["finish_reason"] == "length"
    with pytest.raises(json.JSONDecodeError):
        json.loads(choice["message"]["tool_calls"][0]["function"]["arguments"])


@pytest.mark.parametrize(
    "fields",
    [
        {"tool_choice": "required"},
        {"tool_choice": "maybe", "tools": [_tool("move")]},
        {"tool_choice": {"type": "function", "function": {"name": "fly"}}, "tools": [_tool("move")]},
        {"tools": [{"type": "web_search"}]},
        {"tools": [_tool("no spaces")]},
        {"tools": {}},
    ],
)
def test_tools_that_make_no_sense_are_refused(fields: dict[str, Any]) -> None:
    """400, with the parameter's name."""
    reply = ask("openai", request(**fields))

    assert reply.status == 400
    assert reply.json["error"]["param"] in {"tools", "tool_choice"}


def test_a_schema_that_nothing_fits_is_refused() -> None:
    """The refusal names the tool."""
    reply = ask("openai", request(tools=[_tool("move", {"type": "object", "minProperties": 2, "maxProperties": 1})]))

    assert reply.status == 400
    assert "function 'move'" in reply.json["error"]["message"]


def test_gemini_3_signs_its_calls() -> None:
    """The signature is what the next turn has to bring back."""
    call = ask("gemini", request(model="gemini-3-flash-preview", tools=[_tool("move")])).message["tool_calls"][0]

    assert call["extra_content"]["google"]["thought_signature"]


@pytest.mark.parametrize("provider", ["openai", "gemini", "xai", "nearai", "openrouter"])
def test_an_answer_by_schema_is_valid(provider: str) -> None:
    """The content is JSON that obeys the schema, here with robot actions."""
    wanted = {"type": "json_schema", "json_schema": {"name": "Actions", "strict": True, "schema": ROBOT}}

    answer = json.loads(ask(provider, request("Hi", response_format=wanted)).message["content"])

    jsonschema.validate(answer, ROBOT)
    assert [action["type"] for action in answer["actions"]] == ["move", "speak", "emotion"]


def test_json_mode_answers_with_an_object() -> None:
    """Without a schema, the answer stands in a field of that name."""
    body = request("Tell me in JSON", response_format={"type": "json_object"})

    assert list(json.loads(ask("openai", body).message["content"])) == ["answer"]


def test_json_mode_answers_a_robot_with_actions() -> None:
    """Where the prompt shows a form with "actions", that form comes back."""
    messages = [
        {"role": "system", "content": 'Answer as JSON: {"properties": {"actions": {"type": "array"}}}'},
        {"role": "user", "content": "Hi"},
    ]
    body = request(messages=messages, response_format={"type": "json_object"})

    answer = json.loads(ask("deepseek", body).message["content"])

    assert {"type": "move", "value": "stand still"} in answer["actions"]
