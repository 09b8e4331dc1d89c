"""Answers in pieces."""

import json
from typing import Any

import pytest

from tests.unit.dev.asking import PROVIDERS, Reply, ask, request

TOOL = {
    "type": "function",
    "function": {
        "name": "move",
        "parameters": {
            "type": "object",
            "properties": {"action": {"const": "walk straight on"}},
            "required": ["action"],
        },
    },
}


def _stream(provider: str, text: str = "Hello", **fields: Any) -> Reply:
    return ask(provider, request(text, stream=True, **fields))


def _deltas(reply: Reply) -> list[Any]:
    return [choice["delta"] for chunk in reply.chunks for choice in chunk["choices"]]


def _content(reply: Reply) -> str:
    return "".join(delta.get("content") or "" for delta in _deltas(reply))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_stream_says_what_the_whole_answer_says(provider: str) -> None:
    """The pieces, put together, are the content of the completion."""
    reply = _stream(provider)

    whole = ask(provider, request(stream=False)).message["content"]
    assert reply.headers["content-type"] == "text/event-stream"
    assert _content(reply) == whole


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_stream_ends_with_done(provider: str) -> None:
    """The last event is `[DONE]`, and the response is complete."""
    reply = _stream(provider)

    assert reply.raw.endswith(b"data: [DONE]\n\n")
    assert reply.is_whole


def test_each_event_is_a_message_of_its_own() -> None:
    """So that a client sees the words come one by one."""
    reply = _stream("openai")

    assert all(piece.count(b"\n\n") == 1 and piece.endswith(b"\n\n") for piece in reply.pieces)


def test_events_come_with_a_pause() -> None:
    """One pause after each."""
    reply = ask("openai", request(stream=True), pause_s=0.02)

    assert reply.waits == [0.02] * len(reply.pieces)


def test_a_chunk_has_the_whole_form() -> None:
    """The first one brings the role."""
    first = _stream("openai").chunks[0]

    assert first["object"] == "chat.completion.chunk"
    assert first["choices"] == [
        {
            "index": 0,
            "delta": {"role": "assistant", "content": "", "refusal": None},
            "logprobs": None,
            "finish_reason": None,
        }
    ]


def test_the_finish_reason_comes_once_and_last() -> None:
    """In a chunk with an empty delta."""
    choices = [chunk["choices"][0] for chunk in _stream("openai").chunks]

    assert [choice["finish_reason"] for choice in choices[:-1]] == [None] * (len(choices) - 1)
    assert (choices[-1]["finish_reason"], choices[-1]["delta"]) == ("stop", {})


def test_every_choice_of_n_is_streamed() -> None:
    """Each under its index, to its end."""
    chunks = _stream("openai", n=2).chunks

    ends = [c["choices"][0]["index"] for c in chunks if c["choices"][0]["finish_reason"]]
    assert ends == [0, 1]


def test_a_tool_call_comes_by_its_name_then_its_arguments() -> None:
    """The first delta has index, id and name; the rest only pieces of JSON."""
    reply = _stream("openai", tools=[TOOL])

    first, *rest = [delta["tool_calls"][0] for delta in _deltas(reply) if "tool_calls" in delta]
    assert (first["index"], first["type"], first["function"]) == (0, "function", {"name": "move", "arguments": ""})
    assert len(rest) > 1
    assert all(set(piece) == {"index", "function"} for piece in rest)
    arguments = "".join(piece["function"]["arguments"] for piece in rest)
    assert json.loads(arguments) == {"action": "walk straight on"}
    assert reply.chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"


def test_gemini_sends_a_tool_call_in_one_piece() -> None:
    """One delta holds all of it."""
    calls = [delta["tool_calls"] for delta in _deltas(_stream("gemini", tools=[TOOL])) if "tool_calls" in delta]

    assert len(calls) == 1
    assert json.loads(calls[0][0]["function"]["arguments"]) == {"action": "walk straight on"}


@pytest.mark.parametrize("provider", ["openai", "deepseek", "xai", "nearai"])
def test_usage_comes_on_request_in_a_last_chunk(provider: str) -> None:
    """That chunk has no choices; the counts are those of the whole answer."""
    unasked = _stream(provider)
    asked = _stream(provider, stream_options={"include_usage": True})

    usage = ask(provider, request()).json["usage"]
    assert not any(chunk.get("usage") for chunk in unasked.chunks)
    assert (asked.chunks[-1]["choices"], asked.chunks[-1]["usage"]) == ([], usage)


def test_the_other_chunks_of_openai_have_null_usage() -> None:
    """The field is there, and empty."""
    chunks = _stream("openai", stream_options={"include_usage": True}).chunks

    assert [chunk["usage"] for chunk in chunks[:-1]] == [None] * (len(chunks) - 1)


def test_openrouter_always_sends_usage() -> None:
    """In the last message, whatever the client says."""
    last = _stream("openrouter").chunks[-1]

    assert last["choices"] == []
    assert last["usage"]["cost"] > 0


def test_gemini_sends_cumulative_usage_with_every_chunk() -> None:
    """It grows up to that of the whole answer, always beside choices."""
    chunks = _stream("gemini").chunks

    counts = [chunk["usage"]["completion_tokens"] for chunk in chunks]
    assert counts == sorted(counts)
    assert chunks[-1]["usage"] == ask("gemini", request()).json["usage"]
    assert all(chunk["choices"] for chunk in chunks)


@pytest.mark.parametrize(
    ("provider", "comment"), [("openrouter", b": OPENROUTER PROCESSING"), ("deepseek", b": keep-")]
)
def test_a_comment_comes_before_the_first_chunk(provider: str, comment: bytes) -> None:
    """Clients have to skip it."""
    assert _stream(provider).pieces[0].startswith(comment)


def test_openai_pads_its_chunks_unless_told_not_to() -> None:
    """`include_obfuscation: false` switches it off."""
    assert "obfuscation" in _stream("openai").chunks[0]
    assert "obfuscation" not in _stream("openai", stream_options={"include_obfuscation": False}).chunks[0]


def test_thinking_is_streamed_before_the_answer() -> None:
    """DeepSeek's goes into a field of its own."""
    deltas = _deltas(_stream("deepseek", model="deepseek-v4-pro"))

    kinds = ["thought" if "reasoning_content" in delta else "answer" for delta in deltas[1:]]
    assert kinds == sorted(kinds, reverse=True)
    assert "thought" in kinds
