"""A provider's answer, and what the contract promises of it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from openmind_llm.domain import usage
from openmind_llm.domain.usage import Usage


@dataclass(frozen=True, slots=True)
class Answer:
    """A provider's answer. `adjusted` tells what was changed in the request, `headers` what is passed on."""

    body: dict[str, Any]
    adjusted: tuple[str, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def choices(self) -> list[dict[str, Any]]:
        """Empty when the answer is not an answer."""
        found = self.body.get("choices")
        return [choice for choice in found if isinstance(choice, dict)] if isinstance(found, list) else []


@dataclass(frozen=True, slots=True)
class Promised:
    """The fields that every completion has, for an answer that lacks them. `created` is in seconds since the epoch."""

    id: str
    created: int
    model: str


def whole(answer: Answer, promised: Promised, counted: Usage) -> dict[str, Any]:
    """The answer with every field that the contract promises; what the provider said is kept."""
    return answer.body | {
        "id": _or_promised(answer.body.get("id"), promised.id),
        "object": "chat.completion",
        "created": _or_promised(answer.body.get("created"), promised.created),
        "model": _or_promised(answer.body.get("model"), promised.model),
        "choices": [_with_nulls(choice) for choice in answer.choices],
        "usage": _counts(answer.body.get("usage"), counted),
    }


def headers(answer: Answer, counted: Usage) -> dict[str, str]:
    """The provider's headers that go on to the client, and what we have to say of the exchange."""
    adjusted = {"x-openmind-adjusted": ", ".join(answer.adjusted)} if answer.adjusted else {}
    estimated = {} if counted.is_exact else {"x-openmind-usage": "estimated"}
    return answer.headers | adjusted | estimated


def texts(choices: Iterable[dict[str, Any]]) -> Iterable[str]:
    """What the model wrote, as far as it came back: content, reasoning, tool arguments."""
    for choice in choices:
        message = choice.get("message")
        if isinstance(message, dict):
            yield from (text for text in _written(message) if isinstance(text, str))


def _or_promised[Value](value: Any, promised: Value) -> Value:
    return value if type(value) is type(promised) and value else promised


def _with_nulls(choice: dict[str, Any]) -> dict[str, Any]:
    """OpenAI's schema requires `logprobs` and `message.refusal`, null where there is none; some providers omit them."""
    filled = {"logprobs": None} | choice
    if isinstance(choice.get("message"), dict):
        filled["message"] = {"refusal": None} | choice["message"]
    return filled


def _counts(reported: Any, counted: Usage) -> dict[str, Any]:
    ours = usage.as_openai(counted)
    if not counted.is_exact:
        return ours
    readable = {name: value for name, value in reported.items() if name not in ours or usage.is_count(value)}
    return ours | {name: value for name, value in readable.items() if value is not None}


def _written(message: dict[str, Any]) -> Iterable[Any]:
    yield from (message.get(name) for name in ("content", "reasoning", "reasoning_content"))
    calls = message.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        function = call.get("function") if isinstance(call, dict) else None
        yield function.get("arguments") if isinstance(function, dict) else None
