"""`python -m dev.price_drift`: where our provider prices differ from those that the genai-prices package carries.

Prices are in micro-USD per million tokens, by token class. Nothing is fetched.
"""

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from importlib.metadata import version

from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ModelInfo, ModelPrice, TieredPrices

from openmind_llm.domain.catalogue import Model
from openmind_llm.providers import table

THEIR_PROVIDERS = {
    "openai": "openai",
    "deepseek": "deepseek",
    "gemini": "google",
    "xai": "x-ai",
    "openrouter": "openrouter",
}
"""Our provider names as genai-prices has them. It knows no NEAR AI."""

THEIR_CLASSES = {
    "input": "input_mtok",
    "cached_input": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "output": "output_mtok",
}
"""Our token classes as genai-prices has them."""

type Prices = dict[str, Decimal]
"""By token class. Those of the n-th long-context tier read `tier n input`; its lower bound is `tier n above`."""


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference; None where one side has no such token class."""

    provider: str
    model: str
    token_class: str
    ours: Decimal | None
    theirs: Decimal | None

    def __str__(self) -> str:
        return (
            f"{self.provider} {self.model}: {self.token_class}: ours {_shown(self.ours)}, theirs {_shown(self.theirs)}"
        )


@dataclass(frozen=True, slots=True)
class Report:
    """`unknown` are rows whose upstream id genai-prices does not know, as `provider model`."""

    compared: int
    drifts: tuple[Drift, ...]
    unknown: tuple[str, ...]


def compare(models: Iterable[Model], on: date) -> Report:
    """Our rows with the prices in force on a day beside theirs."""
    pairs = [(model, _their_model(model)) for model in models]
    known = [(model, theirs) for model, theirs in pairs if theirs is not None]
    unknown = tuple(f"{model.provider} {model.name}" for model, theirs in pairs if theirs is None)
    drifts = tuple(drift for model, theirs in known for drift in _drifts(model, theirs, on))
    return Report(len(known), drifts, unknown)


def lines(report: Report) -> Iterable[str]:
    """What is printed."""
    yield from map(str, report.drifts)
    if report.unknown:
        yield f"unknown to genai-prices: {', '.join(report.unknown)}"
    yield (
        f"genai-prices {version('genai-prices')}: {report.compared} rows compared, "
        f"{len(report.drifts)} differences, {len(report.unknown)} rows unknown"
    )


def main(arguments: Sequence[str] | None = None, models: Iterable[Model] | None = None) -> int:
    """`models` stand in for the catalogue's."""
    parser = argparse.ArgumentParser(
        prog="python -m dev.price_drift",
        description="Compare our prices, in micro-USD per million tokens, with those of the genai-prices package.",
    )
    parser.add_argument("--on", type=date.fromisoformat, default=datetime.now(UTC).date(), metavar="YYYY-MM-DD")
    parser.add_argument("--fail", action="store_true", help="exit with 1 if there is a difference")
    options = parser.parse_args(arguments)
    report = compare(table.load().models() if models is None else models, options.on)
    print("\n".join(lines(report)))
    return int(options.fail and bool(report.drifts))


def _drifts(model: Model, their_model: ModelInfo, on: date) -> Iterable[Drift]:
    ours, theirs = _our_prices(model, on), _their_prices(their_model, on)
    for token_class in sorted(ours | theirs):
        pair = ours.get(token_class), theirs.get(token_class)
        if pair[0] != pair[1]:
            yield Drift(model.provider, model.name, token_class, *pair)


def _our_prices(model: Model, on: date) -> Prices:
    usd = model.price(on.isoformat()).usd
    prices = {name: usd[name] for name in THEIR_CLASSES}
    for number, tier in enumerate(usd["tiers"], 1):
        prices |= {f"tier {number} above": tier["above_input_tokens"]}
        prices |= {f"tier {number} {name}": tier[name] for name in THEIR_CLASSES}
    return _stated(prices)


def _their_model(model: Model) -> ModelInfo | None:
    """By the upstream id, at that provider alone: the package would also look at those whose models it resells."""
    their_name = THEIR_PROVIDERS.get(model.provider)
    found = [provider for provider in get_snapshot().providers if provider.id == their_name]
    return found[0].find_model(model.upstream_id) if found else None


def _their_prices(model: ModelInfo, on: date) -> Prices:
    """Where the price varies by the hour, the dearest hour of the day, as in our table."""
    hours = (datetime.combine(on, time(hour), UTC) for hour in range(24))
    by_hour = [_flat(model.get_prices(hour)) for hour in hours]
    return max(by_hour, key=lambda prices: prices.get("input", 0) + prices.get("output", 0))


def _flat(price: ModelPrice) -> Prices:
    by_class = {name: getattr(price, theirs) for name, theirs in THEIR_CLASSES.items()}
    prices: dict[str, int | Decimal | None] = {name: _at(found, 0) for name, found in by_class.items()}
    for number, start in enumerate(_starts(by_class.values()), 1):
        prices |= {f"tier {number} above": start}
        prices |= {f"tier {number} {name}": _at(found, start) for name, found in by_class.items()}
    return _stated(prices)


def _starts(prices: Iterable[Decimal | TieredPrices | None]) -> list[int]:
    return sorted({tier.start for price in prices if isinstance(price, TieredPrices) for tier in price.tiers})


def _at(price: Decimal | TieredPrices | None, start: int) -> Decimal | None:
    """The price in the tier that begins above `start` input tokens; 0 is below every tier."""
    if isinstance(price, TieredPrices):
        reached = [tier.price for tier in price.tiers if tier.start <= start]
        price = reached[-1] if reached else price.base
    return None if price is None else price * 1_000_000


def _stated(prices: Mapping[str, int | Decimal | None]) -> Prices:
    return {name: Decimal(value) for name, value in prices.items() if value is not None}


def _shown(value: Decimal | None) -> str:
    return "none" if value is None else f"{value:,.0f}"


if __name__ == "__main__":
    sys.exit(main())
