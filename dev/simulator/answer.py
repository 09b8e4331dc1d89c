"""The whole answer to a request, before it takes a wire form."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from dev.simulator import phrases, tokens, tools
from dev.simulator.refusals import RefusedError
from dev.simulator.request import Request
from dev.simulator.schema.references import UnsatisfiableError
from dev.simulator.schema.values import value
from dev.simulator.tokens import Counts
from dev.simulator.tools import Call


@dataclass(frozen=True, slots=True)
class Choice:
    """`content` is None where there are calls."""

    index: int
    content: str | None
    calls: tuple[Call, ...]
    thought: str | None
    finish_reason: str

    @property
    def tokens(self) -> int:
        texts = [self.content or "", *(call.name + call.arguments for call in self.calls)]
        return sum(map(tokens.count, texts))


@dataclass(frozen=True, slots=True)
class Answer:
    """What a completion and a stream are made from."""

    request: Request
    choices: tuple[Choice, ...]
    counts: Counts

    @property
    def id(self) -> str:
        return self.request.quirks.id_form.format(digest=self.request.digest)


def compose(request: Request) -> Answer:
    """Raises RefusedError for a schema that nothing fits."""
    reasoning = _reasoning(request)
    choices = tuple(_choice(request, index, reasoning) for index in range(request.choices))
    prompt, images, cached = tokens.prompt(request)
    visible = sum(choice.tokens for choice in choices)
    return Answer(request, choices, Counts(prompt, images, cached, visible, reasoning * len(choices)))


def _reasoning(request: Request) -> int:
    """Tokens of thinking per choice. A cap may end it early."""
    if not _thinks(request):
        return 0
    cap = request.cap if request.quirks.cap_covers_reasoning else None
    return tokens.REASONING_TOKENS if cap is None else min(cap, tokens.REASONING_TOKENS)


def _thinks(request: Request) -> bool:
    effort, thinking = request.body.get("reasoning_effort"), request.body.get("thinking")
    if effort in {"none", "minimal"} or (isinstance(thinking, dict) and thinking.get("type") == "disabled"):
        return False
    may = effort is not None and re.search(request.quirks.may_reason, request.model)
    return bool(may or re.search(request.quirks.reasons, request.model))


def _choice(request: Request, index: int, reasoning: int) -> Choice:
    calls = tools.calls(request, index)
    thought = phrases.thought(request) if reasoning and request.quirks.reasoning_field else None
    choice = Choice(index, None, calls, thought, "tool_calls")
    if not calls:
        choice = _stopped(replace(choice, content=_content(request, index), finish_reason="stop"), request.stops)
    if request.cap is None:
        return choice
    return _capped(choice, request.cap - reasoning * request.quirks.cap_covers_reasoning)


def _content(request: Request, index: int) -> str:
    wanted = request.body.get("response_format") or {"type": "text"}
    if wanted["type"] == "text":
        return phrases.answer(request, index)
    if wanted["type"] == "json_object":
        return phrases.json_object(request)
    try:
        found = value(wanted["json_schema"]["schema"], phrases.hints(request))
    except UnsatisfiableError as error:
        text = f"Invalid schema for response_format '{wanted['json_schema']['name']}': {error}."
        raise RefusedError(400, text, param="response_format") from None
    return json.dumps(found, ensure_ascii=False)


def _stopped(choice: Choice, stops: Iterable[str]) -> Choice:
    text = choice.content or ""
    ends = [text.find(stop) for stop in stops if stop and stop in text]
    return replace(choice, content=text[: min(ends, default=len(text))])


def _capped(choice: Choice, cap: int) -> Choice:
    if choice.tokens <= cap:
        return choice
    content = None if choice.content is None else tokens.cut(choice.content, cap)
    return replace(choice, content=content, calls=_capped_calls(choice.calls, cap), finish_reason="length")


def _capped_calls(calls: tuple[Call, ...], cap: int) -> tuple[Call, ...]:
    """As a model that is cut off: the last arguments are no JSON any more."""
    kept: list[Call] = []
    for call in calls:
        left = cap - sum(tokens.count(one.name + one.arguments) for one in kept)
        room = left * tokens.BYTES_PER_TOKEN - len(call.name)
        if room < 0:
            break
        kept.append(replace(call, arguments=call.arguments.encode()[:room].decode(errors="ignore")))
    return tuple(kept)
