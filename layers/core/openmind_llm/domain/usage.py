"""Token counts of one completion, in classes that do not overlap, so that each token is counted once.

Sources: the usage objects of the six providers. Absent is not zero: a provider that reports nothing gives None,
and the caller then falls back on an estimate that says so.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from openmind_llm.classes import dataclass
from openmind_llm.domain import json_body
from openmind_llm.domain.catalogue import ImageTokens

MESSAGE_TOKENS = 4
"""Framing of one message; OpenAI's own counting rule uses 3 to 4."""

IMAGE_TOKENS = 1_600
"""A large image at high detail. The base64 text of an image is never counted."""

_READ_BY_MODEL = ("tools", "functions", "response_format")
"""Beside the messages."""

_BOUNDED = frozenset({"text", "refusal", "image_url", "input_audio"})
"""Parts of a message whose bytes, or number, bound what they are to read."""

MAX_COUNT = 10**12
"""Tokens. A provider that reports more is mistaken, and no ledger could hold it."""


@dataclass(frozen=True, slots=True)
class Usage:
    """`input` excludes what was read from and written to the provider's cache; `output` excludes `reasoning`."""

    input: int
    cached_input: int
    cache_write: int
    output: int
    reasoning: int
    is_exact: bool

    @property
    def prompt_tokens(self) -> int:
        return self.input + self.cached_input + self.cache_write

    @property
    def completion_tokens(self) -> int:
        """All that is billed as output."""
        return self.output + self.reasoning

    @property
    def by_class(self) -> dict[str, int]:
        return {
            "input": self.input,
            "cached_input": self.cached_input,
            "cache_write": self.cache_write,
            "output": self.output,
            "reasoning": self.reasoning,
        }


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a request gives its model to read. `text_bytes` leave the base64 of images out.

    `is_open`: there are parts that may be more to read than their bytes tell, such as a packed document, or an address.
    """

    text_bytes: int
    messages: int
    images: int
    low_images: int
    is_open: bool = False

    @property
    def estimate(self) -> int:
        """A third of the bytes, which is within 1.7 times of the truth for prose."""
        return -(-self.text_bytes // 3) + MESSAGE_TOKENS * self.messages + IMAGE_TOKENS * self.images

    def bound(self, image_tokens: ImageTokens, context_window: int) -> int:
        """What it hardly ever exceeds: half of the bytes, and the most that an image takes at its detail.

        Of an open one, the model can read no more than its `context_window`, in tokens.
        """
        high_images = self.images - self.low_images
        images = image_tokens.low * self.low_images + image_tokens.high * high_images
        told = -(-self.text_bytes // 2) + MESSAGE_TOKENS * self.messages + images
        return max(told, context_window) if self.is_open else told


def read(reported: Any) -> Usage | None:
    """The provider's usage object as disjoint classes; None when there is none or it cannot be read.

    Billable output is max(completion, total - prompt): xAI leaves reasoning out of completion_tokens, and Gemini
    leaves thinking out of both, but each counts it in total_tokens.
    """
    if not isinstance(reported, dict):
        return None
    prompt, completion = _count(reported, "prompt_tokens"), _count(reported, "completion_tokens")
    if prompt is None or completion is None:
        return None
    billable = max(completion, (_count(reported, "total_tokens") or 0) - prompt)
    cached, written = _cached(reported), _detail(reported, "prompt_tokens_details", "cache_write_tokens")
    cached = min(cached, prompt)
    written = min(written, prompt - cached)
    reasoning = _detail(reported, "completion_tokens_details", "reasoning_tokens")
    reasoning = min(max(reasoning, billable - completion), billable)
    return Usage(prompt - cached - written, cached, written, billable - reasoning, reasoning, is_exact=True)


def measure(body: dict[str, Any]) -> Prompt:
    messages = body["messages"]
    read_by_model = {name: body[name] for name in _READ_BY_MODEL if body.get(name)}
    text = json_body.dump(read_by_model | {"messages": [_without_images(m) for m in messages]})
    images = [part for message in messages for part in _parts(message) if _is_image(part)]
    is_open = any(part.get("type") not in _BOUNDED for message in messages for part in _parts(message))
    return Prompt(len(text), len(messages), len(images), sum(map(_is_low, images)), is_open)


def estimate(prompt: Prompt, answers: Iterable[str]) -> Usage:
    """For an answer without usage."""
    completion = sum(_tokens(text.encode(errors="replace")) for text in answers)
    return Usage(prompt.estimate, 0, 0, completion, 0, is_exact=False)


def with_more(usage: Usage, text: str) -> Usage:
    """With what was written after it had been counted."""
    return replace(usage, output=usage.output + _tokens(text.encode(errors="replace")), is_exact=False)


def as_openai(usage: Usage) -> dict[str, int]:
    """The three counts that the contract promises."""
    prompt, completion = usage.prompt_tokens, usage.completion_tokens
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def reported_or(reported: Any, counted: Usage) -> dict[str, Any]:
    """The usage that the client gets: the provider's own words, completed by the counts that the contract promises."""
    ours = as_openai(counted)
    if not counted.is_exact:
        return ours
    readable = {name: value for name, value in reported.items() if name not in ours or is_count(value)}
    return ours | {name: value for name, value in readable.items() if value is not None}


def is_count(value: Any) -> bool:
    """Whether it can be a number of tokens."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_COUNT


def _cached(reported: dict[str, Any]) -> int:
    """DeepSeek's older name beside the common one: both may be there, and mean the same tokens."""
    common = _detail(reported, "prompt_tokens_details", "cached_tokens")
    return common or _count(reported, "prompt_cache_hit_tokens") or 0


def _detail(reported: dict[str, Any], group: str, name: str) -> int:
    details = reported.get(group)
    return (_count(details, name) or 0) if isinstance(details, dict) else 0


def _count(counts: dict[str, Any], name: str) -> int | None:
    value = counts.get(name)
    return value if is_count(value) else None


def _tokens(text: bytes) -> int:
    return -(-len(text) // 3)


def _without_images(message: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(message.get("content"), list):
        return message
    return {**message, "content": [part for part in _parts(message) if not _is_image(part)]}


def _is_image(part: dict[str, Any]) -> bool:
    return part.get("type") == "image_url"


def _is_low(part: dict[str, Any]) -> bool:
    image = part.get("image_url")
    return isinstance(image, dict) and image.get("detail") == "low"


def _parts(message: dict[str, Any]) -> list[dict[str, Any]]:
    content = message.get("content")
    return content if isinstance(content, list) else []
