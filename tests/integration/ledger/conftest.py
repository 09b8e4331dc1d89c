"""A table in an emulator whose transactions are isolated, and processes that race for it."""

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config

from dev import seed
from dev.emulator import Emulator
from openmind_llm import plans
from openmind_llm.domain.ledger.audit import AuditRow
from openmind_llm.domain.ledger.ledger import Clock, Ledger
from openmind_llm.domain.ledger.seen import Seen
from openmind_llm.domain.plans import Limits
from openmind_llm.storage.ledger import DynamoLedger
from openmind_llm.storage.wire.operations import DynamoDB
from tests import canaries, processes
from tests.fake_runtime_api import FakeRuntimeApi
from tests.fake_upstream import FakeUpstream
from tests.integration.ledger import counted, racers
from tests.integration.ledger.books import Books
from tests.integration.ledger.canned import Canned
from tests.integration.ledger.counted import Served
from tests.integration.ledger.racers import PROCESSES, Race, Result
from tests.integration.ledger.recorded import RecordedAws
from tests.watched_dynamodb import unwatched

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

type Run = Callable[[Race], Result]
type Open = Callable[..., Books]
type Serve = Callable[[int], AbstractContextManager[Served]]


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What makes boto3 talk to the emulator, whose table is empty."""
    log = tmp_path_factory.mktemp("ledger-emulator") / "log"
    with Emulator(processes.free_port(), log) as emulator:
        yield emulator.client_environment()


@pytest.fixture
def dynamodb(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> "DynamoDBClient":
    """The way to it that never fails, and is not the product's. Patient: how fast the emulator is does not matter."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    config = Config(read_timeout=60, retries={"mode": "standard", "total_max_attempts": 1})
    client: DynamoDBClient = boto3.client("dynamodb", config=config)
    seed.create_table(client)
    return client


@pytest.fixture
def client(dynamodb: "DynamoDBClient") -> DynamoDB:
    """The product's way to it."""
    return unwatched()


@pytest.fixture
def open_account(dynamodb: "DynamoDBClient", request: pytest.FixtureRequest) -> Open:
    """Opens an account named after the test."""

    def opened(plan: str = "race", credit: int = 10**15, key_limits: Limits | None = None) -> Books:
        account_id = request.node.name.replace("[", "-").replace("]", "")
        books = Books(dynamodb, account_id, f"key-{account_id}")
        audit = AuditRow(account_id, 0, "test", "open", account_id)
        books.open(audit, plan=plan, credit=credit, key_limits=key_limits)
        return books

    return opened


@pytest.fixture(scope="session")
def racing(environment: dict[str, str]) -> Iterator[ProcessPoolExecutor]:
    context = multiprocessing.get_context("forkserver")  # each is a process of its own; the imports are made once
    context.set_forkserver_preload(["tests.integration.ledger.warm"])
    together = context.Barrier(PROCESSES)
    given = {name: os.environ[name] for name in ("PATH",)} | environment
    with ProcessPoolExecutor(PROCESSES, context, racers.prepare, (together, given)) as pool:
        yield pool


@pytest.fixture
def run(racing: ProcessPoolExecutor) -> Run:
    """Runs a race in all processes at once, and adds up what they report."""

    def added_up(race: Race) -> Result:
        total = Result()
        for future in [racing.submit(racers.run, race, number) for number in range(PROCESSES)]:
            result = future.result(120)
            total.outcomes += result.outcomes
            total.waits += result.waits
            total.trips_to_decide += result.trips_to_decide
            total.trips_to_settle += result.trips_to_settle
            total.settle_failures += result.settle_failures
        return total

    return added_up


@pytest.fixture
def sweeper(client: DynamoDB) -> Ledger:
    """A ledger of another process, for whom every hold is past its time."""
    clock = Clock(lambda: time.time() + 1000, time.sleep)
    return Ledger(DynamoLedger(client, seed.TABLE), plans.load(), clock, Seen(30, time.monotonic))


@pytest.fixture(scope="session")
def upstream() -> Iterator[FakeUpstream]:
    with FakeUpstream() as upstream:
        yield upstream


@pytest.fixture(scope="session")
def places(environment: dict[str, str], upstream: FakeUpstream) -> dict[str, str]:
    """The environment of a gateway over the emulator, whose table and secrets are filled."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        seed.fill({"openai": canaries.PROVIDER_KEY})
    return (
        environment
        | seed.PLACES
        | {"OPENAI_BASE_URL": f"{upstream.url}/openai", "POWERTOOLS_TRACE_DISABLED": "true"}
        | {"UPSTREAM_TIMEOUT_S": "2", "SETTLE_MARGIN_S": "1", "DRAIN_TIMEOUT_S": "0.5"}
        | {"BREAKER_FAILURES": "0"}  # its own calls to the table, one in five requests, are counted with its tests
    )


@pytest.fixture(scope="module")
def aws(environment: dict[str, str]) -> Iterator[RecordedAws]:
    with RecordedAws(environment["AWS_ENDPOINT_URL"]) as recorded:
        yield recorded


@pytest.fixture
def provider() -> Iterator[Canned]:
    with Canned() as canned:
        yield canned


@pytest.fixture
def served(aws: RecordedAws, places: dict[str, str], dynamodb: "DynamoDBClient", provider: Canned) -> Serve:
    """Begins a new environment of the stream function, with this hash seed."""
    seed.seed_key(canaries.API_KEY, "unlimited", "served")
    own = {"AWS_ENDPOINT_URL": aws.url, "OPENAI_BASE_URL": f"{provider.url}/openai"}

    @contextmanager
    def begun(hash_seed: int) -> Iterator[Served]:
        with FakeRuntimeApi() as api:
            api.on_chunk = provider.on_chunk
            with counted.served(api, places | own, hash_seed) as function:
                yield function

    return begun
