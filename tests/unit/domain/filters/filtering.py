"""Rules, and answers that come in pieces."""

from collections.abc import Iterable
from typing import Any

from openmind_llm.domain import filters, json_body
from openmind_llm.domain.chunks import Chunk
from openmind_llm.domain.filters import Filters, rules
from openmind_llm.domain.filters.streams import StreamFilter
from openmind_llm.domain.ledger.standing import Account


def rule(pattern: str, action: str = "redact", on: str = "both", name: str = "a rule") -> dict[str, Any]:
    return {"name": name, "pattern": pattern, "action": action, "on": on}


def those(*wanted: dict[str, Any]) -> Filters:
    return filters.of(Account("acme", "free", 0, filters=rules.dumps(rules.read(list(wanted)))))


def chunk(*choices: dict[str, Any], **more: Any) -> Chunk:
    body = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "m", "choices": list(choices), **more}
    return Chunk(json_body.text(body), body)


def piece(index: int = 0, finish_reason: str | None = None, **delta: Any) -> dict[str, Any]:
    return {"index": index, "delta": delta, "finish_reason": finish_reason}


def call(index: int, arguments: str, **more: Any) -> dict[str, Any]:
    return {"index": index, **more, "function": {"arguments": arguments}}


def sent(passing: StreamFilter, chunks: Iterable[Chunk]) -> list[Chunk]:
    """All that goes out, up to the end of the stream."""
    told = [passed for one in chunks for passed in passing.take(one)]
    return [*told, *passing.end()]


def choices(chunks: Iterable[Chunk], index: int = 0) -> list[dict[str, Any]]:
    return [one for chunk in chunks for one in chunk.body["choices"] if one["index"] == index]


def text(chunks: Iterable[Chunk], channel: str = "content", index: int = 0) -> str:
    return "".join(one["delta"].get(channel) or "" for one in choices(chunks, index))


def arguments(chunks: Iterable[Chunk], place: int = 0) -> str:
    calls = [part for one in choices(chunks) for part in one["delta"].get("tool_calls", []) if part["index"] == place]
    return "".join(part.get("function", {}).get("arguments", "") for part in calls)


def reasons(chunks: Iterable[Chunk], index: int = 0) -> list[str]:
    return [one["finish_reason"] for one in choices(chunks, index) if one["finish_reason"]]
