"""What each process of a race does: many threads that admit, and later settle, over a ledger of the process's own."""

import functools
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Barrier
from typing import ClassVar

from dev import seed
from openmind_llm.domain import ids
from openmind_llm.domain.catalogue import Route
from openmind_llm.domain.keys import Caller
from openmind_llm.domain.ledger.admission import Admission, Ask
from openmind_llm.domain.ledger.ledger import Clock, Ledger
from openmind_llm.domain.ledger.rows import Bill, Timing
from openmind_llm.domain.ledger.seen import Seen
from openmind_llm.domain.ledger.settlement import Ending
from openmind_llm.domain.plans import Plan, Plans
from openmind_llm.domain.usage import Usage
from openmind_llm.errors import GatewayError
from openmind_llm.providers import table
from openmind_llm.storage.ledger import DynamoLedger
from openmind_llm.storage.wire.connection import Answer
from tests.watched_dynamodb import watched

MODEL = "gpt-4o-mini"
INPUT, OUTPUT = 1_000, 1_000
"""Tokens of every request."""

PROCESSES = 8

CONFLICT = Answer(
    400,
    {},
    b'{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","Message":"Transaction cancelled",'
    b'"CancellationReasons":[{"Code":"None"},{"Code":"TransactionConflict","Message":"x"},{"Code":"None"}]}',
    is_last=False,
)
"""What DynamoDB answers where another transaction has the account."""


@dataclass(frozen=True)
class Race:
    """`calls` at once, evenly from all processes. `now` stops the clock that the limits see.

    Bills are `least` to `most` times the hold, evenly spread. `conflicts`: the share of writes that DynamoDB would
    cancel because another transaction is under way on the same item. `settles_last`: not before all are decided.
    """

    account_id: str
    plan: Plan
    calls: int
    now: float | None = None
    least: float = 1.0
    most: float = 1.0
    conflicts: float = 0.0
    settles_last: bool = True
    seed: int = 0


@dataclass
class Result:
    """`outcomes` counts "admitted" and the names of errors; `waits` are the seconds until each was decided."""

    outcomes: Counter[str] = field(default_factory=Counter)
    trips_to_decide: int = 0
    trips_to_settle: int = 0
    waits: list[float] = field(default_factory=list)
    settle_failures: int = 0


def prepare(together: Barrier, environment: Mapping[str, str]) -> None:
    """Once in each process."""
    os.environ.update(environment)
    Lane.together = together


def run(race: Race, number: int) -> Result:
    """As process `number`; every process of the pool must run it, as each waits for the others."""
    lane, calls = Lane(race, number), (race.calls + number) // PROCESSES
    lane.together.wait(60)
    with ThreadPoolExecutor(calls) as threads:
        admitted = [one for one in threads.map(lane.decide, range(calls)) if one is not None]
        lane.together.wait(60)
        if race.settles_last:
            list(threads.map(lane.settle, admitted))
    lane.close()
    return lane.result


class Lane:
    """One process's part of a race. All of them begin, and end admitting, `together`."""

    together: ClassVar[Barrier]

    def __init__(self, race: Race, number: int) -> None:
        self.result = Result()
        self._race = race
        self._random = random.Random(f"{race.seed}/{number}")  # noqa: S311 - no secret
        self._lock = threading.Lock()
        self._is_settling = threading.local()
        now = time.time if race.now is None else _stopped(race.now)
        self._client = watched(self._sent)
        store = DynamoLedger(self._client, seed.TABLE)
        self._ledger = Ledger(store, Plans([race.plan]), Clock(now, time.sleep), Seen(30, time.monotonic))
        self._now = now

    def close(self) -> None:
        self._client.close()

    def decide(self, _: int) -> Admission | None:
        caller = Caller(f"key-{self._race.account_id}", self._race.account_id)
        started, admission = time.monotonic(), None
        try:
            admission = self._ledger.admit(caller, ask(self._now()))
            outcome = "admitted"
        except GatewayError as error:
            outcome = type(error).__name__
        with self._lock:
            self.result.outcomes[outcome] += 1
            self.result.waits.append(time.monotonic() - started)
        if admission is not None and not self._race.settles_last:
            self.settle(admission)
        return admission

    def settle(self, admission: Admission) -> None:
        self._is_settling.value = True
        try:
            self._ledger.settle(admission.hold, self._ending(admission))
        except GatewayError:
            with self._lock:
                self.result.settle_failures += 1
        self._is_settling.value = False

    def _ending(self, admission: Admission) -> Ending:
        with self._lock:
            factor = self._random.uniform(self._race.least, self._race.most)
        bill = Bill(round(admission.hold.amount * factor), 17)
        return Ending(
            "completed", Usage(INPUT, 0, 0, OUTPUT, 0, is_exact=True), bill, int(self._now() * 1000), Timing(9)
        )

    def _sent(self, operation: str, _body: bytes) -> Answer | None:
        with self._lock:
            if getattr(self._is_settling, "value", False):
                self.result.trips_to_settle += 1
            else:
                self.result.trips_to_decide += 1
            is_write = operation == "TransactWriteItems"
            return CONFLICT if is_write and self._random.random() < self._race.conflicts else None


def ask(now_s: float) -> Ask:
    now_ms = int(now_s * 1000)
    return Ask(ids.new(now_ms), now_ms, 180, route(), False, INPUT, INPUT, OUTPUT)


@functools.cache
def route() -> Route:
    return table.load().resolve("openai", MODEL, datetime.now(UTC).date().isoformat())


def _stopped(now: float) -> Callable[[], float]:
    return lambda: now
