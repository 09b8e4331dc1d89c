"""`openmind-llm usage`: what an account has used, with what the providers charge for it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from openmind_llm.bootstrap import accounting, reports
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
    usage = groups.add_parser("usage", help="what an account has used, and what the providers charge for it")
    usage.add_argument("account", type=words.named, help="the account's id")
    usage.add_argument("--from", dest="first", metavar="DAY", help="first day of UTC, YYYY-MM-DD (default: 30 days)")
    usage.add_argument("--to", dest="last", metavar="DAY", help="last day, included (default: today)")
    usage.add_argument("--group-by", metavar="LIST", help=f"some of {','.join(query.GROUPS)} (default: day)")
    usage.add_argument("--csv", action="store_true", help="write CSV instead of a table")
    usage.set_defaults(command=show_usage)


def show_usage(parsed: argparse.Namespace, settings: Settings) -> None:
    accounting.accounts(settings).get(parsed.account)
    asked = query.parse(_given(parsed), datetime.now(UTC).date())
    lines = reports.usage(settings).lines(Viewer(parsed.account), asked)
    header = (*asked.group_by, *(MONEY.get(name, name) for name in ROLLUP_COUNTERS))
    if parsed.csv:
        sys.stdout.write(sheet.text(header, map(_cells, lines)))
        return
    words.show([name.upper() for name in header], *map(_cells, lines), _cells(_total(asked, lines)))


def _given(parsed: argparse.Namespace) -> Iterator[tuple[str, str]]:
    for name, value in (("from", parsed.first), ("to", parsed.last), ("group_by", parsed.group_by)):
        if value is not None:
            yield name, value


def _cells(line: Line) -> tuple[str, ...]:
    counts = ((name, line.counts[name]) for name in ROLLUP_COUNTERS)
    return (*line.group, *(money.text(count) if name in MONEY else str(count) for name, count in counts))


def _total(asked: UsageQuery, lines: list[Line]) -> Line:
    return Line(("total", *[""] * (len(asked.group_by) - 1)), total(lines))
