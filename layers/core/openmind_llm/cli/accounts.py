"""`openmind-llm accounts`: who has credit, and on which plan."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from openmind_llm.bootstrap import accounting
from openmind_llm.cli import guard, words
from openmind_llm.domain import money, utc
from openmind_llm.domain.ledger import credit
from openmind_llm.domain.ports import KnownAccount
from openmind_llm.settings import Settings

if TYPE_CHECKING:
    from openmind_llm.cli.words import Command, Groups


def add(groups: Groups) -> None:
    commands = groups.add_parser("accounts", help="accounts and their plans").add_subparsers(required=True)
    _add(commands, "open", "open an account, with its first month's credit", open_account)
    commands.choices["open"].add_argument("--plan", default="free", help="its plan (default: free)")
    commands.add_parser("list", help="list accounts").set_defaults(command=list_accounts)
    _add(commands, "show", "show an account's plan and credit", show_account)
    _add(commands, "close", "refuse an account's keys at once", close_account)
    _add(commands, "reopen", "take an account's keys again", reopen_account)
    _add(commands, "plan", "change the plan at once: the month's credit starts anew", change_plan)
    commands.choices["plan"].add_argument("plan", help="see `plans list`")
    _add(commands, "guard", "set its models, content filters, and whether logs may hold texts", guard.guard_account)
    guard.add_options(commands.choices["guard"])
    _add(commands, "cancel", "let the plan end with its period", cancel_plan)
    commands.choices["cancel"].add_argument("--undo", action="store_true", help="let it go on after all")


def _add(commands: Groups, name: str, told: str, command: Command) -> None:
    parser = commands.add_parser(name, help=told)
    parser.add_argument("account", type=words.named, help="the account's id")
    parser.set_defaults(command=command)


def open_account(parsed: argparse.Namespace, settings: Settings) -> None:
    accounting.accounts(settings).open(parsed.account, parsed.plan, parsed.actor)
    words.tell(f"account {parsed.account} opened on plan {parsed.plan}")


def list_accounts(_: argparse.Namespace, settings: Settings) -> None:
    found = sorted(accounting.accounts(settings).all(), key=lambda known: known.account.account_id)
    words.show(("ACCOUNT", "PLAN", "STATE", "BALANCE", "CHARGED", "KEYS", "OPENED"), *map(_row, found))


def show_account(parsed: argparse.Namespace, settings: Settings) -> None:
    known = accounting.accounts(settings).get(parsed.account)
    counters = known.counters
    unused = f"{money.text(credit.monthly_unused(counters))} of {money.text(counters['period_credit'])}"
    words.show(
        ("account:", known.account.account_id),
        ("plan:", known.account.plan),
        ("state:", _state(known)),
        ("balance:", money.text(counters["balance"])),
        ("of the month:", unused),
        ("held:", money.text(counters["held"])),
        ("charged:", money.text(counters["charged"])),
        ("granted:", money.text(counters["granted"])),
        ("keys:", str(counters["keys"])),
        ("opened:", utc.text(known.account.created_at)),
        ("period ends:", utc.text(counters["period_end"])),
        *guard.rows(known.account),
    )


def close_account(parsed: argparse.Namespace, settings: Settings) -> None:
    accounting.accounts(settings).close(parsed.account, parsed.actor)
    words.tell(f"account {parsed.account} closed: its keys are refused")


def reopen_account(parsed: argparse.Namespace, settings: Settings) -> None:
    accounting.accounts(settings).reopen(parsed.account, parsed.actor)
    words.tell(f"account {parsed.account} reopened")


def change_plan(parsed: argparse.Namespace, settings: Settings) -> None:
    accounting.accounts(settings).set_plan(parsed.account, parsed.plan, parsed.actor)
    words.tell(f"account {parsed.account} is on plan {parsed.plan}")


def cancel_plan(parsed: argparse.Namespace, settings: Settings) -> None:
    accounting.accounts(settings).cancel(parsed.account, parsed.actor, at_period_end=not parsed.undo)
    words.tell(f"account {parsed.account}: the plan {'goes on' if parsed.undo else 'ends with its period'}")


def _row(known: KnownAccount) -> tuple[str, ...]:
    account, counters = known.account, known.counters
    amounts = (money.text(counters[name]) for name in ("balance", "charged"))
    opened = utc.text(account.created_at)
    return account.account_id, account.plan, _state(known), *amounts, str(counters["keys"]), opened


def _state(known: KnownAccount) -> str:
    if not known.account.is_active:
        return "closed"
    return "cancelled" if known.account.cancel_at_period_end else "open"
