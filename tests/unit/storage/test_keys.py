"""One suite for every key store, so that the fake cannot drift from the real one."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from openmind_llm.domain import keys
from openmind_llm.domain.keys import KeyRecord
from openmind_llm.domain.ports import KeyStore
from openmind_llm.storage.keys import DynamoKeyStore
from tests.fakes import MemoryKeyStore
from tests.unit.storage.conftest import TABLE


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> KeyStore:
    if request.param == "memory":
        return MemoryKeyStore()
    return DynamoKeyStore(request.getfixturevalue("dynamodb"), TABLE)


def a_record(account: str = "acme") -> KeyRecord:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    return keys.record(keys.mint("live"), b"pepper", account_id=account, plan="free", name="", now=now)


def test_an_added_record_comes_back_whole(store: KeyStore) -> None:
    record = a_record()

    store.add(record)

    assert store.get(record.key_id) == record


def test_an_unknown_id_gives_nothing(store: KeyStore) -> None:
    assert store.get("0" * 16) is None


def test_an_id_is_taken_once(store: KeyStore) -> None:
    record = a_record()
    store.add(record)

    with pytest.raises(KeyError):
        store.add(replace(record, account_id="thief"))

    assert store.get(record.key_id) == record


def test_a_revoked_record_stays_and_is_inactive(store: KeyStore) -> None:
    record = a_record()
    store.add(record)

    store.revoke(record.key_id)

    assert store.get(record.key_id) == replace(record, is_active=False)


def test_an_unknown_id_cannot_be_revoked(store: KeyStore) -> None:
    with pytest.raises(KeyError):
        store.revoke("0" * 16)


def test_the_records_of_one_account_are_its_own(store: KeyStore) -> None:
    mine, theirs = a_record("acme"), a_record("umbrella")
    store.add(mine)
    store.add(theirs)

    assert store.records("acme") == [mine]
    assert {r.key_id for r in store.records()} == {mine.key_id, theirs.key_id}
