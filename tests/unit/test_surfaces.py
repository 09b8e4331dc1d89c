"""Where a provider's key could come out: what is told, traced, remembered and stored of a request. The watch looks."""

import asyncio
import dataclasses
import json
import random
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from openmind_llm import plans
from openmind_llm.domain.attempts.attempts import Attempts
from openmind_llm.domain.attempts.breaker import Breaker
from openmind_llm.domain.attempts.keyring import Keyring
from openmind_llm.domain.attempts.watched import Watched
from openmind_llm.domain.caching import Asked
from openmind_llm.domain.catalogue import Catalogue
from openmind_llm.domain.completions import Call, Completions, Times
from openmind_llm.domain.keys import Caller
from openmind_llm.errors import GatewayError
from openmind_llm.providers import table
from openmind_llm.providers.client import HttpUpstream
from openmind_llm.providers.http.client import client
from openmind_llm.providers.streams import Clocks
from openmind_llm.storage.cached_answers import DynamoCache
from openmind_llm.storage.health import DynamoHealth
from openmind_llm.storage.provider_keys import SecretProviderKeys
from openmind_llm.storage.secrets import Secret
from openmind_llm.storage.wire.operations import DynamoDB
from openmind_llm.telemetry.line import Lines
from openmind_llm.telemetry.metrics import Metrics
from openmind_llm.telemetry.xray import Segments
from tests import canaries, memory_cache, memory_ledger
from tests.fake_upstream import FakeUpstream, completion, json_reply
from tests.fakes import FakeClock, Fixed, no_sleep
from tests.unit.storage.conftest import TABLE, by_wire
from tests.unit.telemetry.telling import SAMPLED

__all__ = ["by_wire"]

WORDS = "canary-words-of-a-caller"
KEYS = {"openai": [canaries.PROVIDER_KEY, {"key": f"{canaries.PROVIDER_KEY}-2", "name": "second"}]}


class Whole:
    """One account on a gateway with two provider keys, its table and its daemon."""

    def __init__(self, provider: FakeUpstream, dynamodb: DynamoDB) -> None:
        self.daemon = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.daemon.bind(("127.0.0.1", 0))
        self.daemon.settimeout(5)
        self.dynamodb = dynamodb
        self.provider = provider
        self.heard: list[str] = []
        self._clock = FakeClock()
        self._store = memory_ledger.MemoryLedgerStore()
        self._store.known_accounts["account-1"] = memory_ledger.new_account(account_id="account-1")
        self._store.known_keys["key-1"] = memory_ledger.new_key("key-1", "account-1")

    def ask(self) -> int:
        return asyncio.run(self._ask())

    def segments(self, count: int) -> list[str]:
        return [self.daemon.recv(65_536).decode() for _ in range(count)]

    def items(self) -> str:
        return repr(self.dynamodb.scan(TableName=TABLE)["Items"])

    async def _ask(self) -> int:
        body = json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": WORDS}]}).encode()
        call = Call(Caller("key-1", "account-1"), "openai", body, "request-1")
        async with client() as http:
            try:
                async with self._caching(http).open(call, Asked(cache_control="max-age=60")) as reply:
                    self.heard += [repr(reply.headers), *[one.decode() async for one in reply.payloads]]
                    return 200
            except GatewayError as error:
                self.heard += [repr(error.headers), error.message]
                return error.status

    def _caching(self, http: Any) -> Any:
        health = Watched(Breaker(DynamoHealth(self.dynamodb, TABLE), self._clock, lambda: 0.0), self._clock)
        keys = SecretProviderKeys(FakeSecret())
        asking = Attempts(keys, health, Keyring(random.random), self._clock, no_sleep)
        ledger = memory_ledger.ledger(self._store, plans.load(), self._clock)
        told = Lines(Metrics("dev", "model"), Segments(self.daemon.getsockname()), lambda: SAMPLED)
        known = table.load()
        openai = [replaced(one, self.provider.url) for one in known.providers()]
        upstream = HttpUpstream(http, Clocks(5, 5, 5))
        served = Catalogue(openai, known.models())
        completions = Completions(
            Fixed(served), upstream, asking, ledger, self._clock, Times(drain_s=1), telemetry=told
        )
        cache = DynamoCache(self.dynamodb, TABLE)
        return memory_cache.caching(completions, ledger, self._store, self._clock, cache)


class FakeSecret(Secret):
    """Is never read from anywhere."""

    def __init__(self) -> None:
        """Nothing to read it from."""

    def is_at_hand(self) -> bool:
        return True

    def text(self) -> str:
        return json.dumps(KEYS)


def replaced(provider: Any, url: str) -> Any:
    return dataclasses.replace(provider, base_url=url)


@pytest.fixture
def whole(by_wire: DynamoDB) -> Iterator[Whole]:
    with FakeUpstream() as provider:
        gateway = Whole(provider, by_wire)
        yield gateway
        gateway.daemon.close()


@pytest.mark.parametrize(
    ("status", "means"), [(401, "provider_key"), (403, "forbidden"), (400, "input"), (500, "outage")]
)
def test_a_provider_that_quotes_its_key_is_quoted_nowhere(
    whole: Whole, status: int, means: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    quoting = {"error": {"message": f"Bad key {canaries.PROVIDER_KEY}-2 and {canaries.PROVIDER_KEY} for {WORDS}"}}
    whole.provider.answer = lambda _: json_reply(quoting, status)

    assert whole.ask() in {400, 503}
    segments = whole.segments(1 if means == "input" else 2)
    canaries.look_through("answer", whole.heard)

    assert means in segments[0]
    places = [*segments, whole.items(), *(repr(vars(record)) for record in caplog.records)]
    assert not [place for place in places if WORDS in place]
    assert not [place for place in (*places, *whole.heard) if "canaryProviderSecret" in place]


def test_an_answer_leaves_its_content_in_the_cache_and_nowhere_else(
    whole: Whole, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    said = completion(choices=[{"message": {"role": "assistant", "content": WORDS}, "finish_reason": "stop"}])
    whole.provider.answer = lambda _: json_reply(said)

    assert [whole.ask(), whole.ask()] == [200, 200]

    assert len(whole.provider.received) == 1
    assert "CACHE#account-1#" in whole.items()
    assert WORDS in whole.heard[1]
    places = [*whole.segments(1), whole.items(), *(repr(vars(record)) for record in caplog.records)]
    assert not [place for place in places if WORDS in place]
    assert not [place for place in (*places, *whole.heard) if "canaryProviderSecret" in place]
