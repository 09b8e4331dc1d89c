"""`openmind-llm accounts guard`: what the requests of an account may reach, and what may be in them."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from openmind_llm.bootstrap import accounting
from openmind_llm.cli import words
from openmind_llm.domain import guard_settings
from openmind_llm.domain.guard_settings import GuardSettings

if TYPE_CHECKING:
    from openmind_llm.domain.ledger.standing import Account
    from openmind_llm.settings import Settings

FLAGS: dict[str, tuple[str, dict[str, Any]]] = {
    "allowed_models": ("--allow-model", {"action": "append", "metavar": "MODEL", "help": "may be repeated"}),
    "denied_models": ("--deny-model", {"action": "append", "metavar": "MODEL", "help": "wins; may be repeated"}),
    "filters": ("--filters", {"type": Path, "metavar": "FILE", "help": "a JSON array of rules"}),
    "logs_content": ("--log-content", {"choices": ("on", "off"), "help": "whether logs may hold texts"}),
}
"""Fields of GuardSettings, and the options that set them."""


def add_options(parser: argparse.ArgumentParser) -> None:
    for field, (flag, more) in FLAGS.items():
        parser.add_argument(flag, dest=field, **more)
    parser.add_argument("--clear", action="append", default=[], choices=sorted(FLAGS), help="take a setting away")


def guard_account(parsed: argparse.Namespace, settings: Settings) -> None:
    asked = _asked(parsed)
    if not asked:
        raise ValueError("nothing to change: see `accounts guard --help`")
    accounts = accounting.accounts(settings)
    accounts.guard(parsed.account, lambda before: guard_settings.changed(before, asked), parsed.actor)
    words.tell(f"account {parsed.account} changed")


def rows(account: Account) -> list[tuple[str, str]]:
    """For `accounts show`."""
    told = GuardSettings.read(account).texts
    return [(f"{name.replace('_', ' ')}:", text or "-") for name, text in told.items()]


def _asked(parsed: argparse.Namespace) -> dict[str, Any]:
    given = {field: getattr(parsed, field) for field in FLAGS if getattr(parsed, field) is not None}
    if "filters" in given:
        given["filters"] = _read(given["filters"])
    if "logs_content" in given:
        given["logs_content"] = given["logs_content"] == "on"
    return dict.fromkeys(parsed.clear) | given


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text())
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from None
    except ValueError:
        raise ValueError(f"{path} is no JSON") from None
