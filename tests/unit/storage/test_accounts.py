"""One suite for every account store, so that the fake cannot drift from the real one."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from openmind_llm.domain.keys import KeyRecord
from openmind_llm.domain.ledger.audit import AuditRow
from openmind_llm.domain.ledger.counters import Move
from openmind_llm.domain.ledger.standing import ACCOUNT_COUNTERS, KEY_COUNTERS, Account, new_counters
from openmind_llm.domain.plans import Limits
from openmind_llm.domain.ports import AccountStore, KnownAccount, KnownKey, Plain, Written
from openmind_llm.errors import LedgerUnavailableError
from openmind_llm.storage import boto
from openmind_llm.storage.accounts import DynamoAccounts
from tests.memory_ledger import MemoryLedgerStore
from tests.moto_account import ENVIRONMENT
from tests.unit.storage.conftest import TABLE
from tests.unit.storage.fake_aws import answer, fake_aws
from tests.unit.storage.wired import wired

ACCOUNT = Account("acme", "starter", 1_700_000_000)
COUNTERS = new_counters(ACCOUNT_COUNTERS) | {"granted": 500, "balance": 500}
SET = KeyRecord(
    key_id="0123456789abcdef",
    account_id="acme",
    name="robot",
    prefix="om1_live_0123",
    digest="a digest",
    created_at="2026-11-25T00:00:00.000Z",
    updated_at="2026-11-25T00:00:01.000Z",
    expires_at=1_800_000_000,
    retired_digest="another",
    retired_until=1_790_000_000,
    allowed_models=frozenset({"gpt-4o", "openai/gpt-5"}),
    allowed_providers=frozenset({"openai"}),
    limits=Limits(1, 2, 3, 4, 5, 6),
)
PLAIN = KeyRecord("fedcba9876543210", "acme", "plain", "om1_live_fedc", "a digest", "2026-11-26T00:00:00.000Z", "")
ONE_MORE = (Move("keys", by=1, at_most=1),)


@pytest.fixture(params=["memory", "by_boto3", "by_wire"])
def store(request: pytest.FixtureRequest) -> AccountStore:
    if request.param == "memory":
        return MemoryLedgerStore()
    return DynamoAccounts(request.getfixturevalue(request.param), TABLE)


@pytest.fixture
def opened(store: AccountStore) -> AccountStore:
    assert store.open(ACCOUNT, COUNTERS, audit("open")) is Written.DONE
    return store


def audit(action: str, at: int = 1, **more: Any) -> AuditRow:
    return AuditRow("acme", at, "operator", action, "acme", **more)


def actions(store: AccountStore) -> list[str]:
    return [row.action for row in store.audit("acme")]


def counter(store: AccountStore, name: str) -> int:
    known = store.account("acme")
    assert known is not None
    return known.counters[name]


def test_an_opened_account_comes_back_whole(opened: AccountStore) -> None:
    assert opened.account("acme") == KnownAccount(ACCOUNT, COUNTERS)


def test_what_an_operator_sets_of_an_account_comes_back_and_goes_away(opened: AccountStore) -> None:
    guarded: dict[str, Plain] = {
        "allowed_models": frozenset({"gpt-5*"}),
        "denied_models": frozenset({"gpt-5-nano", "openai/gpt-4o"}),
        "filters": '[{"name":"é"}]',
        "logs_content": True,
    }
    cleared: dict[str, Plain] = {
        "allowed_models": frozenset(),
        "denied_models": frozenset(),
        "filters": None,
        "logs_content": False,
    }

    assert opened.change("acme", (), guarded, audit("guard", 2))
    found = opened.account("acme")
    assert opened.change("acme", (), cleared, audit("guard", 3))

    assert found is not None
    assert {name: getattr(found.account, name) for name in guarded} == guarded
    assert opened.account("acme") == KnownAccount(ACCOUNT, COUNTERS)


def test_an_account_that_is_not_there_is_nothing(store: AccountStore) -> None:
    assert store.account("acme") is None


def test_an_account_is_opened_once_and_told_once(opened: AccountStore) -> None:
    assert opened.open(replace(ACCOUNT, plan="pro"), COUNTERS, audit("open again")) is Written.ALREADY

    assert opened.account("acme") == KnownAccount(ACCOUNT, COUNTERS)
    assert actions(opened) == ["open"]


def test_all_accounts_are_given_and_their_keys_are_not(opened: AccountStore) -> None:
    other = Account("umbrella", "free", 1)
    opened.open(other, COUNTERS, AuditRow("umbrella", 1, "operator", "open", "umbrella"))
    opened.add_key(PLAIN, ONE_MORE, audit("create key"))

    assert {known.account for known in opened.accounts()} == {ACCOUNT, other}


def test_a_change_moves_counters_and_sets_values_and_is_told(opened: AccountStore) -> None:
    values: dict[str, Plain] = {"plan": "pro", "is_active": False, "cancel_at_period_end": True}

    assert opened.change("acme", (Move("balance", by=-20), Move("version", to=7)), values, audit("change", 2))

    expected = replace(ACCOUNT, plan="pro", is_active=False, cancel_at_period_end=True)
    assert opened.account("acme") == KnownAccount(expected, COUNTERS | {"balance": 480, "version": 7})
    assert actions(opened) == ["open", "change"]


def test_a_change_with_a_move_out_of_bounds_is_not_made_at_all(opened: AccountStore) -> None:
    moves = (Move("granted", by=-501), Move("balance", by=-501, at_least=501))

    assert not opened.change("acme", moves, {"plan": "pro"}, audit("change"))

    assert opened.account("acme") == KnownAccount(ACCOUNT, COUNTERS)
    assert actions(opened) == ["open"]


@pytest.mark.parametrize("record", [SET, PLAIN], ids=["all that can be set", "nothing set"])
def test_an_added_key_comes_back_whole(opened: AccountStore, record: KeyRecord) -> None:
    assert opened.add_key(record, ONE_MORE, audit("create key", 2)) is Written.DONE

    expected = KnownKey(record, new_counters(KEY_COUNTERS))
    assert opened.key(record.key_id) == expected
    assert opened.keys("acme") == [expected]
    assert counter(opened, "keys") == 1
    assert actions(opened) == ["open", "create key"]


def test_a_key_that_is_not_there_is_nothing(opened: AccountStore) -> None:
    assert opened.key(SET.key_id) is None
    assert opened.keys("acme") == []


def test_the_id_of_a_key_is_taken_once_whosever_it_is(opened: AccountStore) -> None:
    opened.open(Account("thief", "pro", 1), COUNTERS, AuditRow("thief", 1, "operator", "open", "thief"))
    opened.add_key(SET, ONE_MORE, audit("create key"))

    written = opened.add_key(replace(SET, account_id="thief"), ONE_MORE, audit("create key"))

    assert written is Written.ALREADY
    found = opened.key(SET.key_id)
    assert found is not None
    assert found.record == SET
    assert opened.keys("thief") == []


def test_a_key_is_added_only_while_there_is_room(opened: AccountStore) -> None:
    for key_id in ("0" * 16, "1" * 16):
        assert opened.add_key(replace(PLAIN, key_id=key_id), ONE_MORE, audit("create key")) is Written.DONE

    written = opened.add_key(replace(PLAIN, key_id="2" * 16), ONE_MORE, audit("create key"))

    assert written is Written.STALE
    assert opened.key("2" * 16) is None
    assert counter(opened, "keys") == 2


def test_a_changed_key_has_a_new_version_and_keeps_its_counters(opened: AccountStore) -> None:
    opened.add_key(SET, ONE_MORE, audit("create key", 2))
    changed = replace(PLAIN, key_id=SET.key_id, created_at=SET.created_at, updated_at="2026-11-27T00:00:00.000Z")

    assert opened.change_key(changed, 0, (), audit("change key", 3))

    assert opened.key(SET.key_id) == KnownKey(changed, new_counters(KEY_COUNTERS) | {"version": 1})
    assert actions(opened) == ["open", "create key", "change key"]


def test_a_key_that_was_changed_meanwhile_is_not_changed(opened: AccountStore) -> None:
    opened.add_key(SET, ONE_MORE, audit("create key"))
    opened.change_key(replace(SET, name="first"), 0, (), audit("change key"))

    assert not opened.change_key(replace(SET, name="second"), 0, (), audit("change key"))

    known = opened.key(SET.key_id)
    assert known is not None
    assert known.record.name == "first"


def test_a_revoked_key_stays_and_its_place_is_free_again(opened: AccountStore) -> None:
    opened.add_key(SET, ONE_MORE, audit("create key"))

    assert opened.change_key(replace(SET, is_active=False), 0, (Move("keys", by=-1, at_least=1),), audit("delete key"))

    assert [known.record.is_active for known in opened.keys("acme")] == [False]
    assert counter(opened, "keys") == 0


def test_a_key_is_not_changed_where_its_account_cannot_be(opened: AccountStore) -> None:
    opened.add_key(SET, ONE_MORE, audit("create key"))

    assert not opened.change_key(replace(SET, name="new"), 0, (Move("keys", by=-1, at_least=2),), audit("change key"))

    known = opened.key(SET.key_id)
    assert known is not None
    assert (known.record.name, known.counters["version"]) == ("robot", 0)


def test_the_audit_comes_back_whole_and_in_its_order(opened: AccountStore) -> None:
    rows = [audit("grant", at, credit=-at, detail={"note": f"no {at}: «why»"}) for at in (1_000, 2_000, 30_000)]
    for row in rows:
        opened.change("acme", (), {"plan": "starter"}, row)

    assert list(opened.audit("acme")) == [audit("open"), *rows]
    assert list(opened.audit("acm")) == []


CALLS: dict[str, Callable[[AccountStore], object]] = {
    "account": lambda store: store.account("acme"),
    "accounts": lambda store: list(store.accounts()),
    "open": lambda store: store.open(ACCOUNT, COUNTERS, audit("open")),
    "change": lambda store: store.change("acme", (), {"plan": "pro"}, audit("change")),
    "key": lambda store: store.key(SET.key_id),
    "keys": lambda store: store.keys("acme"),
    "add_key": lambda store: store.add_key(SET, ONE_MORE, audit("create key")),
    "change_key": lambda store: store.change_key(SET, 0, (), audit("change key")),
    "audit": lambda store: list(store.audit("acme")),
}
REQUESTS = {
    "account": "get_item",
    "accounts": "scan",
    "key": "get_item",
    "keys": "query",
    "audit": "query",
}


@pytest.mark.parametrize("call", CALLS)
def test_a_table_that_cannot_be_used_is_a_ledger_that_is_not_available(call: str) -> None:
    client = boto3.client("dynamodb", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    with Stubber(client) as refusing:
        refusing.add_client_error(REQUESTS.get(call, "transact_write_items"), "ThrottlingException")

        with pytest.raises(LedgerUnavailableError):
            CALLS[call](DynamoAccounts(boto.dynamodb(client), TABLE))


@pytest.mark.parametrize("call", CALLS)
def test_so_it_is_where_our_own_client_asks(call: str) -> None:
    throttled = answer(b'{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException"}', 400)
    with fake_aws([throttled]) as aws:
        client = wired(ENVIRONMENT | {"AWS_ENDPOINT_URL": aws.url})

        with pytest.raises(LedgerUnavailableError):
            CALLS[call](DynamoAccounts(client, TABLE))
        assert len(aws.bodies) == 1
