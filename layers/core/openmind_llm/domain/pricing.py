"""What tokens cost: their caller in micro-OMCU, their operator in micro-USD. Integers, rounded up.

OMCU per million tokens, as the prices are documented, is the same number as micro-OMCU per token.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from openmind_llm.domain import money
from openmind_llm.domain.catalogue import Price, Provider
from openmind_llm.domain.usage import INPUT_CLASSES, OUTPUT_CLASSES, Usage

MAX_REPORTED_USD = 10**9
"""A provider that reports more for one request is mistaken."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What the provider charges the operator. `is_reported`: in its own words, else by its price list."""

    micro_usd: int
    is_reported: bool


def charge(price: Price, usage: Usage) -> int:
    """Micro-OMCU."""
    return sum(tokens * per_token(price, token_class) for token_class, tokens in usage.by_class.items())


def per_token(price: Price, token_class: str) -> int:
    """Micro-OMCU.

    A class without an OMCU price of its own costs the share of `input` that it costs at the provider. What has no
    price there either costs as much as `input`, and reasoning as much as `output`.
    """
    if token_class in price.omcu:
        return price.omcu[token_class]
    if token_class in OUTPUT_CLASSES:
        return price.omcu["output"]
    return math.ceil(Fraction(price.omcu["input"] * usd(price.usd, token_class), price.usd["input"]))


def dearest_input(price: Price) -> int:
    """Micro-OMCU per token of the dearest input class: nobody knows beforehand what will be written to a cache."""
    return max(per_token(price, token_class) for token_class in INPUT_CLASSES)


def dearest_output(price: Price) -> int:
    """Micro-OMCU per token."""
    return max(per_token(price, token_class) for token_class in OUTPUT_CLASSES)


def hold(price: Price, input_tokens: int, output_tokens: int) -> int:
    """Micro-OMCU that no charge for as many tokens exceeds."""
    return input_tokens * dearest_input(price) + output_tokens * dearest_output(price)


def affordable_output(price: Price, input_tokens: int, credit: int) -> int:
    """The most output tokens whose hold fits into `credit` micro-OMCU; 0 also where the input alone does not fit."""
    return max(0, (credit - hold(price, input_tokens, 0)) // dearest_output(price))


def cost(provider: Provider, price: Price, usage: Usage, reported: Any) -> Cost:
    """`reported` is the provider's usage object, which may tell what it charges."""
    told = _told(provider, reported)
    return Cost(_listed(price, usage), is_reported=False) if told is None else Cost(told, is_reported=True)


def _told(provider: Provider, reported: Any) -> int | None:
    """Micro-USD; None where nothing is told that can be money. Told to be free is 0."""
    if provider.reported_cost is None or not isinstance(reported, dict):
        return None
    amount, per_usd = reported.get(provider.reported_cost.field), provider.reported_cost.per_usd
    if isinstance(amount, bool) or not isinstance(amount, int | float):
        return None
    if not 0 <= amount <= MAX_REPORTED_USD * per_usd:
        return None
    return math.ceil(Fraction(str(amount)) * money.MICRO / per_usd)


def _listed(price: Price, usage: Usage) -> int:
    """Micro-USD by the provider's list, which may be dearer for long prompts."""
    reached = [tier for tier in price.usd.get("tiers", ()) if usage.prompt_tokens > tier["above_input_tokens"]]
    level = reached[-1] if reached else price.usd
    total = sum(tokens * usd(level, token_class) for token_class, tokens in usage.by_class.items())
    return math.ceil(Fraction(total, money.MICRO))


def usd(level: Mapping[str, Any], token_class: str) -> int:
    """Micro-USD per million tokens, by which a class is reckoned: without a price of its own, as input or output."""
    own = level.get(token_class)
    if own is None:
        own = level["output" if token_class in OUTPUT_CLASSES else "input"]
    return int(own)
