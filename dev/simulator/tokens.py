"""Token counts by a stated rule, and the usage object of each provider.

A token is four bytes of UTF-8, rounded up per text. Each message costs 4 more, each image `IMAGE_TOKENS`. Of what
comes before the last message, whole blocks of `CACHE_BLOCK` count as read from the cache, from `CACHE_FROM` on: a
conversation that goes on has been sent before.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dev.simulator import messages
from dev.simulator.request import Request

type Usage = dict[str, Any]

BYTES_PER_TOKEN = 4
MESSAGE_TOKENS = 4
IMAGE_TOKENS = 765
REASONING_TOKENS = 64
"""What a thinking model spends before each answer."""
CACHE_FROM = 1024
CACHE_BLOCK = 128

_OPENROUTER_USD = (3e-06, 15e-06)
_XAI_TICKS = (12_500, 25_000)
"""Price of a prompt token and of an output token; a tick is 1e-10 USD."""


@dataclass(frozen=True, slots=True)
class Counts:
    """`visible` is the answer without the thinking."""

    prompt: int
    images: int
    cached: int
    visible: int
    reasoning: int

    @property
    def output(self) -> int:
        return self.visible + self.reasoning

    @property
    def total(self) -> int:
        return self.prompt + self.output


def count(text: str) -> int:
    return -(-len(text.encode(errors="replace")) // BYTES_PER_TOKEN)


def cut(text: str, tokens: int) -> str:
    """The longest beginning of `text` of at most `tokens`."""
    beginning = text.encode(errors="replace")[: tokens * BYTES_PER_TOKEN]
    return beginning.decode(errors="ignore")


def prompt(request: Request) -> tuple[int, int, int]:
    """All, those of images, and those from the cache."""
    tools = request.body.get("tools")
    costs = [_message(message) for message in request.messages]
    told = count(json.dumps(tools)) if tools else 0
    before = told + sum(costs[:-1])
    cached = before // CACHE_BLOCK * CACHE_BLOCK if before >= CACHE_FROM else 0
    seen = sum(map(messages.images, request.messages)) * IMAGE_TOKENS
    return told + sum(costs), seen, cached


def usage(provider: str, counts: Counts) -> Usage:
    """As this provider reports it."""
    return _USAGES[provider](counts)


def _message(message: dict[str, Any]) -> int:
    return count(messages.written(message)) + MESSAGE_TOKENS + messages.images(message) * IMAGE_TOKENS


def _common(counts: Counts) -> Usage:
    return {
        "prompt_tokens": counts.prompt,
        "completion_tokens": counts.output,
        "total_tokens": counts.total,
    }


def _openai(counts: Counts) -> Usage:
    return _common(counts) | {
        "prompt_tokens_details": {"cached_tokens": counts.cached, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": counts.reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _deepseek(counts: Counts) -> Usage:
    return _common(counts) | {
        "prompt_tokens_details": {"cached_tokens": counts.cached},
        "completion_tokens_details": {"reasoning_tokens": counts.reasoning},
        "prompt_cache_hit_tokens": counts.cached,
        "prompt_cache_miss_tokens": counts.prompt - counts.cached,
    }


def _gemini(counts: Counts) -> Usage:
    """Thinking is in the total alone."""
    reported = _common(counts) | {"completion_tokens": counts.visible}
    details = {"prompt_tokens_details": {"cached_tokens": counts.cached}} if counts.cached else {}
    return reported | details


def _xai(counts: Counts) -> Usage:
    """`completion_tokens` leaves the thinking out, the total does not."""
    price, output_price = _XAI_TICKS
    return _common(counts) | {
        "completion_tokens": counts.visible,
        "prompt_tokens_details": {
            "text_tokens": counts.prompt - counts.images,
            "audio_tokens": 0,
            "image_tokens": counts.images,
            "cached_tokens": counts.cached,
        },
        "completion_tokens_details": {
            "reasoning_tokens": counts.reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
        "num_sources_used": 0,
        "cost_in_usd_ticks": counts.prompt * price + counts.output * output_price,
    }


def _nearai(counts: Counts) -> Usage:
    return _common(counts) | {
        "prompt_tokens_details": {"cached_tokens": counts.cached} if counts.cached else None,
        "completion_tokens_details": {"reasoning_tokens": counts.reasoning},
    }


def _openrouter(counts: Counts) -> Usage:
    price, output_price = _OPENROUTER_USD
    cost = round(counts.prompt * price + counts.output * output_price, 9)
    return _common(counts) | {
        "cost": cost,
        "is_byok": False,
        "cost_details": {"upstream_inference_cost": None},
        "prompt_tokens_details": {"cached_tokens": counts.cached, "cache_write_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": counts.reasoning, "image_tokens": 0},
    }


_USAGES: dict[str, Callable[[Counts], Usage]] = {
    "openai": _openai,
    "deepseek": _deepseek,
    "gemini": _gemini,
    "xai": _xai,
    "nearai": _nearai,
    "openrouter": _openrouter,
}
