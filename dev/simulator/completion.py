"""The wire form of an answer in one piece."""

from typing import Any

from dev.simulator import tokens
from dev.simulator.answer import Answer, Choice

type Wire = dict[str, Any]


def body(answer: Answer, created: int, *, has_usage: bool) -> Wire:
    """`created` is in seconds since the epoch."""
    quirks = answer.request.quirks
    usage = {"usage": tokens.usage(quirks.name, answer.counts)} if has_usage else {}
    choices = [_choice(answer, choice) for choice in answer.choices]
    return envelope(answer, "chat.completion", created) | {"choices": choices} | usage


def envelope(answer: Answer, kind: str, created: int) -> Wire:
    """What a completion and each chunk of a stream have in common."""
    named = {"id": answer.id, "object": kind, "created": created, "model": answer.request.model}
    return named | dict(answer.request.quirks.envelope)


def _choice(answer: Answer, choice: Choice) -> Wire:
    quirks = answer.request.quirks
    message: Wire = {"role": "assistant", "content": choice.content, **quirks.message_nulls}
    if choice.calls:
        message["tool_calls"] = [call.wire(call.arguments) for call in choice.calls]
    if choice.thought and quirks.reasoning_field:
        message[quirks.reasoning_field] = choice.thought
    told = {"index": choice.index, "message": message, "finish_reason": choice.finish_reason}
    return dict(quirks.choice_nulls) | told
