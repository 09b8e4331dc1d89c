"""`openmind-llm models list` and `show`: what the catalogue is, and what was set of it."""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import TYPE_CHECKING, Any

from openmind_llm.bootstrap import catalogue_changes
from openmind_llm.cli import words
from openmind_llm.domain import catalogue_rows, utc
from openmind_llm.domain.catalogue_changes import NOTHING_SET

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmind_llm.cli.words import Groups
    from openmind_llm.domain.catalogue_changes import Version
    from openmind_llm.domain.catalogue_rows import Key, Rows
    from openmind_llm.settings import Settings

HEAD = ("MODEL", "SENDS", "STATUS", "SHUTDOWN", "PRICE FROM", "OMCU IN/OUT", "FALLBACKS", "SET BY")
PARAMETER = "ModelOverrides"


def add(commands: Groups) -> None:
    listing = commands.add_parser("list", help="list models, with today's prices")
    which = listing.add_mutually_exclusive_group()
    which.add_argument("--changes", action="store_true", help="only what was set, and of which fields")
    which.add_argument("--versions", action="store_true", help="every change that was ever made, oldest first")
    listing.set_defaults(command=list_models)
    showing = commands.add_parser("show", help="show a row as JSON; without a model, all rows that were set")
    showing.add_argument("model", nargs="?", metavar="PROVIDER/MODEL")
    showing.set_defaults(command=show_model)


def list_models(parsed: argparse.Namespace, settings: Settings) -> None:
    changes = catalogue_changes.changes(settings)
    if parsed.versions:
        words.show(("VERSION", "WHEN", "WHO", "WHAT", "OF"), *_versions(changes.history()))
        return
    latest = changes.latest()
    setters = _setters(settings, latest)
    if parsed.changes:
        words.show(("MODEL", "SET BY", "FIELDS"), *_changes(settings, latest))
    else:
        day = utc.day(time.time())
        words.show(HEAD, *(_row(row, day, setters.get(name, "-")) for name, row in changes.rows().items()))
    words.tell(f"version {latest.number}")


def show_model(parsed: argparse.Namespace, settings: Settings) -> None:
    changes = catalogue_changes.changes(settings)
    if parsed.model is None:
        shown: Any = json.loads(changes.latest().rows)
    else:
        shown = changes.rows().get(catalogue_rows.key(parsed.model))
        if shown is None:
            raise ValueError(f"there is no row {parsed.model}: see `models list`")
    sys.stdout.write(json.dumps(shown, indent=2) + "\n")


def _row(row: dict[str, Any], day: str, setter: str) -> tuple[str, ...]:
    begun = [price for price in row["prices"] if price["since"] <= day]
    price = begun[-1] if begun else row["prices"][0]
    omcu = f"{price['omcu']['input']}/{price['omcu']['output']}"
    name = catalogue_rows.told((row["provider"], row["name"]))
    ends = (row["status"], words.or_dash(row["shutdown"]))
    return name, row["upstream_id"], *ends, price["since"], omcu, " ".join(row["fallbacks"]) or "-", setter


def _setters(settings: Settings, latest: Version) -> dict[Key, str]:
    """By whom a row was changed at last."""
    given = dict.fromkeys(_given(settings), PARAMETER)
    return given | dict.fromkeys(catalogue_rows.read(latest.rows), "models set")


def _changes(settings: Settings, latest: Version) -> Iterator[tuple[str, ...]]:
    for setter, rows in ((PARAMETER, _given(settings)), ("models set", catalogue_rows.read(latest.rows))):
        for name, row in rows.items():
            yield catalogue_rows.told(name), setter, " ".join(sorted(row.keys() - {"provider", "name"}))


def _given(settings: Settings) -> Rows:
    return catalogue_rows.read(settings.model_overrides or "[]")


def _versions(history: list[Version]) -> Iterator[tuple[str, ...]]:
    for before, version in zip([NOTHING_SET, *history], history, strict=False):
        differ = catalogue_rows.differences(catalogue_rows.read(before.rows), catalogue_rows.read(version.rows))
        names = " ".join(catalogue_rows.told(name) for name, _ in differ)
        yield str(version.number), utc.text(version.at / 1000), version.actor, version.action, names
