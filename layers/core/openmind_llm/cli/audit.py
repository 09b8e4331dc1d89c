"""`openmind-llm audit`: who changed what of an account, or of the catalogue."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from openmind_llm.bootstrap import accounting
from openmind_llm.cli import words
from openmind_llm.domain import money, utc
from openmind_llm.domain.catalogue_changes import AUDITED
from openmind_llm.domain.ledger.audit import AuditRow
from openmind_llm.settings import Settings

if TYPE_CHECKING:
    from openmind_llm.cli.words import Groups


def add(groups: Groups) -> None:
    parser = groups.add_parser("audit", help="show who changed what of an account, oldest first")
    parser.add_argument("account", type=words.named, help=f"the account's id, or {AUDITED}")
    parser.set_defaults(command=show_audit)


def show_audit(parsed: argparse.Namespace, settings: Settings) -> None:
    accounts = accounting.accounts(settings)
    if parsed.account != AUDITED:
        accounts.get(parsed.account)
    words.show(("WHEN", "WHO", "WHAT", "OF", "CREDIT", "DETAIL"), *map(_row, accounts.audit(parsed.account)))


def _row(row: AuditRow) -> tuple[str, ...]:
    credit = money.text(row.credit) if row.credit else "-"
    detail = " ".join(f"{name}={value!r}" for name, value in row.detail.items())
    return utc.text(row.at / 1000), row.actor, row.action, row.subject, credit, detail
