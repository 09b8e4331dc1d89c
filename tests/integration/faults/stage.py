"""The application on real sockets, before providers that do what each request's row of the matrix says.

The ledger is the one in memory, which makes the same moves as the table does: what is asked of it here is what was
charged, not how it is kept.
"""

import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace

import boto3
import pytest
from moto import mock_aws

from openmind_llm import plans
from openmind_llm.api.asgi import App
from openmind_llm.api.paths import CompletionsAlone
from openmind_llm.bootstrap import catalogues, completions
from openmind_llm.bootstrap.kept import Kept
from openmind_llm.domain import keys
from openmind_llm.settings import Settings
from tests import memory_ledger
from tests.doors import UvicornDoor
from tests.fake_upstream import FakeUpstream, Received, Reply, Stream
from tests.integration.faults.behaviours import Asked, Behaviour
from tests.integration.faults.outcomes import DOWN_FALLBACK, DOWN_PRIMARY, FALLBACK, MODEL, PRIMARY
from tests.memory_cache import MemoryCache
from tests.memory_catalogue import MemoryVersions
from tests.memory_health import MemoryHealthStore
from tests.memory_ledger import MemoryLedgerStore

PEPPER = "a pepper for tests"
PROVIDER_KEYS = ("sk-the-first-key", "sk-the-second-key")
IDLE_S = 1.5
CREDIT = 10**12
"""Micro-OMCU of each account."""

_PRICES = {PRIMARY: 1, FALLBACK: 2, DOWN_PRIMARY: 1, DOWN_FALLBACK: 2}
_CAPABILITIES = {"vision": True, "tools": True, "structured_output": True, "reasoning": False}


@dataclass
class Provider:
    """All that can be reached, on one socket: a request names its row in its only message."""

    behaviours: dict[str, dict[str, Behaviour]] = field(default_factory=dict)
    """By request and provider."""
    upstream: FakeUpstream = field(default_factory=FakeUpstream)
    _keys: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, received: Received) -> Reply | Stream:
        provider, marker = received.path.split("/")[1], received.body["messages"][0]["content"]
        key = received.headers["authorization"]
        with self._lock:
            used = self._keys.setdefault((provider, marker), [])
            used.append(key)
            number, is_first_key = len(used), key == used[0]
        asked = Asked(number, is_first_key, bool(received.body.get("stream")), self.upstream.stopping)
        reply = self.behaviours[marker][provider](asked)
        if isinstance(reply, Reply) and reply.status <= 0:
            return reply
        # No connection is kept: one that the provider closes while it is used again would be another fault.
        return replace(reply, headers=reply.headers | {"connection": "close"})

    def calls(self, marker: str) -> Counter[str]:
        """Those that a request made, by provider."""
        return Counter({provider: len(used) for (provider, of), used in self._keys.items() if of == marker})


@dataclass(frozen=True)
class Stage:
    """`doors` lead to the same gateway with one key of each provider, and with two."""

    provider: Provider
    store: MemoryLedgerStore
    doors: dict[int, UvicornDoor]

    def open_account(self, account_id: str) -> str:
        """Gives its key."""
        key = keys.mint("test")
        account = memory_ledger.new_account(account_id=account_id, credit=CREDIT)
        record = keys.record(key, PEPPER.encode(), account_id=account_id, name="a key", now_s=time.time())
        self.store.known_accounts[account_id] = account
        self.store.known_keys[record.key_id] = replace(memory_ledger.new_key(), record=record)
        return key


@contextmanager
def opened() -> Iterator[Stage]:
    provider = Provider()
    provider.upstream.answer = provider.answer
    store = MemoryLedgerStore()
    with ExitStack() as stack:
        environment = stack.enter_context(pytest.MonkeyPatch.context())
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        environment.delenv("AWS_ENDPOINT_URL", raising=False)
        stack.enter_context(mock_aws())
        nobody = stack.enter_context(_nobody_listens())
        url = stack.enter_context(provider.upstream).url
        secrets = boto3.client("secretsmanager")
        secrets.create_secret(Name="pepper", SecretString=PEPPER)
        doors = {}
        for number in (1, 2):
            told = dict.fromkeys(_PRICES, PROVIDER_KEYS[:number])
            secrets.create_secret(Name=f"keys-{number}", SecretString=json.dumps(told))
            app = _app(Settings.from_env(_environment(url, nobody, f"keys-{number}")), store)
            doors[number] = stack.enter_context(UvicornDoor(app))
        yield Stage(provider, store, doors)


def _app(settings: Settings, store: MemoryLedgerStore) -> App:
    ledger = memory_ledger.ledger(store, plans.load(), time.time)
    kept = Kept(store, MemoryCache(), MemoryHealthStore(), MemoryVersions())
    endpoint = completions.endpoint(settings, catalogues.create(settings, kept.catalogue), ledger, kept)
    return completions.guarded(CompletionsAlone(endpoint), settings, ledger)


def _environment(url: str, nobody: str, keys_secret: str) -> dict[str, str]:
    reached = {f"{name.upper()}_BASE_URL": f"{url}/{name}" for name in (PRIMARY, FALLBACK)}
    down = {f"{name.upper()}_BASE_URL": f"{nobody}/{name}" for name in (DOWN_PRIMARY, DOWN_FALLBACK)}
    return (
        reached
        | down
        | {
            "TABLE_NAME": "none",
            "KEY_PEPPER_SECRET": "pepper",
            "PROVIDER_KEYS_SECRET": keys_secret,
            "MODEL_OVERRIDES": json.dumps([_row(provider, factor) for provider, factor in _PRICES.items()]),
            "BREAKER_FAILURES": "0",
            "UPSTREAM_TIMEOUT_S": "20",
            "FIRST_CHUNK_TIMEOUT_S": "20",
            "IDLE_TIMEOUT_S": str(IDLE_S),
        }
    )


def _row(provider: str, factor: int) -> dict[str, object]:
    """A model with prices that can be reckoned with in one's head, and no end."""
    usd: dict[str, object] = {
        "input": 100_000 * factor,
        "cached_input": None,
        "cache_write": None,
        "output": 1_000_000 * factor,
        "tiers": [],
    }
    omcu = {"input": 1_000 * factor, "output": 10_000 * factor}
    price = {"since": "2026-01-01", "usd": usd, "omcu": omcu, "omcu_basis": "set by the operator"}
    return {
        "provider": provider,
        "name": MODEL,
        "profile": "openai_chat",
        "context_window": 100_000,
        "max_output_tokens": 10_000,
        "capabilities": _CAPABILITIES,
        "prices": [price],
    }


@contextmanager
def _nobody_listens() -> Iterator[str]:
    """The address of a port that is taken, so that nobody else listens there either."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"
