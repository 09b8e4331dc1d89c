"""Loads the catalogue: providers, parameter profiles and models, each a file of data beside this module.

An operator changes rows, or adds some, without touching the files: by the JSON text of `MODEL_OVERRIDES`.
"""

import json
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from openmind_llm.domain.catalogue import (
    MOST_FALLBACKS,
    Catalogue,
    ErrorRule,
    ImageTokens,
    Model,
    OverrideError,
    Price,
    Profile,
    Provider,
    ReportedCost,
    Row,
)
from openmind_llm.domain.listing import Listing
from openmind_llm.providers import checks

type Rows = dict[tuple[str, str], Row]
"""By provider and name."""

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


def load(*changes: str, version: int = 0) -> Catalogue:
    """The catalogue as it was packaged, with the operator's changes, each laid over what is before it.

    They are texts of JSON, each a list of rows with the fields to set. `version` is the catalogue's.

    A row is found by its `provider` and `name`; one that is not there is added. The packaged data is checked by the
    tests, not at each start; that every fallback is a row is checked here, for all of them. Raises OverrideError.
    """
    profiles = {name: _profile(row) for name, row in _read("profiles").items()}
    providers = {name: _provider(name, row) for name, row in _read("providers").items()}
    laid = _parsed(changes)
    changed = set(map(_key, laid))
    models = [
        _changed(row, profiles) if key in changed else _model(row, profiles)
        for key, row in _laid(laid, providers).items()
    ]
    catalogue = Catalogue(providers.values(), models, version)
    _check_fallbacks(catalogue)
    return catalogue


def rows(*changes: str) -> Rows:
    """The same as data, unchecked but for what it hangs on: names, and providers. Raises OverrideError."""
    return _laid(_parsed(changes), provider_names())


def _laid(changes: Iterable[Row], known: Collection[str]) -> Rows:
    """Over the packaged rows; `known` are the providers."""
    found: Rows = {_key(row): row for row in _read("models")}
    for change in changes:
        key = _key(change)
        if key[0] not in known:
            raise OverrideError(f"model override of an unknown provider: '{key[0]}'")
        found[key] = found.get(key, _NEW_ROW | {"upstream_id": key[1]}) | change
    return found


def provider_names() -> tuple[str, ...]:
    return tuple(_read("providers"))


def _parsed(changes: Iterable[str]) -> list[Row]:
    """Of all texts, one after the other. Raises OverrideError."""
    return [row for text in changes for row in parsed(text)]


def parsed(changes: str) -> list[Row]:
    """Raises OverrideError."""
    try:
        rows = json.loads(changes or "[]")
    except (ValueError, RecursionError):
        raise OverrideError("the model overrides are not JSON") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise OverrideError("the model overrides must be a list of objects")
    return rows


def _key(row: Row) -> tuple[str, str]:
    provider, name = row.get("provider", ""), row.get("name", "")
    if not isinstance(provider, str) or not isinstance(name, str):
        raise OverrideError("a model override needs a provider and a name")
    return provider, name


def _changed(row: Row, profiles: dict[str, Profile]) -> Model:
    try:
        model = _model(row, profiles)
        checks.check(row, model)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        named = f"{row['provider']}/{row.get('name')}"
        raise OverrideError(f"model override of {named}: {type(error).__name__}: {error}") from None
    return model


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
