"""What operators have set of the catalogue, as items of the table."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from openmind_llm.domain.catalogue_changes import AUDITED, Version
from openmind_llm.domain.ledger.audit import AuditRow
from openmind_llm.errors import LedgerUnavailableError
from openmind_llm.storage.accounts import DynamoAccounts
from openmind_llm.storage.catalogue import DynamoCatalogue
from tests.unit.storage.conftest import TABLE

if TYPE_CHECKING:
    from openmind_llm.storage.wire.operations import DynamoDB

AUDIT = AuditRow(AUDITED, 5, "alice", "set", "version 1", detail={"openai/gpt-4o": "shutdown"})


def version(number: int, rows: str = "[]", origin: int | None = None) -> Version:
    return Version(number, rows, number if origin is None else origin, 1_700_000_000_000 + number, "alice", "set")


@pytest.fixture
def stored(dynamodb: DynamoDB) -> DynamoCatalogue:
    return DynamoCatalogue(dynamodb, TABLE)


def test_where_nothing_was_ever_set_the_version_is_0(stored: DynamoCatalogue) -> None:
    assert (stored.newest(), stored.latest(), stored.versions()) == (0, 0, [])
    assert stored.rows(1) is None
    assert stored.version(1) is None


def test_what_was_added_is_found_again(stored: DynamoCatalogue) -> None:
    one, two = version(1, '[{"provider":"openai","name":"é"}]'), version(2, origin=1)

    assert stored.add(one, AUDIT)
    assert stored.add(two, AUDIT)

    assert (stored.newest(), stored.latest()) == (2, 2)
    assert stored.versions() == [one, two]
    assert (stored.version(1), stored.rows(1)) == (one, one.rows)


def test_versions_come_in_the_order_of_their_numbers(stored: DynamoCatalogue) -> None:
    for number in range(1, 12):
        stored.add(version(number), AUDIT)

    assert [one.number for one in stored.versions()] == list(range(1, 12))


@pytest.mark.parametrize("number", [1, 2, 4])
def test_only_what_follows_the_version_that_holds_is_written(stored: DynamoCatalogue, number: int) -> None:
    stored.add(version(1), AUDIT)
    stored.add(version(2), AUDIT)

    assert not stored.add(version(number, "[1]"), AUDIT)

    assert [one.rows for one in stored.versions()] == ["[]", "[]"]
    assert stored.latest() == 2


def test_a_change_is_written_with_its_audit_row(stored: DynamoCatalogue, dynamodb: DynamoDB) -> None:
    stored.add(version(1), AUDIT)

    assert list(DynamoAccounts(dynamodb, TABLE).audit(AUDITED)) == [AUDIT]


def test_what_is_read_again_and_again_stays_small_however_much_is_set(
    stored: DynamoCatalogue, dynamodb: DynamoDB
) -> None:
    """A read unit is 4 KB: half of one where it may be a moment behind."""
    stored.add(version(1, "x" * 350_000), AUDIT)
    key = {"pk": {"S": "CATALOGUE"}, "sk": {"S": "CURRENT"}}

    assert len(str(dynamodb.get_item(TableName=TABLE, Key=key)["Item"])) < 400


def test_a_look_may_be_behind_and_takes_one_call() -> None:
    asked: list[dict[str, Any]] = []

    def get_item(**request: Any) -> dict[str, Any]:
        asked.append(request)
        return {}

    client: Any = SimpleNamespace(get_item=get_item)
    DynamoCatalogue(client, TABLE).newest()

    assert [request["ConsistentRead"] for request in asked] == [False]


def test_a_table_that_cannot_be_read_is_the_one_error_that_the_domain_knows(dynamodb: DynamoDB) -> None:
    nowhere = DynamoCatalogue(dynamodb, "none")

    for asked in (
        nowhere.newest,
        nowhere.latest,
        nowhere.versions,
        lambda: nowhere.rows(1),
        lambda: nowhere.version(1),
    ):
        with pytest.raises(LedgerUnavailableError):
            asked()
    with pytest.raises(LedgerUnavailableError):
        nowhere.add(version(1), AUDIT)
