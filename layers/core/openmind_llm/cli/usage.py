"""`openmind-llm usage`: what an account has used, with what the providers charge for it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from openmind_llm.bootstrap import accounting, exports, reports
from openmind_llm.cli import words
from openmind_llm.domain import money
from openmind_llm.domain.keys import Viewer
from openmind_llm.domain.ledger.rows import ROLLUP_COUNTERS
from openmind_llm.domain.reports import query, sheet
from openmind_llm.domain.reports.query import UsageQuery
from openmind_llm.domain.reports.usage import Line, total
from openmind_llm.settings import Settings

if TYPE_CHECKING:
    from openmind_llm.cli.words import Groups

MONEY = {"charge": "charge_omcu", "cost": "cost_usd", "shortfall": "shortfall_omcu"}
"""Counters of micro-units, under the names that tell the unit in which they are shown."""


def add(groups: Groups) -> None:
    """`usage ACCOUNT` is short for `usage of ACCOUNT`."""
    usage = groups.add_parser("usage", help="what an account has used, and what the providers charge for it")
    usage.usual, usage.commands = "of", ("export",)
    commands = usage.add_subparsers(required=True, metavar="command")
    _add_of(commands.add_parser("of", help="a report on an account; the word `of` may be left out"))
    _add_export(commands.add_parser("export", help="write the settled requests of a day as JSON lines"))


def _add_of(of: argparse.ArgumentParser) -> None:
    of.add_argument("account", type=words.named, help="the account's id")
    of.add_argument("--from", dest="first", metavar="DAY", help="first day of UTC, YYYY-MM-DD (default: 30 days)")
    of.add_argument("--to", dest="last", metavar="DAY", help="last day, included (default: today)")
    of.add_argument("--group-by", metavar="LIST", help=f"some of {','.join(query.GROUPS)} (default: day)")
    of.add_argument("--csv", action="store_true", help="write CSV instead of a table")
    of.set_defaults(command=show_usage)


def _add_export(export: argparse.ArgumentParser) -> None:
    export.add_argument("--day", required=True, metavar="DAY", help="of UTC, YYYY-MM-DD, on which the requests began")
    export.add_argument("--to", required=True, metavar="PLACE", help="a folder, or s3://bucket/prefix")
    export.set_defaults(command=export_usage)


def show_usage(parsed: argparse.Namespace, settings: Settings) -> None:
    accounting.accounts(settings).get(parsed.account)
    asked = query.parse(_given(parsed), datetime.now(UTC).date())
    lines = reports.usage(settings).lines(Viewer(parsed.account), asked)
    header = (*asked.group_by, *(MONEY.get(name, name) for name in ROLLUP_COUNTERS))
    if parsed.csv:
        sys.stdout.write(sheet.text(header, map(_cells, lines)))
        return
    words.show([name.upper() for name in header], *map(_cells, lines), _cells(_total(asked, lines)))


def export_usage(parsed: argparse.Namespace, settings: Settings) -> None:
    day = query.day("day", parsed.day)
    if day > datetime.now(UTC).date():
        raise ValueError(f"{day} has not begun")
    done = exports.days(settings, parsed.to).export(day)
    words.tell(f"{done.rows} requests of {day} in {done.files} files, {done.open} not settled yet")


def _given(parsed: argparse.Namespace) -> Iterator[tuple[str, str]]:
    for name, value in (("from", parsed.first), ("to", parsed.last), ("group_by", parsed.group_by)):
        if value is not None:
            yield name, value


def _cells(line: Line) -> tuple[str, ...]:
    counts = ((name, line.counts[name]) for name in ROLLUP_COUNTERS)
    return (*line.group, *(money.text(count) if name in MONEY else str(count) for name, count in counts))


def _total(asked: UsageQuery, lines: list[Line]) -> Line:
    return Line(("total", *[""] * (len(asked.group_by) - 1)), total(lines))
