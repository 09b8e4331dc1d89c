"""What a soak runs against: an emulated AWS, accounts and keys, and the gateway in a process of its own."""

import json
import os
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import boto3
import pytest

from dev import seed
from dev.emulator import Emulator
from openmind_llm.bootstrap import accounting
from openmind_llm.domain.key_settings import KeySettings
from openmind_llm.settings import Settings
from tests import canaries, processes
from tests.processes import Running
from tests.soak.provider import SECOND_KEY
from tests.soak.wishes import CALLERS, MODELS, NOT_LISTENING, PLANS

ROOT = Path(__file__).parent.parent.parent
QUIET = {"POWERTOOLS_TRACE_DISABLED": "true"}
TIMES = {
    "UPSTREAM_TIMEOUT_S": "6",
    "FIRST_CHUNK_TIMEOUT_S": "2",
    "IDLE_TIMEOUT_S": "1.5",
    "DRAIN_TIMEOUT_S": "1",
    "KEEP_ALIVE_S": "0.3",
    "SETTLE_MARGIN_S": "30",
}
"""Short, so that all of them are met, but for the last: a hold must not be swept before its request is settled."""


@contextmanager
def filled(folder: Path) -> Iterator[dict[str, str]]:
    """An emulated AWS with the accounts of the soak; gives the environment that its functions see."""
    with Emulator(processes.free_port(), folder / "emulator.log") as emulator, pytest.MonkeyPatch.context() as patch:
        environment = emulator.client_environment() | seed.PLACES | {"PLAN_OVERRIDES": json.dumps(PLANS)}
        for name, value in environment.items():
            patch.setenv(name, value)
        seed.fill({})
        keys: dict[str, object] = dict.fromkeys(MODELS, canaries.PROVIDER_KEY)
        keys["openai"] = [canaries.PROVIDER_KEY, {"key": SECOND_KEY, "name": "second"}]
        _store_provider_keys(keys)
        _open_accounts(Settings.from_env(environment))
        yield environment


def _store_provider_keys(keys: Mapping[str, object]) -> None:
    client = boto3.client("secretsmanager")
    seed.create_secret(client, seed.PROVIDER_KEYS_SECRET, json.dumps(keys), replace=True)


def _open_accounts(settings: Settings) -> None:
    accounts = accounting.accounts(settings)
    for account, plan in {(who.account, who.plan) for who in CALLERS}:
        accounts.open(account, plan, "soak")
    for who in CALLERS:
        accounts.create_key(who.account, "soak", KeySettings(who.name, limits=who.key_limits), who.key)


@contextmanager
def served(environment: Mapping[str, str], provider_port: int, folder: Path) -> Iterator[Running]:
    """The gateway, with every provider at one port but the one that nobody answers for."""
    with _nobody() as nobody:
        ports = dict.fromkeys(MODELS, provider_port) | {NOT_LISTENING: nobody}
        urls = {f"{name.upper()}_BASE_URL": f"http://127.0.0.1:{port}/{name}" for name, port in ports.items()}
        port = processes.free_port()
        with processes.running(
            [sys.executable, "-m", "tests.soak.served", str(port)],
            port=port,
            environment={"PATH": os.environ["PATH"], **QUIET, **environment, **TIMES, **urls},
            cwd=ROOT,
            log=folder / "gateway.log",
        ) as running:
            yield running


@contextmanager
def _nobody() -> Iterator[int]:
    """A port that is taken, and that refuses every connection."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]
