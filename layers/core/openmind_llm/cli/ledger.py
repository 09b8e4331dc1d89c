"""`openmind-llm ledger`: whether the ledger is sound, and an end to what was left open."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from openmind_llm.bootstrap import accounting, inspections, ledgers
from openmind_llm.cli import words
from openmind_llm.domain import money
from openmind_llm.domain.ledger import inspection
from openmind_llm.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmind_llm.cli.words import Groups

OVERDUE_MINUTES = 10


class UnsoundError(ValueError):
    """The ledger of an account does not add up, or could not be checked."""


def add(groups: Groups) -> None:
    commands = groups.add_parser("ledger", help="the ledger of credit").add_subparsers(required=True)
    _add_check(commands.add_parser("check", help="compare every counter with the rows that it should be the sum of"))
    commands.add_parser("sweep", help="settle holds that are past their time").set_defaults(command=sweep_ledger)


def check_ledger(parsed: argparse.Namespace, settings: Settings) -> None:
    """Raises UnsoundError if anything is found."""
    if parsed.all == bool(parsed.account):
        raise ValueError("name an account, or say --all")
    found = 0
    inspect = inspections.inspection(settings, parsed.overdue_minutes * 60)
    for account_id, lines in inspection.inspect(_account_ids(parsed, settings), inspect):
        for line in lines:
            sys.stdout.write(f"{account_id}: {line}\n")
        found += len(lines)
    if found:
        raise UnsoundError(f"{found} found")
    words.tell("the ledger is sound")


def sweep_ledger(_: argparse.Namespace, settings: Settings) -> None:
    entries = ledgers.ledger(settings).sweep()
    for entry in entries:
        hold, charge = entry.hold, money.text(entry.charge)
        sys.stdout.write(f"{hold.request_id}  {hold.account_id}  {hold.provider}/{hold.model}  {charge} OMCU\n")
    words.tell(f"{len(entries)} settled")


def _account_ids(parsed: argparse.Namespace, settings: Settings) -> Iterator[str]:
    if parsed.account:
        yield parsed.account
        return
    for known in accounting.accounts(settings).all():
        yield known.account.account_id


def _add_check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("account", nargs="?", help="the account's id")
    parser.add_argument("--all", action="store_true", help="check every account")
    parser.add_argument(
        "--overdue-minutes",
        type=float,
        default=OVERDUE_MINUTES,
        metavar="N",
        help=f"how long past its time an open hold is listed (default: {OVERDUE_MINUTES})",
    )
    parser.set_defaults(command=check_ledger)
