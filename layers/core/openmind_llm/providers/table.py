"""Loads the catalogue: providers, parameter profiles and models, each a file of data beside this module.

An operator changes rows, or adds some, without touching the files: by the JSON text of `MODEL_OVERRIDES`.
"""

import json
import re
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from openmind_llm.domain.catalogue import (
    MOST_FALLBACKS,
    Catalogue,
    ErrorRule,
    ImageTokens,
    Model,
    Price,
    Profile,
    Provider,
    ReportedCost,
    Row,
)
from openmind_llm.domain.listing import Listing
from openmind_llm.domain.usage import TOKEN_CLASSES

_DATA = Path(__file__).parent / "data"


_NEW_ROW: Row = {
    "prefix": False,
    "aliases": [],
    "snapshots": [],
    "status": "active",
    "shutdown": None,
    "replacement": None,
    "ceiling": None,
    "fallbacks": [],
}
"""What a row that an operator adds need not say."""


_OMCU_CLASSES = frozenset(TOKEN_CLASSES)
_USD_CLASSES = _OMCU_CLASSES - {"reasoning"}
"""No provider has a price of its own for reasoning."""

_NAME = re.compile(r"[\x21-\x7e]+")
"""What fits into a header."""


class OverrideError(ValueError):
    """The operator's changes to the catalogue cannot be read; the text says which and why."""


def load(overrides: str = "") -> Catalogue:
    """The catalogue as it was packaged, with the operator's changes: a JSON list of rows, each with the fields to set.

    A row is found by its `provider` and `name`; one that is not there is added. The packaged data is checked by the
    tests, not at each start; that every fallback is a row is checked here, for all of them. Raises OverrideError.
    """
    profiles = {name: _profile(row) for name, row in _read("profiles").items()}
    providers = {name: _provider(name, row) for name, row in _read("providers").items()}
    rows: dict[tuple[str, str], Row] = {(row["provider"], row["name"]): row for row in _read("models")}
    models = {key: _model(row, profiles) for key, row in rows.items()}
    for change in _changes(overrides):
        key = (change.get("provider", ""), change.get("name", ""))
        if key[0] not in providers:
            raise OverrideError(f"model override of an unknown provider: '{key[0]}'")
        models[key] = _changed(rows.get(key, _NEW_ROW | {"upstream_id": key[1]}) | change, profiles)
    catalogue = Catalogue(providers.values(), models.values())
    _check_fallbacks(catalogue)
    return catalogue


def _changes(overrides: str) -> list[Row]:
    try:
        changes = json.loads(overrides or "[]")
    except ValueError:
        raise OverrideError("the model overrides are not JSON") from None
    if not isinstance(changes, list) or not all(isinstance(change, dict) for change in changes):
        raise OverrideError("the model overrides must be a list of objects")
    return changes


def _changed(row: Row, profiles: dict[str, Profile]) -> Model:
    try:
        model = _model(row, profiles)
        _check(model)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        named = f"{row['provider']}/{row.get('name')}"
        raise OverrideError(f"model override of {named}: {type(error).__name__}: {error}") from None
    return model


def _check(model: Model) -> None:
    """Raises ValueError; KeyError and the like for what is not even of the right form."""
    if not all(_NAME.fullmatch(name) for name in (model.name, model.upstream_id, *model.aliases, *model.snapshots)):
        raise ValueError("names must be printable ASCII without spaces")
    if model.shutdown is not None:
        _check_date(model.shutdown)
    _check_prices(model)
    if not _are_positive([model.image_tokens.low, model.image_tokens.high]):
        raise ValueError("image tokens must be positive integers")


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
        raise ValueError("prices must be positive integers")


def _are_positive(numbers: Iterable[Any]) -> bool:
    return all(type(number) is int and number > 0 for number in numbers)


def _stated(level: Mapping[str, Any]) -> dict[str, Any]:
    """Without the classes that have no price of their own at the provider."""
    return {name: amount for name, amount in level.items() if amount is not None}


def _check_fallbacks(catalogue: Catalogue) -> None:
    """Raises OverrideError."""
    for model in catalogue.models():
        for name in model.fallbacks:
            provider, _, other = name.partition("/")
            found = catalogue.known(provider, other)
            if found is None or found is model:
                wrong = "is no model's exact name" if found is None else "is itself"
                raise OverrideError(f"model {model.provider}/{model.name}: its fallback {name} {wrong}")


def _read(name: str) -> Any:
    return json.loads((_DATA / f"{name}.json").read_bytes())


def _provider(name: str, row: Row) -> Provider:
    return Provider(
        name=name,
        title=row["title"],
        base_url=row["base_url"],
        error_rules=tuple(ErrorRule(**rule) for rule in row["error_rules"]),
        asks_for_stream_usage=row["asks_for_stream_usage"],
        refused_fields=frozenset(row["refused_fields"]),
        unpriced_fields=frozenset(row["unpriced_fields"]),
        reported_cost=ReportedCost(**row["reported_cost"]) if row["reported_cost"] else None,
        listing=_listing(row["listing"]),
    )


def _listing(row: Row) -> Listing:
    """What the row does not say is as in OpenAI's list."""
    return Listing(**row | ({"names": tuple(row["names"])} if "names" in row else {}))


def _profile(row: Row) -> Profile:
    return Profile(
        rename=row["rename"],
        drop=frozenset(row["drop"]),
        drop_empty={name: tuple(dependents) for name, dependents in row["drop_empty"].items()},
        only=row["only"],
        inject=row["inject"],
        drop_message_fields=frozenset(row["drop_message_fields"]),
    )


def _model(row: Row, profiles: dict[str, Profile]) -> Model:
    return Model(
        provider=row["provider"],
        name=row["name"],
        is_prefix=row["prefix"],
        aliases=tuple(row["aliases"]),
        snapshots=tuple(row["snapshots"]),
        upstream_id=row["upstream_id"],
        profile=profiles[row["profile"]],
        context_window=row["context_window"],
        max_output_tokens=row["max_output_tokens"],
        capabilities=row["capabilities"],
        status=row["status"],
        shutdown=row["shutdown"],
        replacement=row["replacement"],
        prices=tuple(_price(entry) for entry in row["prices"]),
        ceiling=_price(row["ceiling"]) if row["ceiling"] else None,
        image_tokens=ImageTokens(**row.get("image_tokens", {})),
        fallbacks=_fallbacks(row),
    )


def _fallbacks(row: Row) -> tuple[str, ...]:
    """A name without a provider is one of the row's own. Raises TypeError and ValueError."""
    names = row["fallbacks"]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise TypeError("fallbacks must be a list of names")
    if len(names) > MOST_FALLBACKS:
        raise ValueError(f"a model has at most {MOST_FALLBACKS} fallbacks")
    return tuple(name if "/" in name else f"{row['provider']}/{name}" for name in names)


def _price(entry: Row) -> Price:
    return Price(entry["since"], entry["usd"], entry["omcu"], entry["omcu_basis"])
