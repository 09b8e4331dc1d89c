"""Content filters over an answer that comes in pieces.

Of each text of each choice a little is held back until it is certain that no match begins there. What is still held
when the stream ends goes out before the ends of its choices are told: a provider that says with every chunk that it is
the last would otherwise cut a match in two.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from openmind_llm.domain import json_body, messages
from openmind_llm.domain.chunks import Chunk
from openmind_llm.domain.filters import texts
from openmind_llm.domain.filters.passage import Passage, whole
from openmind_llm.domain.filters.refusals import ContentBlockedError
from openmind_llm.domain.filters.rules import Search
from openmind_llm.domain.filters.texts import Path

SAID = ("delta", "message", "text")
"""Fields of a choice that hold what the model wrote."""

BLOCKED = "content_filter"
"""The `finish_reason` of a choice that was blocked, as OpenAI tells it."""

COMES_WHOLE = frozenset({"annotations"})
"""Fields of which no chunk continues another."""

type Choice = dict[str, Any]
type Held = list[tuple[Path, str]]


class StreamFilter:
    """Of one stream. Without rules every chunk passes as it is."""

    def __init__(self, searches: tuple[Search, ...]) -> None:
        self._searches = searches
        self._choices: dict[str, _Telling] = defaultdict(lambda: _Telling(searches))
        self._frame: dict[str, Any] = {}

    def take(self, chunk: Chunk) -> list[Chunk]:
        """What of it goes out now: nothing, or more than one, if something was held back before."""
        if not self._searches or not chunk.body.get("choices"):
            return [chunk]
        body = chunk.body
        self._frame = {name: value for name, value in body.items() if name not in {"choices", "usage"}}
        told = [self._choices[str(one.get("index", 0))].take(one) for one in messages.objects(body["choices"])]
        before = [first for first, _ in told if first is not None]
        now = [then for _, then in told if then is not None]
        passed = [_written(self._frame | {"choices": before})] if before else []
        if now == body["choices"]:
            return [*passed, chunk]
        if now or body.get("usage") is not None:
            passed.append(_written(body | {"choices": now}))
        return passed

    def end(self) -> list[Chunk]:
        """What was held back, then how the choices ended."""
        ends = [telling.end() for telling in self._choices.values()]
        told = [[one for one in each if one is not None] for each in zip(*ends, strict=True)]
        return [_written(self._frame | {"choices": choices}) for choices in told if choices]


class _Telling:
    """One choice."""

    def __init__(self, searches: tuple[Search, ...]) -> None:
        self._searches = searches
        self._passages: dict[Path, Passage] = defaultdict(lambda: Passage(searches))
        self._parts: dict[Path, dict[str, Any]] = {}
        self._index: Any = 0
        self._ending: Choice | None = None
        self._is_blocked = False

    def take(self, choice: Choice) -> tuple[Choice | None, Choice | None]:
        """What goes out before it, and what in its place."""
        if self._is_blocked:
            return None, None
        self._index = choice.get("index", 0)
        try:
            return self._told(self._without_its_end(choice))
        except ContentBlockedError:
            return None, self._blocked()

    def end(self) -> tuple[Choice | None, Choice | None]:
        """What is still held back, and the end."""
        if self._is_blocked:
            return None, None
        try:
            return self._piece(self._held()), self._ending
        except ContentBlockedError:
            return None, self._blocked()

    def _without_its_end(self, choice: Choice) -> Choice:
        if not choice.get("finish_reason"):
            return choice
        told = {name: value for name, value in choice.items() if name not in SAID}
        self._ending = _without_logprobs(told | {"delta": {}})
        return choice | {"finish_reason": None}

    def _told(self, choice: Choice) -> tuple[Choice | None, Choice | None]:
        said = {name: choice[name] for name in SAID if name in choice}
        before = self._noted(said)
        heard: dict[Path, str] = {}
        told: list[str] = []

        def tell(path: Path, text: str) -> str:
            if COMES_WHOLE & set(path):
                return whole(self._searches, text)
            if not text:
                return text
            heard[path] = text
            told.append(self._passages[path].take(text))
            return told[-1]

        now = _without_logprobs(choice | {name: texts.changed(one, tell, (name,)) for name, one in said.items()})
        is_idle = not any(told) and said in ({"delta": {}}, texts.built(heard.items()))
        return self._piece(before), None if is_idle else now

    def _held(self, under: Path = ()) -> Held:
        """What is still held back, without the rest of a text that may go on."""
        paths = [path for path in self._passages if path[: len(under)] == under]
        return [(path, self._passages[path].take("", is_last=True)) for path in paths]

    def _piece(self, held: Held) -> Choice | None:
        texts_left = {path: text for path, text in held if text}
        if not texts_left:
            return None
        kinds = {
            (*path, "type"): part["type"]
            for path, part in self._parts.items()
            if "type" in part and any(left[: len(path)] == path for left in texts_left)
        }
        said = texts.built((texts_left | kinds).items())
        return {"index": self._index, "delta": {}, **said, "finish_reason": None}

    def _noted(self, said: dict[str, Any]) -> Held:
        """What is held back of calls whose place another takes now: Gemini has been seen to number all of them 0."""
        held: Held = []
        for path, part in _parts(said):
            known = self._parts.get(path, {})
            if part.get("id") and known.get("id") not in {None, part["id"]}:
                held += self._held(path)
                for at in [at for at in self._passages if at[: len(path)] == path]:
                    del self._passages[at]
            self._parts[path] = known | {name: part[name] for name in ("id", "type") if part.get(name)}
        return held

    def _blocked(self) -> Choice:
        self._is_blocked = True
        self._passages.clear()
        return {"index": self._index, "delta": {}, "logprobs": None, "finish_reason": BLOCKED}


def _parts(said: dict[str, Any]) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The listed parts of what is said, such as calls of tools, each with its place."""
    for name, message in said.items():
        for field, parts in message.items() if isinstance(message, dict) else ():
            for position, part in enumerate(parts if isinstance(parts, list) else ()):
                if isinstance(part, dict):
                    yield (name, field, texts.place(part, position)), part


def _without_logprobs(choice: Choice) -> Choice:
    """They spell the text."""
    return choice | {"logprobs": None} if choice.get("logprobs") is not None else choice


def _written(body: dict[str, Any]) -> Chunk:
    return Chunk(json_body.text(body), body)
