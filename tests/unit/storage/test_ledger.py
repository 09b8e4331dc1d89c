"""One suite for the ledger in the table and the one in memory."""

from dataclasses import replace

import pytest

from openmind_llm.domain import ids, money
from openmind_llm.domain.ledger import credit
from openmind_llm.domain.ledger.counters import Counters
from openmind_llm.domain.ledger.rows import Bill
from openmind_llm.domain.ledger.standing import Standing
from openmind_llm.domain.ports import LedgerStore, Written
from openmind_llm.storage.ledger import DynamoLedger
from tests.memory_ledger import open_store
from tests.unit.storage.conftest import TABLE
from tests.unit.storage.filled import fill
from tests.unit.storage.holding import (
    ACCOUNT,
    CREDIT,
    ENDING,
    KEY,
    NOW_MS,
    NOW_S,
    PLANS,
    REQUEST,
    admission_of,
    admitted,
    settlement_of,
    standing,
)


@pytest.fixture(params=["memory", "by_boto3", "by_wire"])
def store(request: pytest.FixtureRequest) -> LedgerStore:
    if request.param == "memory":
        return open_store(ACCOUNT, KEY)
    client = request.getfixturevalue(request.param)
    fill(client, ACCOUNT, KEY)
    return DynamoLedger(client, TABLE)


def counters(store: LedgerStore) -> tuple[Counters, Counters]:
    now = standing(store)
    return now.account_counters, now.key_counters


def test_the_standing_is_what_is_stored(store: LedgerStore) -> None:
    now = Standing(ACCOUNT.account, KEY.record, ACCOUNT.counters, KEY.counters)

    assert store.standing("key-1") == store.standing("key-1", "account-1") == now


@pytest.mark.parametrize("asked", [("key-2",), ("key-2", "account-1")])
def test_a_key_that_is_not_there_has_no_standing(store: LedgerStore, asked: tuple[str, ...]) -> None:
    assert store.standing(*asked) is None


def test_what_is_admitted_is_held(store: LedgerStore) -> None:
    hold = admitted(store)

    account, key = counters(store)
    assert (account["balance"], account["held"], account["open_holds"]) == (CREDIT - hold.amount, hold.amount, 1)
    assert (key["open_holds"], key["day_used"], key["month_used"]) == (1, hold.amount, hold.amount)
    assert store.hold("account-1", REQUEST) == hold


def test_what_was_reckoned_from_what_is_no_longer_so_is_stale_and_changes_nothing(store: LedgerStore) -> None:
    late = replace(admission_of(store), account_moves=credit.grant(-CREDIT - 1))
    before = counters(store)

    assert store.admit(late) is Written.STALE
    assert counters(store) == before
    assert store.hold("account-1", REQUEST) is None


def test_an_admission_is_stale_too_when_only_its_key_has_moved(store: LedgerStore) -> None:
    one, late = admission_of(store), admission_of(store, ids.new(NOW_MS + 1))
    moved = replace(late, key_moves=tuple(replace(move, at_most=-1) for move in late.key_moves))

    assert (store.admit(moved), store.admit(one)) == (Written.STALE, Written.DONE)


def test_a_request_is_admitted_once(store: LedgerStore) -> None:
    one = admission_of(store)
    store.admit(one)
    before = counters(store)

    assert store.admit(one) is Written.ALREADY
    assert counters(store) == before


def test_a_request_that_is_settled_is_not_admitted_again(store: LedgerStore) -> None:
    one = admission_of(store)
    store.admit(one)
    store.settle(settlement_of(store, one.hold))

    assert store.admit(one) is Written.ALREADY


def test_what_is_settled_is_charged_and_the_rest_goes_back(store: LedgerStore) -> None:
    hold = admitted(store)

    assert store.settle(settlement_of(store, hold)) is Written.DONE

    account, key = counters(store)
    assert (account["balance"], account["held"], account["charged"]) == (CREDIT - 9_000, 0, 9_000)
    assert (account["open_holds"], account["period_charged"]) == (0, 9_000)
    assert (key["charged"], key["open_holds"], key["day_used"], key["month_used"]) == (9_000, 0, 9_000, 9_000)
    assert store.hold("account-1", REQUEST) is None


def test_a_request_is_settled_once(store: LedgerStore) -> None:
    hold = admitted(store)
    settled = settlement_of(store, hold)
    store.settle(settled)
    before = counters(store)

    assert store.settle(settled) is Written.ALREADY
    assert counters(store) == before


def test_what_was_never_admitted_cannot_be_settled(store: LedgerStore) -> None:
    settled = settlement_of(store, admission_of(store).hold)

    assert store.settle(settled) is Written.ALREADY
    assert counters(store)[0] == ACCOUNT.counters


def test_a_settlement_that_takes_more_than_is_there_is_stale_and_stays_open(store: LedgerStore) -> None:
    hold = admitted(store)
    settled = settlement_of(store, hold, replace(ENDING, bill=Bill(hold.amount + 100, 0)))
    drained = replace(settled, account_moves=credit.grant(-CREDIT))

    assert store.settle(drained) is Written.STALE
    assert store.hold("account-1", REQUEST) == hold


def test_a_renewal_is_made_once(store: LedgerStore) -> None:
    now = standing(store)
    renewal = credit.renewal(now.account, now.account_counters, PLANS.get("builder"), NOW_S)

    assert [store.renew(renewal), store.renew(renewal)] == [Written.DONE, Written.STALE]

    renewed = standing(store)
    credited = 15_000 * money.MICRO
    assert (renewed.account.plan, renewed.account.cancel_at_period_end) == ("builder", False)
    assert renewed.account_counters["balance"] == CREDIT + credited
    assert (renewed.account_counters["period_credit"], renewed.account_counters["version"]) == (credited, 1)


def test_expired_holds_are_those_past_their_time_and_not_yet_settled(store: LedgerStore) -> None:
    requests = [ids.new(NOW_MS + number) for number in range(4)]
    holds = [admitted(store, one, hold_s) for one, hold_s in zip(requests, (10, 20, 30, 10), strict=True)]
    store.settle(settlement_of(store, holds[3]))

    expired = store.expired_holds(int(NOW_S) + 30)

    assert sorted(expired) == [(hold.account_id, hold.request_id) for hold in holds[:2]]
