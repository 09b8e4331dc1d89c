"""Reads a provider's list of models as its `listing` in providers.json says. What is of another form is left out."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from openmind_llm.domain.listing import Listed, Listing

MOST_MODELS = 5000
DEAREST = 10**12
"""A million dollars for a million tokens: a provider that states more is mistaken."""
DATE_LENGTH = len("2026-11-25")


class NoListError(ValueError):
    """What came is no list of models in the form that is known of this provider."""


def read(listing: Listing, body: Any) -> tuple[Listed, ...]:
    """Raises NoListError, also for an empty list: a provider that serves nothing would rather be down."""
    rows = body.get(listing.rows) if isinstance(body, dict) else None
    if not isinstance(rows, list):
        raise NoListError(f"no list under {listing.rows}")
    found = [one for row in rows[:MOST_MODELS] if isinstance(row, dict) and (one := _listed(listing, row)).names]
    if not found:
        raise NoListError(f"no model under {listing.rows}")
    return tuple(found)


def _listed(listing: Listing, row: dict[str, Any]) -> Listed:
    stated = {token_class: _price(listing, _at(row, field)) for token_class, field in listing.prices.items()}
    return Listed(
        tuple(name.removeprefix(listing.prefix) for name in _names(listing, row)),
        {token_class: price for token_class, price in stated.items() if price is not None},
        _day(_at(row, listing.shutdown)) if listing.shutdown else None,
    )


def _names(listing: Listing, row: dict[str, Any]) -> Iterator[str]:
    for field in listing.names:
        told = _at(row, field)
        yield from (name for name in (told if isinstance(told, list) else [told]) if isinstance(name, str) and name)


def _at(row: Any, field: str) -> Any:
    """`field` leads into objects by its points."""
    for name in field.split("."):
        row = row.get(name) if isinstance(row, dict) else None
    return row


def _price(listing: Listing, told: Any) -> int | None:
    """None where nothing is stated: a zero stands for that, too, and what is negative for a price that varies."""
    if isinstance(told, bool) or not isinstance(told, str | int | float):
        return None
    try:
        price = Decimal(str(told)) * listing.micro_usd
    except ArithmeticError:
        return None
    return round(price) or None if price.is_finite() and 0 < price < DEAREST else None


def _day(told: Any) -> str | None:
    """Of a date, or of a date with a time."""
    if not isinstance(told, str):
        return None
    try:
        return date.fromisoformat(told[:DATE_LENGTH]).isoformat()
    except ValueError:
        return None
