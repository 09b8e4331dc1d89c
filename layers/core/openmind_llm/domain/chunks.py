"""What a stream of chunks amounts to: what of it the client gets, whether it came to its end, what it used."""

import re
from dataclasses import field
from typing import Any

from openmind_llm.classes import dataclass
from openmind_llm.domain import json_body, messages, usage
from openmind_llm.domain.requests import ChatRequest
from openmind_llm.domain.usage import Usage

_NOT_FOR_A_LINE = re.compile(rb"[\r\n]|NaN|Infinity")
"""What would break an event in two, and what is no JSON: the chunk is then written anew from what was read."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk of a streamed answer: the JSON text as the provider sent it, and what it says."""

    raw: bytes
    body: dict[str, Any]


@dataclass(slots=True)
class Tally:
    """Takes the chunks of one stream in their order.

    The provider is asked for usage whether the client wants it or not. It comes in a chunk of its own, or on every
    chunk and cumulative; the client gets it once, at the end, and only if it asked.
    """

    request: ChatRequest
    _open: set[str] = field(default_factory=set)
    _calling: set[str] = field(default_factory=set)
    _fallen_silent: set[str] = field(default_factory=set)
    _finished: set[str] = field(default_factory=set)
    _texts: list[str] = field(default_factory=list)
    _reported: Any = None
    _counted: Usage | None = None
    _texts_counted: int = 0
    _last: dict[str, Any] = field(default_factory=dict)

    def take(self, chunk: Chunk) -> bytes | None:
        """Follows it, and shows it."""
        self.follow(chunk)
        return self.shown(chunk)

    def follow(self, chunk: Chunk) -> None:
        """As the provider has sent it."""
        choices = messages.objects(chunk.body.get("choices"))
        for choice in choices:
            self._follow(choice)
        if choices or "usage" in chunk.body:
            self._last = chunk.body
        reported = chunk.body.get("usage")
        if reported is not None:
            self._count(reported)

    def shown(self, chunk: Chunk) -> bytes | None:
        """The JSON text to pass on, on one line; the provider's own wherever nothing has to change."""
        if chunk.body.get("usage") is not None:
            return _without_usage(chunk) if messages.objects(chunk.body.get("choices")) else None
        if "usage" in chunk.body and not self.request.wants_usage:
            return _without_usage(chunk)
        return json_body.text(chunk.body) if _NOT_FOR_A_LINE.search(chunk.raw) else chunk.raw

    def has_ended(self, *, cleanly: bool) -> bool:
        """Every choice has given a reason for its end.

        Where the provider broke off, choices may be missing that were still to come, and a reason that says nothing
        (xAI has been seen to end tool calls with "") is none.
        """
        if cleanly:
            finished = self._finished | self._fallen_silent
            return bool(finished) and self._open <= finished
        return len(self._finished) >= (self.request.body.get("n") or 1) and self._open <= self._finished

    def used(self) -> Usage:
        """What the provider reported last, else an estimate of what came through.

        Of an answer that did not come to its end, what came after the report is added as an estimate.
        """
        if self._counted is None:
            return usage.estimate(self.request.prompt, ["".join(self._texts)])
        later = "".join(self._texts[self._texts_counted :])
        return usage.with_more(self._counted, later) if later and not self.has_ended(cleanly=True) else self._counted

    @property
    def reported(self) -> Any:
        """The provider's usage object, as far as it could be read."""
        return self._reported

    def closing(self, cost: dict[str, str]) -> bytes | None:
        """The chunk with the usage and its cost, if the client asked for it; an estimate says that it is one."""
        if not self.request.wants_usage:
            return None
        used = self.used()
        counts = usage.reported_or(self._reported, used)
        told = cost if used.is_exact else cost | {"x_openmind_usage": "estimated"}
        return json_body.text(self._last | told | {"choices": [], "usage": counts})

    def _count(self, reported: Any) -> None:
        """What cannot be read does not replace what could."""
        counted = usage.read(reported)
        if counted is not None:
            self._reported, self._counted, self._texts_counted = reported, counted, len(self._texts)

    def _follow(self, choice: dict[str, Any]) -> None:
        index, delta = str(choice.get("index", 0)), choice.get("delta")
        self._open.add(index)
        if isinstance(delta, dict) and delta.get("tool_calls"):
            self._calling.add(index)
        reason = choice.get("finish_reason")
        if reason:
            self._finished.add(index)
        elif reason == "" and index in self._calling:
            self._fallen_silent.add(index)
        self._texts.extend(messages.written(delta))


def _without_usage(chunk: Chunk) -> bytes:
    return json_body.text({name: value for name, value in chunk.body.items() if name != "usage"})
