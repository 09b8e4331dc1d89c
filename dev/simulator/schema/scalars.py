"""Proposals for strings and numbers, the most plausible first."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import chain
from math import ceil, floor
from typing import Any

from dev.simulator.schema.flatten import Flat
from dev.simulator.schema.formats import FORMATS
from dev.simulator.schema.patterns import MAX_LENGTH, UnsupportedPatternError, writer

VARIANTS = 12
"""How many proposals are made in one way."""

_FILLER = " and so on"


def strings(schema: Flat, name: str) -> Iterator[str]:
    """Plain text tells whose value it is."""
    if schema.get("minLength", 0) > MAX_LENGTH:
        return
    if schema.get("format") in FORMATS:
        yield from map(FORMATS[schema["format"]].example, range(VARIANTS))
    if "pattern" in schema:
        yield from _matching(schema)
    for n in range(VARIANTS):
        plain = f"simulated {name or 'text'}"
        yield _sized(plain if n == 0 else f"{n + 1} {plain}", schema)


def numbers(schema: Flat, *, is_integer: bool) -> Iterator[int | float]:
    """Multiples of the step; for a range without such, its middle."""
    step = _step(schema, is_integer=is_integer)
    low = _fraction(max(_said(schema, "minimum", "exclusiveMinimum"), default=None))
    high = _fraction(min(_said(schema, "maximum", "exclusiveMaximum"), default=None))
    middles = [(low + high) / 2] if low is not None and high is not None else []
    for middle in middles:
        yield _plain(middle // step * step)
    yield from (_plain(step * factor) for factor in _factors(low, high, step))
    if not is_integer:
        yield from map(_plain, middles)
        yield from (_plain(edge + step / 2) for edge in (low,) if edge is not None)
        yield from (_plain(edge - step / 2) for edge in (high,) if edge is not None)


def _matching(schema: Flat) -> Iterator[str]:
    least = schema.get("minLength", 0)
    try:
        write = writer(schema["pattern"])
        yield from (write(n) for n in chain(range(1, VARIANTS), range(least, least + 2), [0]))
    except UnsupportedPatternError:
        return


def _sized(text: str, schema: Flat) -> str:
    missing = int(schema.get("minLength", 0)) - len(text)
    padded = text + (_FILLER * missing)[: max(missing, 0)]
    return padded[: int(schema.get("maxLength", len(padded)))]


def _step(schema: Flat, *, is_integer: bool) -> Fraction:
    step = Fraction(str(schema.get("multipleOf", 1)))
    return Fraction(step.numerator) if is_integer else step


def _said(schema: Flat, *names: str) -> Iterator[Any]:
    return (schema[name] for name in names if name in schema)


def _fraction(bound: Any) -> Fraction | None:
    return None if bound is None else Fraction(str(bound))


def _factors(low: Fraction | None, high: Fraction | None, step: Fraction) -> Iterator[int]:
    if low is not None:
        first = ceil(low / step)
        yield from range(first, first + VARIANTS)
    elif high is not None:
        last = floor(high / step)
        yield from range(last, last - VARIANTS, -1)
    else:
        yield from range(1, VARIANTS)
        yield from range(0, -VARIANTS, -1)


def _plain(value: Fraction) -> int | float:
    return int(value) if value.denominator == 1 else float(value)
