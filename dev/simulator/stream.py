"""The wire form of an answer in pieces: server-sent events."""

import json
import re
from collections.abc import Iterator
from typing import Any

from dev.simulator import tokens
from dev.simulator.answer import Answer, Choice
from dev.simulator.completion import Wire, envelope
from dev.simulator.refusals import SHAPES, RefusedError
from dev.simulator.tools import Call

DONE = b"data: [DONE]\n\n"

_ARGUMENT_PIECE = 12
"""Characters of a tool call's arguments per chunk."""

_PADDING = 16


def events(answer: Answer, created: int, *, has_usage: bool) -> list[bytes]:
    """All events, the closing `[DONE]` included."""
    quirks = answer.request.quirks
    chunks = _with_usage(answer, list(_chunks(answer, created)), created) if has_usage else _chunks(answer, created)
    comment = [quirks.stream_comment] if quirks.stream_comment else []
    return [*comment, *map(_event, _padded(answer, chunks)), DONE]


def failed(answer: Answer, created: int, error: RefusedError) -> list[bytes]:
    """Half of the answer, then an error, in the provider's own way."""
    name = answer.request.quirks.name
    shape = SHAPES[name](error)
    frame: Any = shape
    if name == "openrouter" and isinstance(shape, dict):
        choices = [{"index": 0, "delta": {"content": ""}, "finish_reason": "error"}]
        frame = envelope(answer, "chat.completion.chunk", created) | {
            "error": shape["error"],
            "choices": choices,
        }
    return [*half(events(answer, created, has_usage=False)), _event(frame)]


def half(pieces: list[bytes]) -> list[bytes]:
    return pieces[: len(pieces) // 2]


def _chunks(answer: Answer, created: int) -> Iterator[Wire]:
    quirks = answer.request.quirks
    common = envelope(answer, "chat.completion.chunk", created)
    nulls = {"usage": None} if quirks.null_usage else {}
    for choice in answer.choices:
        for delta, finish_reason in _deltas(answer, choice):
            told = {"index": choice.index, "delta": delta, "finish_reason": finish_reason}
            yield common | {"choices": [dict(quirks.choice_nulls) | told]} | nulls


def _deltas(answer: Answer, choice: Choice) -> Iterator[tuple[Wire, str | None]]:
    quirks = answer.request.quirks
    role: Wire = {"role": "assistant"}
    repeated: Wire = role if quirks.has_role_on_every_delta else {}
    yield role | {"content": None if choice.calls else ""} | _refusal(quirks.message_nulls), None
    for word in _words(choice.thought or ""):
        yield {quirks.reasoning_field or "": word}, None
    for word in _words(choice.content or ""):
        yield repeated | {"content": word}, None
    for index, call in enumerate(choice.calls):
        for piece in _call_pieces(call, is_whole=quirks.has_whole_calls):
            yield repeated | {"tool_calls": [{"index": index} | piece]}, None
    yield dict(repeated), choice.finish_reason


def _refusal(nulls: Any) -> Wire:
    return {name: said for name, said in nulls.items() if name == "refusal"}


def _words(text: str) -> list[str]:
    return re.findall(r"\s*\S+|\s+$", text)


def _call_pieces(call: Call, *, is_whole: bool) -> Iterator[Wire]:
    if is_whole:
        yield call.wire(call.arguments)
        return
    yield call.wire("")
    for start in range(0, len(call.arguments), _ARGUMENT_PIECE):
        yield {"function": {"arguments": call.arguments[start : start + _ARGUMENT_PIECE]}}


def _with_usage(answer: Answer, chunks: list[Wire], created: int) -> list[Wire]:
    quirks = answer.request.quirks
    if quirks.usage_in_stream == "every_chunk":
        return [chunk | {"usage": _so_far(answer, number, len(chunks))} for number, chunk in enumerate(chunks, 1)]
    if quirks.usage_in_stream == "asked" and not answer.request.stream_option("include_usage"):
        return chunks
    usage = tokens.usage(quirks.name, answer.counts)
    return [*chunks, envelope(answer, "chat.completion.chunk", created) | {"choices": [], "usage": usage}]


def _so_far(answer: Answer, number: int, of: int) -> Wire:
    """Cumulative: the last chunk's is the whole answer's."""
    counts = answer.counts
    visible = counts.visible * number // of
    reached = type(counts)(counts.prompt, counts.images, counts.cached, visible, counts.reasoning)
    return tokens.usage(answer.request.quirks.name, reached)


def _padded(answer: Answer, chunks: Any) -> Iterator[Wire]:
    """OpenAI pads its chunks so that their lengths tell nothing of the words."""
    is_padded = answer.request.quirks.pads_chunks and answer.request.stream_option("include_obfuscation") is not False
    for number, chunk in enumerate(chunks):
        length = _PADDING - number % _PADDING
        yield chunk | ({"obfuscation": answer.request.digest[:length]} if is_padded else {})


def _event(chunk: Any) -> bytes:
    return b"data: " + json.dumps(chunk, ensure_ascii=False).encode(errors="replace") + b"\n\n"
