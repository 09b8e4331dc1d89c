"""What is known of the providers' health, in the table and in memory: both do the same. Races want ministack."""

from typing import TYPE_CHECKING, Any

import pytest

from openmind_llm.domain.attempts import rules
from openmind_llm.domain.attempts.breaker import HealthStore, HealthUnavailableError, Tally
from openmind_llm.domain.attempts.cells import Cell, Counts, Opening
from openmind_llm.domain.attempts.rules import BreakerRules
from openmind_llm.storage.health import DynamoHealth
from openmind_llm.storage.wire.errors import UnreachableError
from tests.memory_health import MemoryHealthStore
from tests.unit.storage.conftest import TABLE

if TYPE_CHECKING:
    from openmind_llm.storage.wire.operations import DynamoDB

CELL = Cell("openrouter", "anthropic/claude-opus-4.5", "main")
OPENING = Opening(1_000, 30, "outage")
CLAIMED = Opening(1_000, 30, "outage", 1_060)
AWKWARD = ["pk", "ttl", "a.b:c#d@e", "gpt 4o", "größe", "*", "100%", "a" * 64, "[0]", '"}']  # fmt: skip
ITEM_LIMIT = 400_000


@pytest.fixture(params=["dynamodb", "memory"])
def store(request: pytest.FixtureRequest, dynamodb: "DynamoDB") -> HealthStore:
    return DynamoHealth(dynamodb, TABLE) if request.param == "dynamodb" else MemoryHealthStore()


def stored(dynamodb: "DynamoDB") -> list[dict[str, Any]]:
    return list(dynamodb.scan(TableName=TABLE)["Items"])


def test_nothing_is_open_at_first(store: HealthStore) -> None:
    assert store.openings("openrouter") == {}


def test_an_opening_is_found_as_it_was_written(store: HealthStore) -> None:
    assert store.swap(CELL, None, CLAIMED)

    assert store.openings("openrouter") == {CELL: CLAIMED}
    assert store.openings("openai") == {}


def test_a_swap_is_made_only_from_what_is_stored(store: HealthStore) -> None:
    store.swap(CELL, None, OPENING)

    assert not store.swap(CELL, None, CLAIMED)
    assert store.swap(CELL, OPENING, CLAIMED)
    assert not store.swap(CELL, OPENING, None)
    assert store.openings("openrouter") == {CELL: CLAIMED}


def test_a_cell_that_closes_leaves_the_others(store: HealthStore) -> None:
    store.swap(CELL, None, OPENING)
    store.swap(CELL.key, None, CLAIMED)

    assert store.swap(CELL, OPENING, None)
    assert store.openings("openrouter") == {CELL.key: CLAIMED}


def test_a_swap_of_a_provider_of_which_nothing_is_stored_fails(store: HealthStore) -> None:
    assert not store.swap(CELL, OPENING, None)


@pytest.mark.parametrize("name", AWKWARD)
def test_models_and_keys_may_have_any_name(store: HealthStore, name: str) -> None:
    cells = [Cell("openai", name, "main"), Cell("openai", "gpt-4o", name)]
    for cell in cells:
        assert store.swap(cell, None, OPENING)
        store.add(Tally(cell, 7, "1", 0, 1, 900))

    assert store.openings("openai") == dict.fromkeys(cells, OPENING)


def test_counts_add_up_by_tag(store: HealthStore) -> None:
    store.add(Tally(CELL, 7, "1", 5, 0, 900))
    store.add(Tally(CELL, 7, "1", 0, 1, 900))
    counts = store.add(Tally(CELL, 7, "22", 0, 1, 900))

    assert counts == Counts({"1": 5}, {"1": 1, "22": 1})


def test_each_cell_and_bucket_has_counts_of_its_own(store: HealthStore) -> None:
    store.add(Tally(CELL, 7, "1", 0, 1, 900))

    assert store.add(Tally(CELL, 8, "1", 0, 1, 900)) == Counts({}, {"1": 1})
    assert store.add(Tally(CELL.key, 7, "1", 0, 1, 900)) == Counts({}, {"1": 1})


def test_counts_that_are_forgotten_begin_anew(store: HealthStore) -> None:
    store.add(Tally(CELL, 7, "1", 0, 4, 900))
    store.forget(CELL, 7)

    assert store.add(Tally(CELL, 7, "1", 0, 1, 900)) == Counts({}, {"1": 1})


def test_counts_go_by_ttl_and_a_cell_that_closed_leaves_no_attribute(dynamodb: "DynamoDB") -> None:
    store = DynamoHealth(dynamodb, TABLE)
    store.add(Tally(CELL, 7, "1", 0, 1, 900))
    store.swap(CELL, None, OPENING)
    store.swap(CELL, OPENING, None)

    counts, state = sorted(stored(dynamodb), key=len, reverse=True)
    assert counts["ttl"] == {"N": "900"}
    assert state == {"pk": {"S": "HEALTH#openrouter"}, "sk": {"S": "STATE"}}


def test_the_counts_of_all_accounts_fit_into_one_write_unit(dynamodb: "DynamoDB") -> None:
    store = DynamoHealth(dynamodb, TABLE)
    for tag in range(rules.TAGS):
        store.add(Tally(CELL, 30_000_000, str(tag), 500, 99, 1_800_000_000))

    (item,) = stored(dynamodb)
    assert size(item) < 1024


def test_as_many_openings_as_there_may_be_fit_into_the_item(dynamodb: "DynamoDB") -> None:
    store = DynamoHealth(dynamodb, TABLE)
    opening = Opening(1_800_000_000, 300, "unreachable", 1_800_000_300)
    assert store.swap(Cell("openrouter", "m" * 64, "k" * 64), None, opening)

    (item,) = stored(dynamodb)
    assert size(item) * BreakerRules().most_openings < ITEM_LIMIT


def test_a_table_that_fails_is_told_as_such(dynamodb: "DynamoDB") -> None:
    store = DynamoHealth(dynamodb, "missing")
    tally = Tally(CELL, 7, "1", 0, 1, 900)

    for call in (
        lambda: store.openings("openai"),
        lambda: store.swap(CELL, None, OPENING),
        lambda: store.add(tally),
        lambda: store.forget(CELL, 7),
    ):
        with pytest.raises(HealthUnavailableError, match="ResourceNotFoundException"):
            call()


def test_a_table_that_cannot_be_reached_is_told_as_such(dynamodb: "DynamoDB", monkeypatch: pytest.MonkeyPatch) -> None:
    def unreached(**_: object) -> None:
        raise UnreachableError("GetItem", "ConnectTimeout")

    monkeypatch.setattr(dynamodb, "get_item", unreached)

    with pytest.raises(HealthUnavailableError, match="ConnectTimeout"):
        DynamoHealth(dynamodb, TABLE).openings("openai")


def size(item: dict[str, Any]) -> int:
    """By DynamoDB's rules: names and texts in bytes; a number has a byte for two digits, and one more."""
    total = 0
    for name, value in item.items():
        ((kind, content),) = value.items()
        total += len(name.encode()) + (len(content) // 2 + 2 if kind == "N" else len(content.encode()))
    return total
