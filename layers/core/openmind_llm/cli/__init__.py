"""`openmind-llm`: what an operator does by hand.

The deployment is found through `--stack NAME` (a CloudFormation stack), or through the same environment
variables that the functions read.
"""

import argparse
import logging
import os
import sys
from collections.abc import Mapping, Sequence

from botocore.exceptions import BotoCoreError, ClientError

from openmind_llm.cli import (
    accounts,
    audit,
    credit,
    keys,
    ledger,
    models,
    plans,
    provider_keys,
    releases,
    usage,
    words,
)
from openmind_llm.errors import AuthenticationError, GatewayError, LedgerUnavailableError
from openmind_llm.plans import PlanOverrideError
from openmind_llm.settings import MissingSettingError, Settings
from openmind_llm.storage.secrets import SecretUnreadableError
from openmind_llm.storage.stack import StackNotFoundError, stack_environment
from openmind_llm.storage.wire.errors import AwsError

GROUPS = (accounts, keys, credit, plans, models, provider_keys, usage, ledger, audit, releases)
"""Each adds its commands by `add`; the command of a parsed line is its `command`."""

OPERATOR = "operator"
"""Who the audit says it was, with the name on this machine; the account in AWS is in AWS's own logs."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit codes: 0 done, 1 refused or failed, 2 wrong usage."""
    logging.getLogger("openmind_llm").addHandler(logging.NullHandler())  # what failed is told below
    parsed = _parser().parse_args(arguments)
    parsed.actor = _actor(os.environ)
    try:
        parsed.command(parsed, _settings(parsed.stack))
    except (
        ValueError,
        GatewayError,
        PlanOverrideError,
        MissingSettingError,
        SecretUnreadableError,
        StackNotFoundError,
        AwsError,
        BotoCoreError,
        ClientError,
        OSError,
    ) as error:
        sys.stderr.write(f"openmind-llm: {_told(error)}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="openmind-llm", description="Operate an OpenMind LLM gateway.")
    parser.add_argument("--stack", help="name of the deployed CloudFormation stack")
    groups = parser.add_subparsers(required=True, metavar="group", parser_class=words.Group)
    for group in GROUPS:
        group.add(groups)
    return parser


def _settings(stack: str | None) -> Settings:
    return Settings.from_env(stack_environment(stack) if stack else os.environ)


def _actor(environ: Mapping[str, str]) -> str:
    name = environ.get("USER") or environ.get("LOGNAME")
    return f"{OPERATOR} {name}" if name else OPERATOR


def _told(error: Exception) -> str:
    """One line."""
    if isinstance(error, AuthenticationError):
        return "a key has 8 to 256 printable characters without spaces"
    if isinstance(error, LedgerUnavailableError) and isinstance(error.__context__, Exception):
        error = error.__context__
    message = error.message if isinstance(error, AwsError) else ""
    return " ".join(f"{error}: {message}".split()).removesuffix(":")
