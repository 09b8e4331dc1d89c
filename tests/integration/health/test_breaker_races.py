"""Environments that meet at one cell, over an emulator whose conditional writes are isolated."""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import boto3
import pytest

from dev import seed
from dev.emulator import Emulator
from openmind_llm.bootstrap import health
from openmind_llm.domain.attempts.breaker import Breaker
from openmind_llm.domain.attempts.cells import Cell, Opening, Phase
from openmind_llm.settings import Settings
from openmind_llm.storage.health import DynamoHealth
from openmind_llm.storage.wire.operations import DynamoDB
from tests import processes
from tests.fakes import FakeClock
from tests.memory_health import write
from tests.watched_dynamodb import unwatched, watched

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

RACERS = 12


@pytest.fixture(scope="module")
def dynamodb(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[DynamoDBClient]":
    with (
        Emulator(processes.free_port(), tmp_path_factory.mktemp("health-emulator") / "log") as emulator,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in emulator.client_environment().items():
            patch.setenv(name, value)
        client = boto3.client("dynamodb")
        seed.create_table(client)
        yield client


@pytest.fixture
def client(dynamodb: "DynamoDBClient") -> DynamoDB:
    """The product's way to it."""
    return unwatched()


@pytest.fixture
def clock() -> FakeClock:
    """Near enough to the emulator's own, by which it removes what has passed its TTL."""
    clock = FakeClock()
    clock.now = float(int(time.time()))
    return clock


@pytest.fixture
def cell(request: pytest.FixtureRequest) -> Cell:
    return Cell(request.node.name, "gpt-4o", "main")


def environments(client: DynamoDB, clock: Callable[[], float]) -> list[Breaker]:
    """Each with a memory of its own."""
    return [Breaker(DynamoHealth(client, seed.TABLE), clock, lambda: 0.0) for _ in range(RACERS)]


def at_once[T](breakers: list[Breaker], act: Callable[[int, Breaker], T]) -> list[T]:
    together = Barrier(len(breakers))

    def run(number: int) -> T:
        together.wait(30)
        return act(number, breakers[number])

    with ThreadPoolExecutor(len(breakers)) as pool:
        return list(pool.map(run, range(len(breakers)), timeout=60))


def test_of_all_that_saw_it_half_open_one_gets_the_probe_round_after_round(
    client: DynamoDB, clock: FakeClock, cell: Cell
) -> None:
    store = DynamoHealth(client, seed.TABLE)
    store.swap(cell, None, Opening(int(clock.now), 30, "outage"))

    for _ in range(10):
        racing = environments(client, clock)
        assert {one.looked(cell.provider).state(cell).phase for one in racing} == {Phase.HALF_OPEN}
        claims = at_once(racing, lambda _, one: one.claim_probe(cell, 60))
        assert claims.count(True) == 1
        racing[claims.index(True)].failed(cell, "outage", 60, "account")
        clock.now += 300


def test_failures_that_meet_are_all_counted_and_open_the_cell_once(
    dynamodb: "DynamoDBClient", client: DynamoDB, clock: FakeClock, cell: Cell
) -> None:
    racing = environments(client, clock)

    at_once(racing, lambda number, one: one.failed(cell, "outage", 60, f"account-{number}"))

    (opening,) = DynamoHealth(client, seed.TABLE).openings(cell.provider).values()
    assert opening == Opening(int(clock.now) + 30, 30, "outage")
    key = f"HEALTH#{cell.provider}#gpt-4o@main"
    (counted,) = dynamodb.query(
        TableName=seed.TABLE, KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": {"S": key}}
    )["Items"]
    assert sum(int(value["N"]) for name, value in counted.items() if name.startswith("f")) == RACERS


def test_a_healthy_request_takes_a_fifth_of_a_write_and_a_read_in_five_seconds(
    client: DynamoDB, clock: FakeClock, cell: Cell
) -> None:
    calls: Counter[str] = Counter()

    def sent(operation: str, _body: bytes) -> None:
        calls[operation] += 1

    chances = iter([number / 100 for number in range(100)])
    one = Breaker(DynamoHealth(watched(sent), seed.TABLE), clock, lambda: next(chances))
    for _ in range(100):
        one.looked(cell.provider)
        write(one.answered(cell, None, False, "account"))
        clock.now += 1

    assert calls == {"UpdateItem": 20, "GetItem": 20}


def test_the_breaker_that_is_wired_opens_over_the_table(client: DynamoDB, cell: Cell) -> None:
    settings = Settings(table_name=seed.TABLE, key_pepper_secret="")
    store = DynamoHealth(client, seed.TABLE)
    health.breaker(settings, store).set_aside(cell, "credit", 600)

    state = health.breaker(settings, store).looked(cell.provider).state(cell)
    assert (state.phase, state.why) == (Phase.OPEN, "credit")
    assert 590 < state.until - time.time() <= 601


def test_the_breaker_that_is_wired_opens_by_as_many_failures_as_the_operator_says(client: DynamoDB, cell: Cell) -> None:
    settings = Settings(table_name=seed.TABLE, key_pepper_secret="", breaker_failures=2)
    wired = health.breaker(settings, DynamoHealth(client, seed.TABLE))

    wired.failed(cell, "outage", 60, "account")
    assert wired.looked(cell.provider).state(cell).phase is Phase.CLOSED
    wired.failed(cell, "outage", 60, "account")
    assert wired.looked(cell.provider).state(cell).phase is Phase.OPEN
