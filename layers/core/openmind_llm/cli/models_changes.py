"""`openmind-llm models set`, `retire`, `reset` and `undo`: every environment goes by it within a minute."""

from __future__ import annotations

import argparse
import json
import sys
import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from openmind_llm.bootstrap import catalogue_changes
from openmind_llm.cli import words
from openmind_llm.domain import catalogue_rows, money, utc
from openmind_llm.domain.catalogue_rows import NewPrice

if TYPE_CHECKING:
    from openmind_llm.cli.words import Command, Groups
    from openmind_llm.domain.catalogue_changes import CatalogueChanges, Change
    from openmind_llm.settings import Settings

WITHIN_S = 60
"""An environment looks every 20 s: see docs/catalogue.md."""


def add(commands: Groups) -> None:
    _add_set(commands)
    retiring = _add(commands, "retire", "let a model's fallbacks answer from a day on", retire_model)
    retiring.add_argument("model", metavar="PROVIDER/MODEL")
    retiring.add_argument("--on", required=True, type=_day, metavar="DAY", help="YYYY-MM-DD in UTC, or today")
    retiring.add_argument(
        "--fallback", action="append", default=[], metavar="PROVIDER/MODEL", help="may be repeated (default: as it is)"
    )
    resetting = _add(commands, "reset", "drop what was set of a model", reset_model)
    resetting.add_argument("model", metavar="PROVIDER/MODEL")
    undoing = _add(commands, "undo", "go back to the version before", undo_change)
    undoing.add_argument("--to", type=int, metavar="VERSION", help="or to this one; 0 is nothing set")


def _add(commands: Groups, name: str, told: str, command: Command) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=told)
    parser.add_argument("--dry-run", action="store_true", help="check and show, and change nothing")
    parser.set_defaults(command=command)
    return parser


def _add_set(commands: Groups) -> None:
    parser = _add(commands, "set", "change a model, or add one", set_models)
    parser.add_argument("model", nargs="?", metavar="PROVIDER/MODEL")
    parser.add_argument("--file", metavar="FILE", help="rows as in ModelOverrides, as JSON; - is standard input")
    parser.add_argument(
        "--field", action="append", default=[], type=_pair, metavar="NAME=VALUE", help="may be repeated"
    )
    parser.add_argument("--price-from", type=_day, metavar="DAY", help="add a price from this day on")
    each: dict[str, Any] = {"action": "append", "default": [], "type": _pair, "metavar": "CLASS=AMOUNT"}
    parser.add_argument("--usd", help="its dollars for a million tokens, such as input=1.25", **each)
    parser.add_argument("--omcu", help="its OMCU for a million tokens, such as output=100000", **each)
    parser.add_argument("--rewrite-prices", action="store_true", help="let the rows change prices that are there")


def set_models(parsed: argparse.Namespace, settings: Settings) -> None:
    changes = catalogue_changes.changes(settings)
    if parsed.file is not None:
        if parsed.model or parsed.field or parsed.price_from:
            raise ValueError("name a file, or a model with its fields")
        change = changes.set(_read(parsed.file), parsed.actor, rewrites_prices=parsed.rewrite_prices)
    else:
        change = _of_one(parsed, changes)
    _make(parsed, changes, change)


def retire_model(parsed: argparse.Namespace, settings: Settings) -> None:
    changes = catalogue_changes.changes(settings)
    _make(parsed, changes, changes.retire(parsed.model, parsed.on, parsed.fallback, parsed.actor))


def reset_model(parsed: argparse.Namespace, settings: Settings) -> None:
    changes = catalogue_changes.changes(settings)
    _make(parsed, changes, changes.reset(parsed.model, parsed.actor))


def undo_change(parsed: argparse.Namespace, settings: Settings) -> None:
    changes = catalogue_changes.changes(settings)
    _make(parsed, changes, changes.undo(parsed.actor, parsed.to))


def _of_one(parsed: argparse.Namespace, changes: CatalogueChanges) -> Change:
    fields = {name: _value(text) for name, text in parsed.field}
    if not parsed.model or not (fields or parsed.price_from):
        raise ValueError("name a model and what to set of it, or a file: see `models set --help`")
    if parsed.price_from:
        price = NewPrice(
            parsed.price_from,
            {name: money.micro(text) for name, text in parsed.usd},
            {name: int(text) for name, text in parsed.omcu},
        )
        return changes.reprice(parsed.model, price, fields, parsed.actor)
    if parsed.usd or parsed.omcu:
        raise ValueError("say from which day the price holds: --price-from")
    provider, name = catalogue_rows.key(parsed.model)
    row = fields | {"provider": provider, "name": name}
    return changes.set([row], parsed.actor, rewrites_prices=parsed.rewrite_prices)


def _make(parsed: argparse.Namespace, changes: CatalogueChanges, change: Change) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in change.lines))
    if parsed.dry_run:
        words.tell("it fits; nothing was changed")
        return
    changes.apply(change)
    words.tell(f"version {change.version.number}: in every environment within {WITHIN_S} s")


def _read(path: str) -> list[Any]:
    """One row is a list of one."""
    try:
        read = json.loads(sys.stdin.read() if path == "-" else Path(path).read_text())
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise ValueError(f"{path} is no JSON") from None
    rows = read if isinstance(read, list) else [read]
    if not all(isinstance(row, dict) for row in rows):
        raise ValueError(f"{path} must hold a row, or a list of rows")
    return rows


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise argparse.ArgumentTypeError(f"{text} is not of the form NAME=VALUE")
    return name, value


def _value(text: str) -> Any:
    """What is no JSON is a text: names need no quotes."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _day(text: str) -> str:
    if text == "today":
        return utc.day(time.time())
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no day: write YYYY-MM-DD, or today") from None
