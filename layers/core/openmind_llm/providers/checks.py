"""What an operator's row of the catalogue must be. That of a packaged one is for the tests."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from openmind_llm.domain.catalogue import Model, Price, Row
from openmind_llm.domain.rates import TOKEN_CLASSES

STATUSES = ("active", "deprecated", "retired", "unverified")

MOST = 10**10
"""Of any number: of tokens, or micro-USD for a million of them. What is dearer was written in the wrong unit."""

_OMCU_CLASSES = frozenset(TOKEN_CLASSES)
_USD_CLASSES = _OMCU_CLASSES - {"reasoning"}
"""No provider has a price of its own for reasoning."""

_NAME = re.compile(r"[\x21-\x7e]{1,200}")
"""What fits into a header, and into a key of the table."""

_BASIS = re.compile(r"[\x20-\x7e]{1,200}")


def check(row: Row, model: Model) -> None:
    """Raises ValueError; KeyError and the like for what is not even of the right form."""
    _check_form(row)
    if not all(_NAME.fullmatch(name) for name in (model.name, model.upstream_id, *model.aliases, *model.snapshots)):
        raise ValueError("names must be printable ASCII without spaces, of at most 200 characters")
    if model.shutdown is not None:
        _check_date(model.shutdown)
    _check_prices(model)
    if not _are_positive([model.image_tokens.low, model.image_tokens.high]):
        raise ValueError("image tokens must be positive integers")
    _check_limits(model)
    if model.status not in STATUSES:
        raise ValueError(f"status must be one of {', '.join(STATUSES)}")
    if model.replacement is not None and not _NAME.fullmatch(model.replacement):
        raise ValueError("replacement must be a name, or null")


def _check_form(row: Row) -> None:
    for name in ("aliases", "snapshots", "prices"):
        if not isinstance(row[name], list):
            raise TypeError(f"{name} must be a list")
    if not isinstance(row["prefix"], bool):
        raise TypeError("prefix must be true or false")


def _check_limits(model: Model) -> None:
    if not _are_positive([model.context_window]):
        raise ValueError("context_window must be a positive integer")
    if model.max_output_tokens is not None and not _are_positive([model.max_output_tokens]):
        raise ValueError("max_output_tokens must be a positive integer, or null")
    if not all(_NAME.fullmatch(name) and isinstance(has, bool) for name, has in model.capabilities.items()):
        raise ValueError("capabilities must be true or false each")


def _check_prices(model: Model) -> None:
    dates = [price.since for price in model.prices]
    if not dates:
        raise ValueError("a model needs a price")
    if dates != sorted(set(dates)):
        raise ValueError("prices must be sorted by their dates, each with another one")
    for price in (*model.prices, *([model.ceiling] if model.ceiling else [])):
        _check_price(price)


def _check_date(text: str) -> None:
    if date.fromisoformat(text).isoformat() != text:
        raise ValueError(f"not a date, YYYY-MM-DD: {text}")


def _check_price(price: Price) -> None:
    _check_date(price.since)
    if not _BASIS.fullmatch(price.omcu_basis):
        raise ValueError("omcu_basis must be a short text of printable ASCII")
    _check_classes(price.omcu, _OMCU_CLASSES)
    _check_classes(_stated(price.usd), _USD_CLASSES | {"tiers"})
    bounds = [tier["above_input_tokens"] for tier in price.usd.get("tiers", ())]
    for tier in price.usd.get("tiers", ()):
        _check_classes(_stated(tier), _USD_CLASSES | {"above_input_tokens"})
    if bounds != sorted(set(bounds)):
        raise ValueError("tiers must be sorted by above_input_tokens")


def _check_classes(level: Mapping[str, Any], known: frozenset[str]) -> None:
    """Of one price by token class, each in `known`."""
    unknown = ", ".join(sorted(level.keys() - known))
    if unknown:
        raise ValueError(f"a price has no {unknown}")
    if not _are_positive([level["input"], level["output"], *(level[name] for name in level.keys() - {"tiers"})]):
        raise ValueError(f"prices must be positive integers up to {MOST}")


def _are_positive(numbers: Iterable[Any]) -> bool:
    return all(type(number) is int and 0 < number <= MOST for number in numbers)


def _stated(level: Mapping[str, Any]) -> dict[str, Any]:
    """Without the classes that have no price of their own at the provider."""
    return {name: amount for name, amount in level.items() if amount is not None}
