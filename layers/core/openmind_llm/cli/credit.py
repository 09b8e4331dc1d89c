"""`openmind-llm credit`: credit beside the month's own, which does not expire."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from openmind_llm.bootstrap import accounting
from openmind_llm.cli import words
from openmind_llm.domain import money
from openmind_llm.settings import Settings

if TYPE_CHECKING:
    from openmind_llm.cli.words import Groups


def add(groups: Groups) -> None:
    commands = groups.add_parser("credit", help="credit beside the plan's").add_subparsers(required=True)
    grant = commands.add_parser("grant", help="grant credit, or take it back by a negative amount")
    grant.add_argument("account", type=words.named, help="the account's id")
    grant.add_argument("amount", help="in OMCU, such as 2500 or -12.5")
    grant.add_argument("--note", default="", help="why; the audit tells it")
    grant.set_defaults(command=grant_credit)


def grant_credit(parsed: argparse.Namespace, settings: Settings) -> None:
    amount = money.micro(parsed.amount)
    accounts = accounting.accounts(settings)
    accounts.grant(parsed.account, amount, parsed.actor, parsed.note)
    balance = money.text(accounts.get(parsed.account).counters["balance"])
    words.tell(f"{money.text(amount)} OMCU granted to {parsed.account}, which has {balance} now")
