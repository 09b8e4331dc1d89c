"""What a stream is made of passes unchanged, for each provider; what we ask of the provider is told."""

import json
from typing import Any

import pytest

from tests.doors import Door, HttpDoor
from tests.e2e.conftest import BEARER, JSON, chat
from tests.e2e.streaming import asked
from tests.e2e.test_passing_through import IMAGE, SCHEMA, TOOL
from tests.fake_upstream import DONE, EVENTS, USAGE, FakeUpstream, chunk, event

MODELS = [
    ("openai", "gpt-4o"),
    ("openai", "gpt-5-mini"),
    ("deepseek", "deepseek-chat"),
    ("gemini", "gemini-2.5-pro"),
    ("xai", "grok-4"),
    ("nearai", "qwen-2.5-7b-instruct"),
    ("openrouter", "anthropic/claude-sonnet-4.5"),
]

CALL = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "move", "arguments": ""}}
MORE = [{"index": 0, "function": {"arguments": text}} for text in ('{"act', 'ion": "walk"}')]
TOOL_CALL = [chunk({"role": "assistant", "content": None, "tool_calls": [CALL]})]
TOOL_CALL += [chunk({"tool_calls": [one]}) for one in MORE]
SIGNED = CALL | {"extra_content": {"google": {"thought_signature": "c2ln"}}}

STREAMS: list[tuple[str, dict[str, Any], list[dict[str, Any]]]] = [
    ("tool calls", {"tools": [TOOL], "tool_choice": "auto"}, [*TOOL_CALL, chunk(finish_reason="tool_calls")]),
    ("a schema", {"response_format": SCHEMA}, [chunk({"content": '{"actions":'}), chunk({"content": " []}"}, "stop")]),
    ("an image", {"messages": IMAGE}, [chunk({"content": "A robot. 🤖"}), chunk(finish_reason="stop")]),
    (
        "reasoning",
        {},
        [
            chunk({"reasoning_content": "Hm", "content": None}),
            chunk({"reasoning": "Hm", "reasoning_details": [{"type": "reasoning.text", "text": "Hm"}]}),
            chunk({"content": "Yes"}, "stop", provider="Anthropic", system_fingerprint="fp", x_groq={"id": 1}),
        ],
    ),
    ("a signature", {"tools": [TOOL]}, [chunk({"tool_calls": [SIGNED]}), chunk(finish_reason="stop")]),
    ("padding", {}, [chunk({"content": "a"}, obfuscation="abc"), chunk({}, "length", service_tier=None)]),
]


@pytest.mark.parametrize(("provider", "model"), MODELS)
@pytest.mark.parametrize(("fields", "chunks"), [pytest.param(*row[1:], id=row[0]) for row in STREAMS])
def test_a_stream_passes_byte_for_byte(
    stream_door: HttpDoor,
    upstream: FakeUpstream,
    provider: str,
    model: str,
    fields: dict[str, Any],
    chunks: list[dict[str, Any]],
) -> None:
    events = [event(one) for one in chunks]
    upstream.streams(b": comment\n\n", *events, event(chunk(choices=[], usage=USAGE)), DONE)

    with asked(stream_door, provider, model=model, **fields) as answer:
        received = [b"data: " + data + b"\n\n" for data in answer.events()]

    assert received == [*events, DONE]
    assert fields.items() <= upstream.received[0].body.items()


@pytest.mark.parametrize(("provider", "model"), MODELS)
def test_usage_is_asked_for_where_the_provider_wants_to_be_asked(
    stream_door: HttpDoor, upstream: FakeUpstream, provider: str, model: str
) -> None:
    with asked(stream_door, provider, model=model) as answer:
        answer.chunks()

    is_asked = provider != "openrouter"
    body, told = upstream.received[0].body, answer.reply.headers.get("x-openmind-adjusted", "").split(", ")
    assert body["stream"] is True
    assert body.get("stream_options") == ({"include_usage": True} if is_asked else None)
    assert ("+stream_options.include_usage" in told) is is_asked
    assert upstream.received[0].headers["accept"] == "text/event-stream"


@pytest.mark.parametrize(("provider", "model"), MODELS)
def test_who_asks_for_usage_gets_it_once_and_last(
    stream_door: HttpDoor, upstream: FakeUpstream, provider: str, model: str
) -> None:
    options = {"include_usage": True, "include_obfuscation": False}

    with asked(stream_door, provider, model=model, stream_options=options) as answer:
        *chunks, last = answer.chunks()

    assert (last["choices"], last["usage"]) == ([], USAGE)
    assert not [one for one in chunks if one.get("usage")]
    assert upstream.received[0].body["stream_options"] == options


def test_cumulative_usage_is_told_once(stream_door: HttpDoor, upstream: FakeUpstream) -> None:
    counts = [USAGE | {"completion_tokens": n, "total_tokens": 12 + n} for n in (1, 2)]
    bodies = [chunk({"content": "a"}, usage=counts[0]), chunk({"content": "b"}, "stop", usage=counts[1])]
    upstream.streams(*map(event, bodies), DONE)

    with asked(stream_door, "gemini", model="gemini-2.5-pro", stream_options={"include_usage": True}) as answer:
        chunks = answer.chunks()

    assert ["usage" in one for one in chunks] == [False, False, True]
    assert chunks[-1]["usage"] == counts[1]


def test_the_managed_function_gives_a_stream_in_one_piece(doors: dict[str, Door], upstream: FakeUpstream) -> None:
    body = json.dumps(chat(stream=True)).encode()

    answer = doors["mangum"].request("POST", "/api/core/openai/chat/completions", BEARER | JSON, body)

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.raw == b"".join(one for one in EVENTS if b"usage" not in one)


def test_a_stream_that_wants_no_stream_is_whole(stream_door: HttpDoor, upstream: FakeUpstream) -> None:
    with asked(stream_door, stream=False) as answer:
        assert answer.reply.headers["content-type"] == "application/json"
        assert b'"chat.completion"' in answer.reply.read()


def test_the_headers_of_a_stream_tell_what_they_can(stream_door: HttpDoor, upstream: FakeUpstream) -> None:
    with asked(stream_door) as answer:
        headers = answer.reply.headers
        answer.chunks()

    assert headers["content-type"].startswith("text/event-stream")
    assert headers["cache-control"] == "no-cache"
    assert headers["x-request-id"]
