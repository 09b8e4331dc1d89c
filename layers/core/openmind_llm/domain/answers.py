"""A provider's answer, and what the contract promises of it."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import field
from typing import Any

from openmind_llm.classes import dataclass
from openmind_llm.domain import messages, usage
from openmind_llm.domain.chunks import Chunk
from openmind_llm.domain.usage import Usage


@dataclass(frozen=True, slots=True)
class Answer:
    """A provider's answer. `adjusted` tells what was changed in the request, `headers` what is passed on."""

    body: dict[str, Any]
    adjusted: tuple[str, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def choices(self) -> list[dict[str, Any]]:
        """Those that say something; empty when the answer is not an answer."""
        return [one for one in messages.objects(self.body.get("choices")) if isinstance(one.get("message"), dict)]


@dataclass(frozen=True, slots=True)
class StreamedAnswer:
    """A provider's answer as it comes. `chunks` raises StreamBrokenError, or the error that the provider sends."""

    chunks: AsyncIterator[Chunk]
    adjusted: tuple[str, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)


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
        "usage": usage.reported_or(answer.body.get("usage"), counted),
    }


def headers(answer: Answer, adjusted: tuple[str, ...], counted: Usage) -> dict[str, str]:
    """The provider's headers that go on to the client, and what we have to say of the exchange."""
    estimated = {} if counted.is_exact else {"x-openmind-usage": "estimated"}
    return stream_headers(answer, adjusted) | estimated


def stream_headers(answer: Answer | StreamedAnswer, adjusted: tuple[str, ...]) -> dict[str, str]:
    """The same, as far as it is known before the answer is whole. `adjusted` comes before the provider's own."""
    changes = (*adjusted, *answer.adjusted)
    return answer.headers | ({"x-openmind-adjusted": ", ".join(changes)} if changes else {})


def texts(choices: Iterable[dict[str, Any]]) -> Iterable[str]:
    """What the model wrote, as far as it came back."""
    for choice in choices:
        yield from messages.written(choice.get("message"))


def _or_promised[Value](value: Any, promised: Value) -> Value:
    return value if type(value) is type(promised) and value else promised


def _with_nulls(choice: dict[str, Any]) -> dict[str, Any]:
    """OpenAI's schema requires `logprobs` and `message.refusal`, null where there is none; some providers omit them."""
    return {"logprobs": None} | choice | {"message": {"refusal": None} | choice["message"]}
