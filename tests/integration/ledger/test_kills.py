"""A server that is killed at any moment: nothing is lost but the exact usage of what it was doing."""

import http.client
import itertools
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dev import seed
from openmind_llm.domain.ledger.ledger import Ledger
from tests import canaries
from tests.fake_upstream import EVENTS, HANG_UP, FakeUpstream, Received, Reply, Stream, completion, json_reply
from tests.integration.ledger import mortal
from tests.integration.ledger.books import Books
from tests.integration.ledger.mortal import Lives

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

SEED = 20_261_125
KILLS = 100
AT_ONCE = 2
"""Requests of each life, one whole, one streamed."""

LONGEST_LIFE_S = 0.45

ACCOUNT = "kills"


@pytest.fixture
def lives(places: dict[str, str], books: Books, upstream: FakeUpstream, tmp_path: Path) -> Iterator[Lives]:
    upstream.answer = slow
    with mortal.lives(places, tmp_path / "log") as begun:
        yield begun


@pytest.fixture
def books(places: dict[str, str], dynamodb: "DynamoDBClient") -> Books:
    seed.seed_key(canaries.API_KEY, "unlimited", ACCOUNT)
    return Books(dynamodb, ACCOUNT, canaries.KEY_ID)


@dataclass
class Clients:
    """Each request has a marker of its own. `ids` are those of whom at least the headers came, `whole` the answered."""

    port: int
    ids: list[str] = field(default_factory=list)
    whole: list[str] = field(default_factory=list)

    def ask(self, number: int) -> int:
        """The status; 0 where there was no answer, or not all of it."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("POST", "/api/core/openai/chat/completions", *_request(number))
            answer = connection.getresponse()
            request_id = answer.headers["x-request-id"]
            self.ids.append(request_id)
            answer.read()
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()
        self.whole.append(request_id)
        return answer.status


def _request(number: int) -> tuple[str, dict[str, str]]:
    body = {
        "model": "gpt-4o-mini",
        "messages": [{"role": "user", "content": f"marker {number}."}],
        "stream": number % 2 == 0,
    }
    return json.dumps(body), {
        "authorization": f"Bearer {canaries.API_KEY}",
        "content-type": "application/json",
        "connection": "close",
    }


def slow(received: Received) -> Reply | Stream:
    """An answer that takes its time, so that there is something to be killed in."""
    if marker(received) is None:
        return HANG_UP
    if marker(received) == mortal.WARM_UP:
        return json_reply(completion(), connection="close")
    if received.body.get("stream"):
        return Stream(_slowly())
    time.sleep(0.05)
    return json_reply(completion())


def _slowly() -> Iterator[bytes]:
    for event in EVENTS:
        time.sleep(0.01)
        yield event


def kill_over_and_over(lives: Lives, clients: Clients) -> None:
    """Who was not let in yet when a server died waits for the next one; the last is left alive."""
    chance, numbers = random.Random(SEED), itertools.count(1)  # noqa: S311 - no secret
    with ThreadPoolExecutor(10 * AT_ONCE) as threads:

        def ask() -> list[Future[int]]:
            return [threads.submit(clients.ask, next(numbers)) for _ in range(AT_ONCE)]

        life_s = _time_needed(lives, ask)
        for _ in range(KILLS):
            pid = lives.begin()
            ask()
            time.sleep(chance.uniform(0, life_s))
            lives.end(pid)
        lives.begin()


def _time_needed(lives: Lives, ask: Callable[[], list[Future[int]]]) -> float:
    """Seconds for the requests of a whole life, on the machine as it is: so that kills come all along it."""
    started = time.monotonic()
    pid = lives.begin()
    for asked in ask():
        assert asked.result() == 200
    lives.end(pid)
    return min(LONGEST_LIFE_S, time.monotonic() - started)


def test_killed_at_100_random_moments_the_ledger_has_one_row_for_each_call_and_no_hold_stays(
    lives: Lives, upstream: FakeUpstream, books: Books, sweeper: Ledger
) -> None:
    clients, started = Clients(lives.port), time.monotonic()

    kill_over_and_over(lives, clients)

    books.require_exact()
    left = books.account()["open_holds"]
    swept = [entry for entry in sweeper.sweep() if entry.hold.account_id == ACCOUNT]
    books.require_exact()
    rows = {row["sk"]: row for row in books.rows()}
    outcomes = Counter(row["outcome"] for row in rows.values())
    markers = Counter(one for one in map(marker, upstream.received) if one)
    sys.stdout.write(
        f"\nseed {SEED}: {KILLS} kills, {KILLS * AT_ONCE} requests, {len(clients.whole)} answered, "
        f"{len(markers)} upstream calls, {left} holds "
        f"left and {len(swept)} swept, rows {dict(outcomes)}, {time.monotonic() - started:.1f} s\n"
    )
    assert set(markers.values()) == {1}
    assert left == len(swept) == outcomes["abandoned"] >= KILLS / 10
    assert outcomes["completed"] <= len(markers) <= len(rows) - outcomes["refused"]
    assert set(clients.whole) <= set(clients.ids) <= rows.keys()
    assert books.account()["open_holds"] == books.account()["held"] == 0
    assert clients.ask(0) == 200


def marker(received: Received) -> Any:
    """None for a call that broke off before it was all there: no provider answers it, or bills it."""
    if not received.raw.endswith(b"}"):
        return None
    return received.body["messages"][0]["content"]
