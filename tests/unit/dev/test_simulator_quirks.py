"""What each provider refuses, and how it counts."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.dev.asking import PROVIDERS, ask, request, send


def _error(provider: str, **fields: Any) -> Any:
    reply = ask(provider, request(**fields))
    assert reply.status == 400
    return reply.json["error"]


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"model": "m"}',
        b'{"messages": [{"role": "user", "content": "hi"}]}',
        b'{"model": "m", "messages": []}',
        b'{"model": "m", "messages": [1]}',
        b'{"model": "m", "messages": [{"role": "robot", "content": "hi"}]}',
        b'{"model": "m", "messages": [{"role": "user"}]}',
        b'{"model": "m", "messages": [{"role": "user", "content": [{"type": "smell"}]}]}',
        b'{"model": "m", "messages": [{"role": "tool", "content": "hi"}]}',
        b'{"model": "m", "messages": [{"role": "assistant", "tool_calls": [{}]}]}',
    ],
)
def test_a_body_that_is_no_request_is_refused(provider: str, raw: bytes) -> None:
    """400 everywhere."""
    assert send(f"/{provider}/chat/completions", raw).status == 400


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", 2.1),
        ("temperature", "hot"),
        ("top_p", -0.1),
        ("max_tokens", 0),
        ("max_completion_tokens", True),
        ("n", 129),
        ("stream", "yes"),
        ("stop", ["a", "b", "c", "d", "e"]),
        ("response_format", {"type": "xml"}),
        ("response_format", {"type": "json_schema", "json_schema": {"schema": {}}}),
        ("presence_penalty", 3),
    ],
)
def test_a_value_out_of_range_is_refused(name: str, value: Any) -> None:
    """The parameter is named."""
    assert _error("openai", **{name: value})["param"] == name


@pytest.mark.parametrize("provider", PROVIDERS)
def test_null_stands_for_absent(provider: str) -> None:
    """Optional fields may be null."""
    body = request(temperature=None, max_tokens=None, stop=None, stream=None, tools=None, response_format=None)

    assert ask(provider, body).status == 200


def test_openai_refuses_unknown_fields() -> None:
    """By name."""
    error = _error("openai", thinking={"type": "disabled"})

    assert (error["code"], error["param"]) == ("unknown_parameter", "thinking")


@pytest.mark.parametrize("provider", ["deepseek", "xai", "nearai", "openrouter"])
def test_other_providers_ignore_unknown_fields(provider: str) -> None:
    """They answer all the same."""
    assert ask(provider, request(surprise=1)).status == 200


@pytest.mark.parametrize("model", ["gpt-5", "gpt-5-mini", "gpt-5-nano-2025-08-07", "gpt-5.1", "o3"])
def test_openai_reasoning_models_want_the_newer_name_of_the_cap(model: str) -> None:
    """`max_tokens` is refused with the advice to rename it."""
    error = _error("openai", model=model, max_tokens=100)

    assert (error["code"], error["param"]) == ("unsupported_parameter", "max_tokens")
    assert "max_completion_tokens" in error["message"]


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-4.1-mini", "gpt-5-chat-latest"])
def test_openai_chat_models_take_all_fields(model: str) -> None:
    """Caps, sampling and stops."""
    body = request(model=model, max_tokens=9, temperature=0.5, top_p=0.5, stop="x", presence_penalty=0, seed=1)

    assert ask("openai", body).status == 200


@pytest.mark.parametrize("field", [{"top_p": 1}, {"presence_penalty": 0}, {"frequency_penalty": 0}, {"stop": "x"}])
def test_openai_reasoning_models_refuse_sampling(field: dict[str, Any]) -> None:
    """Even at the default value."""
    assert _error("openai", model="gpt-5", **field)["code"] == "unsupported_parameter"


def test_openai_reasoning_models_take_one_temperature() -> None:
    """The default, 1."""
    assert ask("openai", request(model="gpt-5", temperature=1)).status == 200
    assert _error("openai", model="gpt-5", temperature=0.7)["code"] == "unsupported_value"


def test_newer_openai_models_take_sampling_while_they_do_not_reason() -> None:
    """It depends on `reasoning_effort`."""
    assert ask("openai", request(model="gpt-5.1", top_p=0.5)).status == 200
    assert ask("openai", request(model="gpt-5.1", top_p=0.5, reasoning_effort="none")).status == 200
    assert _error("openai", model="gpt-5.1", top_p=0.5, reasoning_effort="low")["param"] == "top_p"


def test_openai_refuses_stream_options_without_a_stream() -> None:
    """The two belong together."""
    assert _error("openai", stream_options={"include_usage": True})["param"] == "stream_options"


def test_openai_refuses_an_empty_list_of_tools() -> None:
    """The field has to be left out."""
    assert _error("openai", tools=[], tool_choice="auto")["param"] == "tools"


@pytest.mark.parametrize("provider", ["deepseek", "gemini", "xai", "nearai", "openrouter"])
def test_other_providers_take_an_empty_list_of_tools(provider: str) -> None:
    """As if there were none."""
    assert ask(provider, request(tools=[], tool_choice="auto")).message["content"]


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "user", "content": "hi"}, {"role": "tool", "tool_call_id": "a", "content": "x"}],
        [
            {
                "role": "assistant",
                "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
            },
            {"role": "user", "content": "hi"},
        ],
    ],
)
def test_openai_pairs_tool_calls_with_their_answers(messages: list[Any]) -> None:
    """An answer without a call is refused, and a call without an answer."""
    assert "tool_calls" in _error("openai", messages=messages)["message"]


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
        {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False},
        {"type": "string"},
        {
            "type": "object",
            "properties": {"a": {"type": "array", "items": {"type": "object", "properties": {}}}},
            "required": ["a"],
            "additionalProperties": False,
        },
    ],
)
def test_openai_holds_strict_schemas_to_their_word(schema: Any) -> None:
    """Every object closed, every property required."""
    wanted = {"type": "json_schema", "json_schema": {"name": "A", "strict": True, "schema": schema}}
    tool = {"type": "function", "function": {"name": "f", "strict": True, "parameters": schema}}

    assert _error("openai", response_format=wanted)["param"] == "response_format"
    assert _error("openai", tools=[tool])["code"] == "invalid_function_parameters"


@pytest.mark.parametrize("name", ["frequency_penalty", "presence_penalty", "seed", "thinking"])
def test_gemini_refuses_fields_that_it_does_not_know(name: str) -> None:
    """In Google's words."""
    reply = ask("gemini", request() | {name: 0})

    assert reply.status == 400
    assert f'Unknown name "{name}": Cannot find field.' in reply.json[0]["error"]["message"]


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("presence_penalty", 0, "presencePenalty"),
        ("frequency_penalty", 0, "frequencyPenalty"),
        ("stop", "x", "stop"),
    ],
)
def test_xai_refuses_penalties_and_stops(name: str, value: Any, told: str) -> None:
    """Even a penalty of 0."""
    assert _error("xai", **{name: value}) == f"Argument not supported on this model: {told}"


def test_xai_refuses_names_of_speakers() -> None:
    """A message has no `name` there."""
    assert _error("xai", messages=[{"role": "user", "content": "hi", "name": "Ada"}])


def test_deepseek_knows_one_name_of_the_cap() -> None:
    """The older one."""
    assert "max_tokens" in _error("deepseek", max_completion_tokens=9)["message"]
    assert ask("deepseek", request(max_tokens=9)).status == 200


def test_deepseek_has_no_answers_by_schema() -> None:
    """Only JSON mode."""
    wanted = {"type": "json_schema", "json_schema": {"name": "A", "schema": {"type": "object"}}}

    assert _error("deepseek", response_format=wanted)["message"] == "This response_format type is unavailable now"


@pytest.mark.parametrize("provider", ["openai", "deepseek"])
def test_json_mode_wants_the_word_json(provider: str) -> None:
    """Somewhere in the messages."""
    wanted = {"type": "json_object"}

    assert "'json'" in _error(provider, response_format=wanted)["message"]
    assert ask(provider, request("Some JSON please", response_format=wanted)).status == 200


def test_a_body_of_deepseek_begins_with_blank_lines() -> None:
    """It is JSON all the same."""
    reply = ask("deepseek", request())

    assert reply.raw.startswith(b"\n")
    assert reply.json["object"] == "chat.completion"


def test_deepseek_splits_the_prompt_by_its_cache() -> None:
    """Hit and miss make up the prompt."""
    usage = ask("deepseek", request()).json["usage"]

    assert usage["prompt_cache_hit_tokens"] + usage["prompt_cache_miss_tokens"] == usage["prompt_tokens"]


def test_deepseek_thinks_unless_told_not_to() -> None:
    """The thought has a field of its own and is counted."""
    thinking = ask("deepseek", request(model="deepseek-flash"))
    not_thinking = ask("deepseek", request(model="deepseek-flash", thinking={"type": "disabled"}))

    assert thinking.message["reasoning_content"]
    assert thinking.json["usage"]["completion_tokens_details"]["reasoning_tokens"] == 64
    assert "reasoning_content" not in not_thinking.message
    assert not_thinking.json["usage"]["completion_tokens_details"]["reasoning_tokens"] == 0


def test_openai_counts_reasoning_within_the_completion() -> None:
    """A small cap is used up before the first word."""
    choice = ask("openai", request(model="gpt-5-mini", max_completion_tokens=50)).json

    assert choice["choices"][0]["message"]["content"] == ""
    assert choice["choices"][0]["finish_reason"] == "length"
    assert choice["usage"]["completion_tokens"] == 50


def test_openai_does_not_reason_at_minimal_effort() -> None:
    """Then the cap is all for the words."""
    body = request(model="gpt-5", max_completion_tokens=50, reasoning_effort="minimal")

    assert ask("openai", body).message["content"]


def test_xai_leaves_reasoning_out_of_the_completion() -> None:
    """The total has it, and so has the price."""
    usage = ask("xai", request(model="grok-4.3")).json["usage"]

    assert usage["completion_tokens_details"]["reasoning_tokens"] == 64
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] + 64
    assert usage["cost_in_usd_ticks"] > 0


def test_gemini_counts_thinking_in_the_total_alone() -> None:
    """Prompt and completion do not add up to it."""
    usage = ask("gemini", request(model="gemini-2.5-flash")).json["usage"]

    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] + 64


def test_openrouter_tells_the_cost_and_the_provider() -> None:
    """In credits, which are dollars."""
    body = ask("openrouter", request(model="anthropic/claude-sonnet-4.5")).json

    assert body["usage"]["cost"] > 0
    assert body["provider"]


def test_openai_tells_its_rate_limits() -> None:
    """In headers."""
    assert "x-ratelimit-remaining-requests" in ask("openai", request()).headers


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.floats()
    | st.sampled_from(["", "user", "tool", "function", "x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "role",
                    "content",
                    "type",
                    "text",
                    "image_url",
                    "url",
                    "function",
                    "name",
                    "parameters",
                    "properties",
                    "required",
                    "items",
                    "anyOf",
                    "$ref",
                    "json_schema",
                    "schema",
                    "strict",
                    "tool_calls",
                    "id",
                    "arguments",
                    "tool_call_id",
                    "include_usage",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
_FIELDS = st.sampled_from(
    ["messages", "tools", "tool_choice", "response_format", "stream", "stream_options", "n", "stop", "max_tokens",
     "reasoning_effort", "thinking", "temperature", "parallel_tool_calls", "model"]
)  # fmt: skip


@settings(deadline=None, database=None, derandomize=True)
@given(provider=st.sampled_from(PROVIDERS), fields=st.dictionaries(_FIELDS, _JSON, max_size=3))
def test_no_body_breaks_the_simulator(provider: str, fields: dict[str, Any]) -> None:
    """Whatever the fields hold, there is an answer or a refusal."""
    assert ask(provider, request(**fields)).status in {200, 400}
