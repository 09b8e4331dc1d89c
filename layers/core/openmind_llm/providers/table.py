"""Loads the catalogue: providers, parameter profiles and models, each a file of data beside this module.

An operator changes rows, or adds some, without touching the files: by the JSON text of `MODEL_OVERRIDES`.
"""

import json
from pathlib import Path
from typing import Any

from openmind_llm.domain.catalogue import Catalogue, ErrorRule, Model, Price, Profile, Provider, Row

_DATA = Path(__file__).parent / "data"


_NEW_ROW: Row = {
    "prefix": False,
    "aliases": [],
    "snapshots": [],
    "status": "active",
    "shutdown": None,
    "replacement": None,
    "ceiling": None,
}
"""What a row that an operator adds need not say."""


class OverrideError(Exception):
    """The operator's changes to the catalogue cannot be read; the text says which and why."""


def load(overrides: str = "") -> Catalogue:
    """The catalogue as it was packaged, with the operator's changes: a JSON list of rows, each with the fields to set.

    A row is found by its `provider` and `name`; one that is not there is added. The packaged data is checked by the
    tests, not at each start. Raises OverrideError.
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
    return Catalogue(providers.values(), models.values())


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
        _check_prices(model.prices)
    except (KeyError, TypeError, ValueError) as error:
        named = f"{row['provider']}/{row.get('name')}"
        raise OverrideError(f"model override of {named}: {type(error).__name__}: {error}") from None
    return model


def _check_prices(prices: tuple[Price, ...]) -> None:
    amounts = [price[kind] for p in prices for price in (p.usd, p.omcu) for kind in ("input", "output")]
    if not amounts:
        raise ValueError("a model needs a price")
    if not all(isinstance(amount, int) and amount > 0 for amount in amounts):
        raise ValueError("prices must be positive integers")


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
    )


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
    )


def _price(entry: Row) -> Price:
    return Price(entry["since"], entry["usd"], entry["omcu"], entry["omcu_basis"])
