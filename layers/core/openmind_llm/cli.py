"""`openmind-llm`: what an operator does by hand.

The deployment is found through `--stack NAME` (a CloudFormation stack), or through the same environment
variables that the functions read.
"""

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Sequence

from botocore.exceptions import BotoCoreError, ClientError

from openmind_llm import reports_cli
from openmind_llm.bootstrap import credentials, ledgers
from openmind_llm.domain import keys
from openmind_llm.domain.accounts import KeySettings
from openmind_llm.domain.keys import KeyRecord
from openmind_llm.errors import AccountExistsError, AuthenticationError, GatewayError, KeyNotFoundError
from openmind_llm.plans import PlanOverrideError
from openmind_llm.settings import MissingSettingError, Settings
from openmind_llm.storage.secrets import SecretUnreadableError
from openmind_llm.storage.stack import StackNotFoundError, stack_environment

ACTOR = "operator"
"""Who the audit says it was; the account of the operator in AWS is in its own logs."""

type Command = Callable[[argparse.Namespace, Settings], None]


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit codes: 0 done, 1 refused or failed, 2 wrong usage."""
    parsed = _parser().parse_args(arguments)
    try:
        command: Command = parsed.command
        command(parsed, _settings(parsed.stack))
    except (
        ValueError,
        GatewayError,
        PlanOverrideError,
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
    accounts = ledgers.accounts(settings)
    with contextlib.suppress(AccountExistsError):
        accounts.open(parsed.account, parsed.plan, ACTOR)
    _, known = accounts.create_key(parsed.account, ACTOR, KeySettings(name=parsed.name or ""), key)
    sys.stderr.write(f"key {known.record.key_id} created for account {parsed.account}; it is shown only now:\n")
    sys.stdout.write(f"{key}\n")


def list_keys(parsed: argparse.Namespace, settings: Settings) -> None:
    accounts = ledgers.accounts(settings)
    owners = [parsed.account] if parsed.account else [known.account.account_id for known in accounts.all()]
    records = [known.record for owner in owners for known in accounts.keys(owner)]
    rows = [("ID", "ACCOUNT", "NAME", "CREATED"), *map(_row, records)]
    reports_cli.write_table(rows)


def revoke_key(parsed: argparse.Namespace, settings: Settings) -> None:
    record = credentials.key_store(settings).get(parsed.id)
    if record is None:
        raise KeyNotFoundError
    ledgers.accounts(settings).delete_key(record.account_id, parsed.id, ACTOR)
    sys.stderr.write(f"key {parsed.id} revoked\n")


def _row(record: KeyRecord) -> tuple[str, ...]:
    return record.key_id, record.account_id, record.name, record.created_at


def _settings(stack: str | None) -> Settings:
    return Settings.from_env(stack_environment(stack) if stack else os.environ)


def _told(error: Exception) -> str:
    if isinstance(error, AuthenticationError):
        return "a key has 8 to 256 printable characters without spaces"
    return str(error)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="openmind-llm", description="Operate an OpenMind LLM gateway.")
    parser.add_argument("--stack", help="name of the deployed CloudFormation stack")
    groups = parser.add_subparsers(required=True, metavar="keys|usage|ledger")
    commands = groups.add_parser("keys", help="API keys").add_subparsers(required=True)
    _add_create(commands.add_parser("create", help="mint a key and show it once"))
    _add_list(commands.add_parser("list", help="list keys"))
    _add_revoke(commands.add_parser("revoke", help="revoke a key at once"))
    reports_cli.add_to(groups)
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
