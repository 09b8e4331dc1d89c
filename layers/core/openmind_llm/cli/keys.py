"""`openmind-llm keys`: API keys, and what each may do."""

from __future__ import annotations

import argparse
import contextlib
import sys
from typing import TYPE_CHECKING, Any

from openmind_llm.bootstrap import accounting, credentials
from openmind_llm.cli import words
from openmind_llm.domain import keys, money, utc
from openmind_llm.domain.accounts import AccountExistsError
from openmind_llm.domain.key_settings import KeySettings
from openmind_llm.domain.owners import OVERLAP_S
from openmind_llm.domain.ports import KnownKey
from openmind_llm.errors import KeyNotFoundError
from openmind_llm.settings import Settings

if TYPE_CHECKING:
    from openmind_llm.cli.words import Groups

FLAGS: dict[str, tuple[str, dict[str, Any]]] = {
    "name": ("--name", {"help": "what the key is for"}),
    "expires_at": ("--expires", {"metavar": "TIME", "help": "from when on it is refused, such as 2027-01-31"}),
    "allowed_models": ("--allow-model", {"action": "append", "metavar": "MODEL", "help": "may be repeated"}),
    "allowed_providers": ("--allow-provider", {"action": "append", "metavar": "PROVIDER", "help": "may be repeated"}),
    "cache_max_age_seconds": (
        "--cache-max-age",
        {"type": int, "metavar": "SECONDS", "help": "age of answers that may be given again to the same request"},
    ),
    "day_budget_omcu": ("--day-budget", {"metavar": "OMCU"}),
    "month_budget_omcu": ("--month-budget", {"metavar": "OMCU", "help": "of the calendar's month"}),
    "requests_per_second": ("--rps", {"type": int, "metavar": "COUNT", "help": "requests per second"}),
    "burst": ("--burst", {"type": int, "metavar": "COUNT", "help": "requests at once after a pause"}),
    "tokens_per_minute": ("--tokens-per-minute", {"type": int, "metavar": "COUNT"}),
    "concurrency": ("--concurrency", {"type": int, "metavar": "COUNT", "help": "requests open at once"}),
}
"""Fields of KeyRules, and the options that set them."""


def add(groups: Groups) -> None:
    commands = groups.add_parser("keys", help="API keys").add_subparsers(required=True)
    _add_create(commands.add_parser("create", help="mint a key and show it once"))
    listing = commands.add_parser("list", help="list keys")
    listing.add_argument("--account", type=words.named, help="only this account's")
    listing.set_defaults(command=list_keys)
    _add_changes(commands)


def _add_create(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--account", required=True, type=words.named, help="account that the key spends for")
    parser.add_argument("--plan", default="free", help="plan of the account if it is a new one (default: free)")
    parser.add_argument("--mode", choices=keys.MODES, default="live")
    parser.add_argument(
        "--key-from-stdin", action="store_true", help="take a key minted elsewhere instead of minting one"
    )
    _add_flags(parser)
    parser.set_defaults(command=create_key)


def _add_changes(commands: Groups) -> None:
    changes = (
        ("revoke", "revoke a key at once", revoke_key),
        ("rotate", "give a key a new secret and show it once", rotate_key),
        ("update", "change what a key may do", update_key),
    )
    for name, told, command in changes:
        parser = commands.add_parser(name, help=told)
        parser.add_argument("id", help="16-character key id")
        parser.set_defaults(command=command)
    overlap: dict[str, Any] = {"type": int, "default": OVERLAP_S, "metavar": "SECONDS"}
    commands.choices["rotate"].add_argument("--overlap", help="how long the old secret stays good (a day)", **overlap)
    _add_flags(commands.choices["update"])
    commands.choices["update"].add_argument(
        "--clear", action="append", default=[], choices=sorted(FLAGS.keys() - {"name"}), help="take a setting away"
    )


def _add_flags(parser: argparse.ArgumentParser) -> None:
    for field, (flag, more) in FLAGS.items():
        parser.add_argument(flag, dest=field, **more)


def create_key(parsed: argparse.Namespace, settings: Settings) -> None:
    """Mints a key and shows it, this once. With `--key-from-stdin`, takes one that was minted elsewhere."""
    asked = _read(parsed, KeySettings())
    key = sys.stdin.readline().strip() if parsed.key_from_stdin else keys.mint(parsed.mode)
    accounts = accounting.accounts(settings)
    with contextlib.suppress(AccountExistsError):
        accounts.open(parsed.account, parsed.plan, parsed.actor)
    _, known = accounts.create_key(parsed.account, parsed.actor, asked, key)
    words.tell(f"key {known.record.key_id} created for account {parsed.account}; it is shown only now:")
    sys.stdout.write(f"{key}\n")


def list_keys(parsed: argparse.Namespace, settings: Settings) -> None:
    accounts = accounting.accounts(settings)
    owners = [parsed.account] if parsed.account else [known.account.account_id for known in accounts.all()]
    found = [known for owner in owners for known in accounts.keys(owner)]
    words.show(("ID", "ACCOUNT", "NAME", "CREATED", "EXPIRES", "CHARGED"), *map(_row, found))


def revoke_key(parsed: argparse.Namespace, settings: Settings) -> None:
    accounting.accounts(settings).delete_key(_owner(parsed, settings), parsed.id, parsed.actor)
    words.tell(f"key {parsed.id} revoked")


def rotate_key(parsed: argparse.Namespace, settings: Settings) -> None:
    owner = _owner(parsed, settings)
    key, _ = accounting.accounts(settings).rotate_key(owner, parsed.id, parsed.overlap, parsed.actor)
    words.tell(f"key {parsed.id} has a new secret; the old one is good for {parsed.overlap} s. It is shown only now:")
    sys.stdout.write(f"{key}\n")


def update_key(parsed: argparse.Namespace, settings: Settings) -> None:
    owner = _owner(parsed, settings)
    accounting.accounts(settings).change_key(owner, parsed.id, lambda before: _read(parsed, before), parsed.actor)
    words.tell(f"key {parsed.id} changed")


def _read(parsed: argparse.Namespace, before: KeySettings) -> KeySettings:
    given = {field: getattr(parsed, field) for field in FLAGS if getattr(parsed, field) is not None}
    cleared = dict.fromkeys(getattr(parsed, "clear", ()))
    return accounting.rules().read(cleared | given, before)


def _owner(parsed: argparse.Namespace, settings: Settings) -> str:
    record = credentials.key_store(settings).get(parsed.id)
    if record is None:
        raise KeyNotFoundError
    return record.account_id


def _row(known: KnownKey) -> tuple[str, ...]:
    record = known.record
    ends = None if record.expires_at is None else utc.text(record.expires_at)
    charged = money.text(known.counters["charged"])
    return record.key_id, record.account_id, record.name, record.created_at, words.or_dash(ends), charged
