"""`openmind-llm usage` and `openmind-llm ledger`: what an operator sees of usage, and whether the ledger is sound."""

import argparse
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from openmind_llm.bootstrap import ledgers, reports
from openmind_llm.domain import money
from openmind_llm.domain.keys import Viewer
from openmind_llm.domain.ledger import inspection
from openmind_llm.domain.ledger.rows import ROLLUP_COUNTERS
from openmind_llm.domain.reports import query, sheet
from openmind_llm.domain.reports.query import UsageQuery
from openmind_llm.domain.reports.usage import Line, total
from openmind_llm.settings import Settings

MONEY = {"charge": "charge_omcu", "cost": "cost_usd", "shortfall": "shortfall_omcu"}
"""Counters of micro-units, under the names that tell the unit in which they are shown."""

OVERDUE_MINUTES = 10


class UnsoundError(ValueError):
    """The ledger of an account does not add up, or could not be checked."""


def show_usage(parsed: argparse.Namespace, settings: Settings) -> None:
    """With what the providers charge."""
    ledgers.accounts(settings).get(parsed.account)
    asked = query.parse(_given(parsed), datetime.now(UTC).date())
    lines = reports.usage(settings).lines(Viewer(parsed.account), asked)
    header = (*asked.group_by, *(MONEY.get(name, name) for name in ROLLUP_COUNTERS))
    rows = [_cells(line) for line in lines]
    if parsed.csv:
        sys.stdout.write(sheet.text(header, rows))
        return
    write_table([tuple(name.upper() for name in header), *rows, _cells(_total(asked, lines))])


def check_ledger(parsed: argparse.Namespace, settings: Settings) -> None:
    """Raises UnsoundError if anything is found."""
    if parsed.all == bool(parsed.account):
        raise ValueError("ledger check needs an account, or --all")
    found = 0
    inspect = reports.inspection(settings, parsed.overdue_minutes * 60)
    for account_id, lines in inspection.inspect(_account_ids(parsed, settings), inspect):
        for line in lines:
            sys.stdout.write(f"{account_id}: {line}\n")
        found += len(lines)
    if found:
        raise UnsoundError(f"{found} found")
    sys.stderr.write("the ledger is sound\n")


def sweep_ledger(_: argparse.Namespace, settings: Settings) -> None:
    entries = ledgers.ledger(settings).sweep()
    for entry in entries:
        hold = entry.hold
        charge = money.text(entry.charge)
        sys.stdout.write(f"{hold.request_id}  {hold.account_id}  {hold.provider}/{hold.model}  {charge} OMCU\n")
    sys.stderr.write(f"{len(entries)} settled\n")


def write_table(rows: Iterable[tuple[str, ...]]) -> None:
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        sys.stdout.write("  ".join(cells).rstrip() + "\n")


def add_to(groups: Any) -> None:
    """`groups` is what argparse's add_subparsers gives."""
    _add_usage(groups.add_parser("usage", help="what an account has used, and what that cost"))
    commands = groups.add_parser("ledger", help="the ledger of credit").add_subparsers(required=True)
    _add_check(commands.add_parser("check", help="compare every counter with the rows that it should be the sum of"))
    commands.add_parser("sweep", help="settle holds that are past their time").set_defaults(command=sweep_ledger)


def _given(parsed: argparse.Namespace) -> Iterator[tuple[str, str]]:
    for name, value in (("from", parsed.first), ("to", parsed.last), ("group_by", parsed.group_by)):
        if value is not None:
            yield name, value


def _cells(line: Line) -> tuple[str, ...]:
    counts = ((name, line.counts[name]) for name in ROLLUP_COUNTERS)
    return (*line.group, *(money.text(count) if name in MONEY else str(count) for name, count in counts))


def _total(asked: UsageQuery, lines: list[Line]) -> Line:
    return Line(("total", *[""] * (len(asked.group_by) - 1)), total(lines))


def _account_ids(parsed: argparse.Namespace, settings: Settings) -> Iterator[str]:
    if parsed.account:
        yield parsed.account
        return
    for known in ledgers.accounts(settings).all():
        yield known.account.account_id


def _add_usage(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("account")
    parser.add_argument("--from", dest="first", metavar="DAY", help="first day of UTC, YYYY-MM-DD (default: 30 days)")
    parser.add_argument("--to", dest="last", metavar="DAY", help="last day, included (default: today)")
    parser.add_argument("--group-by", metavar="LIST", help=f"some of {','.join(query.GROUPS)} (default: day)")
    parser.add_argument("--csv", action="store_true", help="write CSV instead of a table")
    parser.set_defaults(command=show_usage)


def _add_check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("account", nargs="?")
    parser.add_argument("--all", action="store_true", help="check every account")
    parser.add_argument(
        "--overdue-minutes",
        type=float,
        default=OVERDUE_MINUTES,
        metavar="N",
        help=f"how long past its time an open hold is listed (default: {OVERDUE_MINUTES})",
    )
    parser.set_defaults(command=check_ledger)
