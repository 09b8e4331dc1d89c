"""Environments that share a table, and operators who change the catalogue under them."""

import json
import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from threading import Barrier
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from dev import seed
from dev.emulator import Emulator
from openmind_llm import cli
from openmind_llm.api import app
from openmind_llm.api.asgi import App
from openmind_llm.api.paths import CompletionsAlone
from openmind_llm.bootstrap import application, catalogue_changes, catalogues, completions
from openmind_llm.bootstrap.kept import with_ledger
from openmind_llm.domain.catalogue_changes import AUDITED, CatalogueMovedError, Version
from openmind_llm.domain.ledger.audit import AuditRow
from openmind_llm.settings import Settings
from openmind_llm.storage.catalogue import DynamoCatalogue
from tests import canaries, processes
from tests.doors import Answer, UvicornDoor
from tests.fake_upstream import FakeUpstream, Received, Reply, completion
from tests.fakes import FakeClock
from tests.watched_dynamodb import unwatched, watched

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

MODEL, OTHER = "gpt-6.1-sol", "gpt-6-luna"
CHAT, MODELS = "/api/core/openai/chat/completions", "/api/core/openai/models"
MAX_AGE_S = 20
OPERATORS = 6


@dataclass
class Environment:
    """One, with a memory of its own; `reads` counts the items of the catalogue that it reads."""

    door: UvicornDoor
    reads: Counter[str]

    def request(self, method: str, path: str, body: Any = None) -> Answer:
        headers = {"authorization": f"Bearer {canaries.API_KEY}", "content-type": "application/json"}
        return self.door.request(method, path, headers, b"" if body is None else json.dumps(body).encode())

    def ask(self) -> Answer:
        return self.request("POST", CHAT, {"model": MODEL, "messages": [{"role": "user", "content": "Hello!"}]})

    def listed(self) -> Any:
        (found,) = [one for one in self.request("GET", MODELS).body["data"] if one["id"] == MODEL]
        return found


class Stage:
    """A deployment, whose environments have one clock for the age of what they know."""

    def __init__(self, upstream: FakeUpstream, stack: ExitStack) -> None:
        self.clock = FakeClock()
        self._stack = stack
        self.upstream = upstream
        self.settings = Settings.from_env({**os.environ, "OPENAI_BASE_URL": upstream.url, "BREAKER_FAILURES": "0"})

    def route(self) -> Environment:
        """As the route function is wired, without the account API."""
        return self._environment(is_whole=True)

    def stream(self) -> Environment:
        """As the stream function is wired."""
        return self._environment(is_whole=False)

    def _environment(self, *, is_whole: bool) -> Environment:
        ledger, kept = with_ledger(self.settings)
        reads = Counter[str]()

        def sent(operation: str, body: bytes) -> None:
            assert operation == "GetItem"
            reads[json.loads(body)["Key"]["sk"]["S"]] += 1

        store = DynamoCatalogue(watched(sent), self.settings.table_name)
        known = catalogues.create(self.settings, store, self.clock)
        endpoint = completions.endpoint(self.settings, known, ledger, kept)
        served = app.create(known, endpoint) if is_whole else CompletionsAlone(endpoint)
        return self.serving(completions.guarded(served, self.settings, ledger), reads)

    def serving(self, served: App, reads: Counter[str] | None = None) -> Environment:
        return Environment(self._stack.enter_context(UvicornDoor(served)), Counter() if reads is None else reads)

    def operator(self, *words: str) -> None:
        assert cli.main(words) == 0


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with Emulator(processes.free_port(), tmp_path_factory.mktemp("catalogue-emulator") / "log") as emulator:
        yield emulator


@pytest.fixture
def dynamodb(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> "Iterator[DynamoDBClient]":
    """With nothing set in it. Every client that is made meanwhile is closed in the end."""
    for name in [name for name in os.environ if name.startswith("AWS_") or name.endswith("_OVERRIDES")]:
        monkeypatch.delenv(name)
    for name, value in (emulator.client_environment() | seed.PLACES).items():
        monkeypatch.setenv(name, value)
    made, make = list[Any](), boto3.client

    def kept(*asked: Any, **more: Any) -> Any:
        made.append(make(*asked, **more))
        return made[-1]

    monkeypatch.setattr("boto3.client", kept)
    seed.fill({"openai": canaries.PROVIDER_KEY})
    seed.seed_key(canaries.API_KEY, "unlimited")
    client: DynamoDBClient = boto3.client("dynamodb")
    for item in client.scan(TableName=seed.TABLE)["Items"]:
        if item["pk"]["S"] == "CATALOGUE":
            client.delete_item(TableName=seed.TABLE, Key={"pk": item["pk"], "sk": item["sk"]})
    yield client
    for one in made:
        one.close()


@pytest.fixture
def stage(dynamodb: "DynamoDBClient") -> Iterator[Stage]:
    with ExitStack() as stack:
        upstream = stack.enter_context(FakeUpstream())
        upstream.answer = answered
        yield Stage(upstream, stack)


def answered(_: Received) -> Reply:
    """With no connection left open: nobody closes an environment's."""
    return Reply(200, json.dumps(completion()).encode(), {"content-type": "application/json", "connection": "close"})


def put(rows: str) -> None:
    """Past every check."""
    store = DynamoCatalogue(unwatched(), seed.TABLE)
    number = store.latest() + 1
    assert store.add(Version(number, rows, number, 0, "test", "set"), AuditRow(AUDITED, 0, "test", "set", "-"))


def test_what_an_operator_sets_is_used_by_every_environment_within_the_bound(stage: Stage) -> None:
    route, stream = stage.route(), stage.stream()
    for environment in (route, stream):
        environment.ask()
    stage.operator("models", "set", f"openai/{MODEL}", "--field", f"upstream_id={OTHER}")

    stage.clock.now += MAX_AGE_S - 0.5
    for environment in (route, stream):
        environment.ask()
    stage.clock.now += 0.5
    for environment in (route, stream):
        environment.ask()

    assert [received.body["model"] for received in stage.upstream.received] == [MODEL] * 4 + [OTHER] * 2
    assert route.listed()["upstream_id"] == OTHER


def test_a_price_is_charged_from_the_next_request_on(stage: Stage) -> None:
    environments = (stage.route(), stage.stream())
    before = [environment.ask().headers["x-openmind-cost"] for environment in environments]
    stage.operator(
        "models",
        "set",
        f"openai/{MODEL}",
        "--price-from",
        "today",
        "--omcu",
        "input=1000000",
        "--omcu",
        "output=2000000",
    )
    stage.clock.now += MAX_AGE_S

    after = [environment.ask().headers["x-openmind-cost"] for environment in environments]

    assert before[0] == before[1] != "48"
    assert after == ["48", "48"]  # 12 tokens of input, 18 of output


def test_a_retired_models_fallback_answers_in_every_environment(stage: Stage) -> None:
    environments = (stage.route(), stage.stream())
    assert [one.ask().headers["x-openmind-served-by"] for one in environments] == [f"openai/{MODEL}"] * 2
    stage.operator("models", "retire", f"openai/{MODEL}", "--on", "today", "--fallback", f"openai/{OTHER}")
    stage.clock.now += MAX_AGE_S

    assert [one.ask().headers["x-openmind-served-by"] for one in environments] == [f"openai/{OTHER}"] * 2
    assert environments[0].listed()["status"] == "retired"


def test_within_a_minute_an_environment_reads_half_a_unit_three_times_however_much_it_is_asked(stage: Stage) -> None:
    environment = stage.stream()
    stage.operator("models", "set", f"openai/{MODEL}", "--field", f"upstream_id={OTHER}")

    for _ in range(30):
        assert environment.ask().status == 200
        stage.clock.now += 2

    assert environment.reads == {"CURRENT": 3, "VERSION#0000000001": 1}


def test_what_cannot_be_used_stops_no_warm_environment_and_starts_no_cold_one(
    stage: Stage, dynamodb: "DynamoDBClient"
) -> None:
    warm = stage.route()
    warm.ask()
    put('[{"provider":"openai","name":"taken-away-by-a-deployment","shutdown":null}]')
    stage.clock.now += MAX_AGE_S

    assert warm.ask().status == 200
    for cold, method, path in (
        (stage.route(), "POST", CHAT),
        (stage.stream(), "POST", CHAT),
        (stage.route(), "GET", MODELS),
    ):
        refused = cold.request(method, path, {"model": MODEL, "messages": [{"role": "user", "content": "Hi"}]})
        assert (refused.status, refused.body) == (503, {"error": "The service is not available at the moment"})
        assert refused.headers["x-should-retry"] == "false"

    stage.operator("models", "undo")
    assert stage.route().ask().status == 200
    assert warm.ask().status == 200


def test_the_application_as_it_is_wired_serves_what_was_set(stage: Stage) -> None:
    stage.operator("models", "set", f"openai/{MODEL}", "--field", f"upstream_id={OTHER}")

    whole = stage.serving(application.create(stage.settings))
    alone = stage.serving(completions.create(stage.settings))

    assert (whole.ask().status, alone.ask().status) == (200, 200)
    assert {received.body["model"] for received in stage.upstream.received} == {OTHER}


def test_of_operators_at_once_one_makes_each_version_and_the_others_are_told(stage: Stage) -> None:
    for number in range(1, 4):
        together = Barrier(OPERATORS)
        changes = [catalogue_changes.changes(stage.settings) for _ in range(OPERATORS)]
        names = [f"sol-{number}-{place}" for place in range(OPERATORS)]

        def change(place: int, changes: Any = changes, names: Any = names, together: Any = together) -> bool:
            mine = changes[place].set([{"provider": "openai", "name": MODEL, "aliases": [names[place]]}], "test")
            together.wait(30)
            try:
                changes[place].apply(mine)
            except CatalogueMovedError:
                return False
            return True

        with ThreadPoolExecutor(OPERATORS) as pool:
            won = list(pool.map(change, range(OPERATORS), timeout=60))

        latest = changes[0].latest()
        assert won.count(True) == 1
        assert (latest.number, json.loads(latest.rows)[0]["aliases"]) == (number, [names[won.index(True)]])
