"""What tokens cost: their caller in micro-OMCU, their operator in micro-USD. Integers, rounded up.

OMCU per million tokens, as the prices are documented, is the same number as micro-OMCU per token.
"""

import math
from fractions import Fraction
from typing import Any

from openmind_llm.classes import dataclass
from openmind_llm.domain import money, rates
from openmind_llm.domain.catalogue import Price, Provider
from openmind_llm.domain.usage import Usage

MAX_REPORTED_USD = 10**9
"""A provider that reports more for one request is mistaken."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What the provider charges the operator. `is_reported`: in its own words, else by its price list."""

    micro_usd: int
    is_reported: bool


def charge(price: Price, usage: Usage) -> int:
    """Micro-OMCU."""
    per_token, total = price.per_token, 0
    for token_class, tokens in usage.by_class.items():
        total += tokens * per_token[token_class]
    return total


def hold(price: Price, input_tokens: int, output_tokens: int) -> int:
    """Micro-OMCU that no charge for as many tokens exceeds."""
    return input_tokens * price.dearest_input + output_tokens * price.dearest_output


def affordable_output(price: Price, input_tokens: int, credit: int) -> int:
    """The most output tokens whose hold fits into `credit` micro-OMCU; 0 also where the input alone does not fit."""
    return max(0, (credit - hold(price, input_tokens, 0)) // price.dearest_output)


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
    total = 0
    for token_class, tokens in usage.by_class.items():
        total += tokens * rates.usd(level, token_class) if tokens else 0
    return -(-total // money.MICRO)
