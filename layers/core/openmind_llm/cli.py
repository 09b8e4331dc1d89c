"""`openmind-llm`: what an operator does by hand.

The deployment is found through `--stack NAME` (a CloudFormation stack), or through the same environment
variables that the functions read.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from botocore.exceptions import BotoCoreError, ClientError

from openmind_llm.bootstrap import credentials
from openmind_llm.domain import keys
from openmind_llm.domain.keys import KeyRecord
from openmind_llm.errors import AuthenticationError
from openmind_llm.settings import MissingSettingError, Settings
from openmind_llm.storage.secrets import SecretUnreadableError
from openmind_llm.storage.stack import StackNotFoundError, stack_environment

type Command = Callable[[argparse.Namespace, Settings], None]


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit codes: 0 done, 1 refused or failed, 2 wrong usage."""
    parsed = _parser().parse_args(arguments)
    try:
        command: Command = parsed.command
        command(parsed, _settings(parsed.stack))
    except (
        KeyError,
        ValueError,
        AuthenticationError,
        MissingSettingError,
        SecretUnreadableError,
        StackNotFoundError,
        BotoCoreError,
        ClientError,
    ) as error:
        sys.stderr.write(f"openmind-llm: {_told(error)}\n")
        return 1
    return 0


def create_key(parsed: argparse.Namespace, settings: Settings) -> None:
    """Mints a key and shows it, this once. With `--key-from-stdin`, takes one that was minted elsewhere."""
    key = sys.stdin.readline().strip() if parsed.key_from_stdin else keys.mint(parsed.mode)
    pepper, now = credentials.pepper(settings), datetime.now(UTC)
    record = keys.record(key, pepper, account_id=parsed.account, plan=parsed.plan, name=parsed.name or "", now=now)
    credentials.key_store(settings).add(record)
    sys.stderr.write(f"key {record.key_id} created for account {record.account_id}; it is shown only now:\n")
    sys.stdout.write(f"{key}\n")


def list_keys(parsed: argparse.Namespace, settings: Settings) -> None:
    records = sorted(credentials.key_store(settings).records(parsed.account), key=lambda r: r.created_at)
    rows = [("ID", "ACCOUNT", "PLAN", "NAME", "STATE", "CREATED"), *map(_row, records)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        sys.stdout.write("  ".join(cells).rstrip() + "\n")


def revoke_key(parsed: argparse.Namespace, settings: Settings) -> None:
    credentials.key_store(settings).revoke(parsed.id)
    sys.stderr.write(f"key {parsed.id} revoked\n")


def _row(record: KeyRecord) -> tuple[str, ...]:
    state = "active" if record.is_active else "revoked"
    return record.key_id, record.account_id, record.plan, record.name, state, record.created_at


def _settings(stack: str | None) -> Settings:
    return Settings.from_env(stack_environment(stack) if stack else os.environ)


def _told(error: Exception) -> str:
    if isinstance(error, AuthenticationError):
        return "a key has 8 to 256 printable characters without spaces"
    if isinstance(error, KeyError):
        return f"no such key, or its id is taken: {error.args[0]}"
    return str(error)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="openmind-llm", description="Operate an OpenMind LLM gateway.")
    parser.add_argument("--stack", help="name of the deployed CloudFormation stack")
    groups = parser.add_subparsers(required=True, metavar="keys")
    commands = groups.add_parser("keys", help="API keys").add_subparsers(required=True)
    _add_create(commands.add_parser("create", help="mint a key and show it once"))
    _add_list(commands.add_parser("list", help="list keys"))
    _add_revoke(commands.add_parser("revoke", help="revoke a key at once"))
    return parser


def _named(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("must not be empty")
    return text


def _add_create(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--account", required=True, type=_named, help="account that the key spends for")
    parser.add_argument("--plan", default="free", help="plan of the account (default: free)")
    parser.add_argument("--name", help="what the key is for")
    parser.add_argument("--mode", choices=keys.MODES, default="live")
    parser.add_argument(
        "--key-from-stdin", action="store_true", help="take a key minted elsewhere instead of minting one"
    )
    parser.set_defaults(command=create_key)


def _add_list(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--account", type=_named, help="only this account's")
    parser.set_defaults(command=list_keys)


def _add_revoke(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", help="16-character key id")
    parser.set_defaults(command=revoke_key)


if __name__ == "__main__":
    sys.exit(main())
