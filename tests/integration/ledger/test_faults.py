"""A gateway whose DynamoDB fails, before and after its provider was asked."""

import json
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from dev import seed
from openmind_llm.bootstrap import application
from openmind_llm.domain.ledger.ledger import SETTLE_TRIES, Ledger
from openmind_llm.settings import Settings
from tests import canaries
from tests.doors import Answer, UvicornDoor
from tests.fake_upstream import FakeUpstream
from tests.integration.ledger import faulty
from tests.integration.ledger.books import Books
from tests.integration.ledger.faulty import Call, Fault, FaultyDynamo

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

BEFORE = {
    "throttled": faulty.THROTTLED,
    "broken": faulty.BROKEN,
    "unreached": faulty.UNREACHED,
    "answer lost": faulty.ANSWER_LOST,
    "silent": faulty.SILENT,
    "answer too late": faulty.ANSWER_TOO_LATE,
    "done after it was given up": faulty.DONE_LATER,
}
AFTER = {name: BEFORE[name] for name in ("throttled", "broken", "answer lost", "answer too late")}
ACCOUNT = "faults"
CLIENT_ATTEMPTS = 2
"""Of one write; see storage.clients."""
FAULTS = 3
"""More than one write meets, fewer than a settlement survives."""


@pytest.fixture(scope="module")
def faulty_dynamo(environment: dict[str, str]) -> Iterator[FaultyDynamo]:
    with FaultyDynamo(environment["AWS_ENDPOINT_URL"]) as dynamo:
        yield dynamo


@pytest.fixture
def dynamo(faulty_dynamo: FaultyDynamo) -> Iterator[FaultyDynamo]:
    yield faulty_dynamo
    faulty_dynamo.reset()


@pytest.fixture(scope="module")
def gateway(places: dict[str, str], faulty_dynamo: FaultyDynamo) -> Iterator[UvicornDoor]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in places.items():
            patch.setenv(name, value)
        seed.seed_key(canaries.API_KEY, "unlimited", ACCOUNT)
    app = application.create(Settings.from_env(places | {"AWS_ENDPOINT_URL": faulty_dynamo.url}))
    with UvicornDoor(app) as door:
        yield door


@pytest.fixture
def books(gateway: UvicornDoor, dynamodb: "DynamoDBClient") -> Books:
    return Books(dynamodb, ACCOUNT, canaries.KEY_ID)


@pytest.fixture
def ask(gateway: UvicornDoor, dynamo: FaultyDynamo, upstream: FakeUpstream, books: Books) -> Callable[..., Answer]:
    """Asks once so that the gateway is warm; from then on, with the faults that the test sets."""
    headers = {"authorization": f"Bearer {canaries.API_KEY}", "content-type": "application/json"}

    def asked(**changes: Any) -> Answer:
        body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello!"}]} | changes
        return gateway.request("POST", "/api/core/openai/chat/completions", headers, json.dumps(body).encode())

    upstream.reset()
    assert asked().status == 200
    wait_until(lambda: is_settled(books))
    upstream.reset()
    dynamo.reset()
    return asked


def test_a_warm_request_makes_two_round_trips(ask: Callable[..., Answer], dynamo: FaultyDynamo, books: Books) -> None:
    ask()

    wait_until(lambda: is_settled(books))
    assert [(call.is_admission, call.is_settlement) for call in dynamo.calls] == [(True, False), (False, True)]


@pytest.mark.parametrize("name", BEFORE)
def test_a_request_that_cannot_be_admitted_is_not_sent_and_costs_nothing(
    name: str, ask: Callable[..., Answer], dynamo: FaultyDynamo, upstream: FakeUpstream, books: Books
) -> None:
    charged = books.account()["charged"]
    dynamo.fault = lambda call: BEFORE[name] if call.is_admission else None

    answer = ask()

    dynamo.wait_for_late_calls()
    admissions = [call.body for call in dynamo.calls if call.is_admission]
    assert len(admissions) >= CLIENT_ATTEMPTS
    assert len(set(admissions)) == 1, "each attempt is the same write, with the same token"
    assert (answer.status, answer.error) == (503, "The service is not available at the moment")
    assert upstream.received == []
    assert books.account()["open_holds"] == 0
    assert books.account()["charged"] == charged
    books.require_exact()


def test_nothing_is_sent_while_dynamodb_is_down(
    ask: Callable[..., Answer], dynamo: FaultyDynamo, upstream: FakeUpstream, books: Books
) -> None:
    dynamo.fault = lambda _: faulty.UNREACHED

    answer = ask(stream=True)

    assert (answer.status, answer.error) == (503, "The service is not available at the moment")
    assert upstream.received == []
    books.require_exact()


@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize("name", AFTER)
def test_a_settlement_that_fails_is_repeated_and_charges_once(
    name: str, is_stream: bool, ask: Callable[..., Answer], dynamo: FaultyDynamo, books: Books
) -> None:
    rows = len(books.rows())
    dynamo.fault = first(FAULTS, AFTER[name])

    answer = ask(stream=is_stream)

    wait_until(lambda: sum(call.is_settlement for call in dynamo.calls) == FAULTS + 1)
    wait_until(lambda: is_settled(books))
    row = books.rows()[-1]
    assert answer.status == 200
    assert len(books.rows()) == rows + 1
    assert (row["sk"], row["outcome"], row["is_exact"]) == (answer.headers["x-request-id"], "completed", True)
    assert books.account()["open_holds"] == 0
    books.require_exact()


@pytest.mark.parametrize("is_stream", [False, True])
def test_the_answer_comes_though_nothing_can_be_settled_and_the_sweep_charges_an_estimate(
    is_stream: bool, ask: Callable[..., Answer], dynamo: FaultyDynamo, books: Books, sweeper: Ledger
) -> None:
    dynamo.fault = lambda call: faulty.THROTTLED if call.is_settlement else None

    answer = ask(stream=is_stream)

    assert answer.status == 200
    assert b"Hello" in answer.raw
    wait_until(lambda: sum(call.is_settlement for call in dynamo.calls) == SETTLE_TRIES * CLIENT_ATTEMPTS)
    assert books.rows()[-1]["state"] == "held"
    (entry,) = [entry for entry in sweeper.sweep() if entry.hold.account_id == ACCOUNT]
    assert (entry.hold.request_id, entry.outcome) == (answer.headers["x-request-id"], "abandoned")
    assert entry.charge == entry.hold.assumed_bill.charge
    assert books.account()["open_holds"] == 0
    books.require_exact()


def is_settled(books: Books) -> bool:
    return books.account()["open_holds"] == 0


def wait_until(is_so: Callable[[], bool]) -> None:
    """A gateway answers first, and settles then."""
    deadline = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def first(count: int, fault: Fault) -> Callable[[Call], Fault | None]:
    """Of the settlements."""
    faults = iter([fault] * count)
    return lambda call: next(faults, None) if call.is_settlement else None
