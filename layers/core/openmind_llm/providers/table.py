"""Loads the catalogue: providers, parameter profiles and models, each a file of data beside this module."""

import json
from pathlib import Path
from typing import Any

from openmind_llm.domain.catalogue import Catalogue, ErrorRule, Model, Price, Profile, Provider, Row

_DATA = Path(__file__).parent / "data"


def load() -> Catalogue:
    """The catalogue as it was packaged. The data is checked by the tests, not at each start."""
    profiles = {name: _profile(row) for name, row in _read("profiles").items()}
    providers = [_provider(name, row) for name, row in _read("providers").items()]
    return Catalogue(providers, (_model(row, profiles) for row in _read("models")))


def _read(name: str) -> Any:
    return json.loads((_DATA / f"{name}.json").read_bytes())


def _provider(name: str, row: Row) -> Provider:
    rules = tuple(ErrorRule(**rule) for rule in row["error_rules"])
    return Provider(name, row["title"], row["base_url"], rules)


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
