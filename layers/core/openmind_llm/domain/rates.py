"""What a token costs by its class, reckoned once for a price. Classes do not overlap: each token is in one."""

from collections.abc import Mapping
from typing import Any

INPUT_CLASSES = ("input", "cached_input", "cache_write")
OUTPUT_CLASSES = ("output", "reasoning")
TOKEN_CLASSES = (*INPUT_CLASSES, *OUTPUT_CLASSES)


def omcu(given: Mapping[str, int], listed: Mapping[str, Any]) -> dict[str, int]:
    """Micro-OMCU per token of each class, rounded up. `given` is in OMCU, `listed` in micro-USD, per million tokens.

    A class without an OMCU price of its own costs the share of `input` that it costs at the provider. What has no
    price there either costs as much as `input`, and reasoning as much as `output`.
    """
    usual = {name: -(-given["input"] * usd(listed, name) // int(listed["input"])) for name in INPUT_CLASSES}
    return usual | dict.fromkeys(OUTPUT_CLASSES, given["output"]) | {n: given[n] for n in TOKEN_CLASSES if n in given}


def usd(level: Mapping[str, Any], token_class: str) -> int:
    """Micro-USD per million tokens, by which a class is reckoned: without a price of its own, as input or output."""
    own = level.get(token_class)
    if own is None:
        own = level["output" if token_class in OUTPUT_CLASSES else "input"]
    return int(own)
