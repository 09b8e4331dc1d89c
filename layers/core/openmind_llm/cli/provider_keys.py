"""`openmind-llm provider-keys`: the operator's keys of the providers, changed without a request that fails."""

from __future__ import annotations

import argparse
import getpass
import sys
import time
from typing import TYPE_CHECKING

from openmind_llm.bootstrap import provider_keys
from openmind_llm.cli import words
from openmind_llm.domain import utc
from openmind_llm.domain.listing import KeyUntriedError
from openmind_llm.storage import key_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from openmind_llm.cli.words import Groups
    from openmind_llm.domain.catalogue import Provider
    from openmind_llm.settings import Settings
    from openmind_llm.storage.key_rows import KeyRow
    from openmind_llm.storage.key_secret import KeySecret, Version

LONGEST_REQUEST_S = 900
"""What Lambda allows, and so the last moment at which a request may still choose among the keys that it has read."""


def add(groups: Groups) -> None:
    commands = groups.add_parser("provider-keys", help="keys of the providers").add_subparsers(required=True)
    listing = commands.add_parser("list", help="list them by name or hash; never the keys")
    listing.add_argument("provider", nargs="?")
    listing.set_defaults(command=list_keys)
    adding = commands.add_parser("add", help="put a key, read from standard input, beside those that are there")
    _add_new(adding)
    adding.set_defaults(command=add_key)
    removing = commands.add_parser("remove", help="take a key away")
    removing.add_argument("provider")
    removing.add_argument("key", help="its name or hash, as `list` shows it")
    removing.add_argument("--force", action="store_true", help="also the last one")
    removing.set_defaults(command=remove_key)
    rotating = commands.add_parser("rotate", help="add a key, wait until it is known everywhere, remove the old one")
    _add_new(rotating)
    rotating.add_argument("--old", metavar="KEY", help="name or hash of the one to replace, if there are several")
    rotating.add_argument("--wait", type=float, metavar="SECONDS", help="instead of what is safe; 0 leaves both there")
    rotating.set_defaults(command=rotate_key)


def list_keys(parsed: argparse.Namespace, settings: Settings) -> None:
    text = provider_keys.secret(settings).read().text
    names = [provider_keys.provider(settings, parsed.provider).name] if parsed.provider else key_rows.providers(text)
    rows = [(name, row) for name in names for row in key_rows.rows(text, name)]
    cells = [(name, row.key_id, str(row.weight), "yes" if row.is_usable else "no") for name, row in rows]
    words.show(("PROVIDER", "KEY", "WEIGHT", "USED"), *cells)


def add_key(parsed: argparse.Namespace, settings: Settings) -> None:
    _add(parsed, settings, parsed.weight or 1)
    words.tell(f"in use everywhere within {settings.secrets_max_age_s} s")


def remove_key(parsed: argparse.Namespace, settings: Settings) -> None:
    _remove(parsed.provider, parsed.key, settings, may_be_last=parsed.force)
    words.tell(f"no request is made with it from {_at(_safe_s(settings))} on")


def rotate_key(parsed: argparse.Namespace, settings: Settings) -> None:
    """Raises ValueError where it is not known which one is the old one."""
    old = _old(parsed, settings)
    _add(parsed, settings, parsed.weight or old.weight)
    wait_s = _safe_s(settings) if parsed.wait is None else parsed.wait
    stack = f"--stack {parsed.stack} " if parsed.stack else ""
    later = f"openmind-llm {stack}provider-keys remove {parsed.provider} {old.key_id}"
    if not wait_s:
        words.tell(f"both keys are in use; from {_at(_safe_s(settings))} on: {later}")
        return
    words.tell(f"waiting until {_at(wait_s)} for every environment to know it")
    try:
        time.sleep(wait_s)
    except KeyboardInterrupt:
        raise ValueError(f"stopped: both keys are in use; later: {later}") from None
    _remove(parsed.provider, old.key_id, settings, may_be_last=False)
    words.tell(f"now revoke {old.key_id} at {parsed.provider}: requests that still have it go on with the new one")


def _add_new(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("provider")
    parser.add_argument("--name", help="tells the key apart in logs and metrics; a part of its hash without one")
    parser.add_argument("--weight", type=int, help="its share of the calls beside the others (default: 1)")
    parser.add_argument("--untried", action="store_true", help="do not ask the provider whether it knows the key")


def _add(parsed: argparse.Namespace, settings: Settings, weight: int) -> None:
    """Raises ValueError, and nothing is written, if the key is none, is refused, or cannot be tried."""
    asked = provider_keys.provider(settings, parsed.provider)
    name, key = asked.name, _typed(asked.name)
    key_rows.check_form(key)
    key_rows.added(provider_keys.secret(settings).read().text, name, key, weight, parsed.name)  # before it is tried
    if not parsed.untried:
        _try(asked, key, settings)
    added: list[KeyRow] = []

    def change(text: str) -> str:
        changed, row = key_rows.added(text, name, key, weight, parsed.name)
        added.append(row)
        return changed

    secret, before, after = _changed(settings, change)
    words.tell(f"{name}: added {added[0].key_id}")
    _tell_undo(secret, before, after)


def _remove(provider: str, key_id: str, settings: Settings, *, may_be_last: bool) -> None:
    name = provider_keys.provider(settings, provider).name
    secret, before, after = _changed(
        settings, lambda text: key_rows.removed(text, name, key_id, may_be_last=may_be_last)
    )
    words.tell(f"{name}: removed {key_id}")
    _tell_undo(secret, before, after)


def _changed(settings: Settings, change: Callable[[str], str]) -> tuple[KeySecret, Version, Version]:
    secret = provider_keys.secret(settings)
    before = secret.read()
    return secret, before, secret.write(change(before.text), instead_of=before)


def _old(parsed: argparse.Namespace, settings: Settings) -> KeyRow:
    name = provider_keys.provider(settings, parsed.provider).name
    rows = key_rows.rows(provider_keys.secret(settings).read().text, name)
    found = [row for row in rows if parsed.old in (None, row.key_id)]
    if len(found) != 1:
        known = ", ".join(row.key_id for row in rows) or "none"
        raise ValueError(f"name the key to replace by --old; {name} has: {known}")
    return found[0]


def _typed(provider: str) -> str:
    """Never an argument: those are seen by every user of a machine, and kept in the shell's history."""
    return (getpass.getpass(f"new key of {provider}: ") if sys.stdin.isatty() else sys.stdin.read()).strip()


def _try(asked: Provider, key: str, settings: Settings) -> None:
    try:
        is_known = provider_keys.tried(settings)(asked, key)
    except KeyUntriedError as error:
        raise ValueError(f"{error}; nothing was stored: try later, or say --untried") from None
    words.tell(
        f"{asked.title} knows the key" if is_known else f"{asked.title} tells of no key whether it is good: not tried"
    )


def _safe_s(settings: Settings) -> float:
    """Until every environment has read the secret anew, and what it began before has ended."""
    return settings.secrets_max_age_s + LONGEST_REQUEST_S


def _at(seconds: float) -> str:
    return utc.text(time.time() + seconds)


def _tell_undo(secret: KeySecret, before: Version, after: Version) -> None:
    words.tell(
        "undo: aws secretsmanager update-secret-version-stage --version-stage AWSCURRENT"
        f" --secret-id '{secret.secret_id}'"
        f" --move-to-version-id {before.version_id} --remove-from-version-id {after.version_id}"
    )
