"""One suite for the ledger in the table and the one in memory, and what the table's items look like."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from openmind_llm import plans
from openmind_llm.domain import ids, money
from openmind_llm.domain.ledger import admission, credit, settlement
from openmind_llm.domain.ledger.admission import Admission, Ask
from openmind_llm.domain.ledger.counters import Counters
from openmind_llm.domain.ledger.rows import Bill, Entry, Hold, Timing
from openmind_llm.domain.ledger.settlement import Ending, Settlement
from openmind_llm.domain.ledger.standing import Standing
from openmind_llm.domain.ports import LedgerStore, Written
from openmind_llm.domain.usage import Usage
from openmind_llm.errors import LedgerUnavailableError
from openmind_llm.providers import table
from openmind_llm.storage import records
from openmind_llm.storage.ledger import DynamoLedger
from tests.memory_ledger import new_account, new_key, open_store
from tests.unit.storage.conftest import TABLE
from tests.unit.storage.filled import fill, item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

NOW_S = 1_764_000_000.0
NOW_MS = 1_764_000_000_000
PLANS = plans.load()
ROUTE = table.load().resolve("openai", "gpt-4o", "2026-11-26")
REQUEST = ids.new(NOW_MS)
USED = Usage(input=100, cached_input=20, cache_write=3, output=40, reasoning=5, is_exact=True)
ENDING = Ending("completed", USED, Bill(9_000, 700, is_cost_reported=True), NOW_MS + 1500, Timing(1500, 300))
CREDIT = 10**9
ACCOUNT, KEY = new_account(credit=CREDIT), new_key()


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> LedgerStore:
    if request.param == "memory":
        return open_store(ACCOUNT, KEY)
    client = request.getfixturevalue("dynamodb")
    fill(client, ACCOUNT, KEY)
    return DynamoLedger(client, TABLE)


@pytest.fixture
def in_table(dynamodb: "DynamoDBClient") -> DynamoLedger:
    fill(dynamodb, ACCOUNT, KEY)
    return DynamoLedger(dynamodb, TABLE)


def standing(store: LedgerStore) -> Standing:
    found = store.standing("key-1", "account-1")
    assert found is not None
    return found


def admission_of(store: LedgerStore, request_id: str = REQUEST, hold_s: int = 900) -> Admission:
    ask = Ask(request_id, NOW_MS, hold_s, ROUTE, is_stream=True, input_bound=200, input_estimate=130, asked_output=100)
    now = standing(store)
    return admission.admit(now, PLANS.get(now.account.plan), ask, NOW_S)


def settlement_of(store: LedgerStore, hold: Hold, ending: Ending = ENDING) -> Settlement:
    now = standing(store)
    return settlement.settle(hold, ending, now, PLANS.get(now.account.plan).limits)


def admitted(store: LedgerStore, request_id: str = REQUEST, hold_s: int = 900) -> Hold:
    """A request that has been admitted."""
    one = admission_of(store, request_id, hold_s)
    assert store.admit(one) is Written.DONE
    return one.hold


def counters(store: LedgerStore) -> tuple[Counters, Counters]:
    now = standing(store)
    return now.account_counters, now.key_counters


def test_the_standing_is_what_is_stored(store: LedgerStore) -> None:
    now = Standing(ACCOUNT.account, KEY.record, ACCOUNT.counters, KEY.counters)

    assert store.standing("key-1") == store.standing("key-1", "account-1") == now


@pytest.mark.parametrize("asked", [("key-2",), ("key-2", "account-1")])
def test_a_key_that_is_not_there_has_no_standing(store: LedgerStore, asked: tuple[str, ...]) -> None:
    assert store.standing(*asked) is None


def test_a_key_has_no_standing_with_another_account(in_table: DynamoLedger) -> None:
    assert in_table.standing("key-1", "account-2") is None


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


def test_every_last_character_of_an_id_has_its_shard(in_table: DynamoLedger) -> None:
    requests = [ids.new(NOW_MS)[:-1] + shard for shard in "0123456789abcdef"]
    for one in requests:
        admitted(in_table, one, 10)

    assert {request_id for _, request_id in in_table.expired_holds(int(NOW_S) + 11)} == set(requests)


def test_a_hold_is_one_item_under_its_account(in_table: DynamoLedger, dynamodb: "DynamoDBClient") -> None:
    hold = admitted(in_table)

    row = item(dynamodb, "LEDGER#account-1", REQUEST)
    assert (row["state"], row["hold_shard"], row["hold"]) == ("held", REQUEST[-1], hold.amount)
    assert (row["expires_at"], row["started_at"]) == (int(NOW_S) + 900, NOW_MS)
    assert (row["provider"], row["model"], row["upstream_model"]) == ("openai", "gpt-4o", "gpt-4o")
    assert (row["is_stream"], row["output_cap"], row["input_bound"], row["tokens"]) == (True, 100, 200, 300)
    assert (row["assumed_input"], row["assumed_output"]) == (130, 100)
    assert (row["assumed_charge"], row["assumed_cost"]) == (hold.assumed_bill.charge, hold.assumed_bill.cost)


def test_a_settled_row_tells_what_was_used_and_leaves_the_index_of_open_holds(
    in_table: DynamoLedger, dynamodb: "DynamoDBClient"
) -> None:
    in_table.settle(settlement_of(in_table, admitted(in_table)))

    row = item(dynamodb, "LEDGER#account-1", REQUEST)
    assert (row["state"], row["outcome"], row["charge"], row["shortfall"]) == ("settled", "completed", 9_000, 0)
    assert [row[name] for name in ("input", "cached_input", "cache_write", "output", "reasoning")] == [
        100,
        20,
        3,
        40,
        5,
    ]
    assert (row["is_exact"], row["cost"], row["is_cost_reported"]) == (True, 700, True)
    assert (row["duration_ms"], row["first_ms"], row["attempts"]) == (1500, 300, 1)
    assert row["settled_at"] == NOW_MS + 1500
    assert not {"hold_shard", "assumed_input", "assumed_output", "assumed_charge", "assumed_cost"} & row.keys()


ENDINGS = [
    ENDING,
    Ending("broken", replace(USED, is_exact=False), Bill(12, 1), NOW_MS + 9, Timing(9)),
    settlement.refused(admission_of(open_store(ACCOUNT, KEY)).hold, NOW_MS + 5),
]


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: ending.outcome)
def test_an_entry_is_read_as_it_was_written(in_table: DynamoLedger, dynamodb: "DynamoDBClient", ending: Ending) -> None:
    """But for what was assumed, which is gone."""
    settled = settlement_of(in_table, admitted(in_table), ending)
    in_table.settle(settled)

    read = records.entry("account-1", item(dynamodb, "LEDGER#account-1", REQUEST))

    nothing = Usage(0, 0, 0, 0, 0, is_exact=False)
    hold = replace(settled.entry.hold, assumed=nothing, assumed_bill=Bill(0, 0))
    assert read == replace(settled.entry, hold=hold)


def test_a_row_is_not_among_the_accounts_keys(in_table: DynamoLedger, dynamodb: "DynamoDBClient") -> None:
    admitted(in_table)

    assert "account_id" not in item(dynamodb, "LEDGER#account-1", REQUEST)


def test_the_days_line_adds_up_its_requests(in_table: DynamoLedger, dynamodb: "DynamoDBClient") -> None:
    endings = [ENDING, replace(ENDING, usage=replace(USED, is_exact=False), bill=Bill(1_000, 300))]
    for number, ending in enumerate(endings):
        in_table.settle(settlement_of(in_table, admitted(in_table, ids.new(NOW_MS + number)), ending))

    line = item(dynamodb, "ROLLUP#account-1", "2025-11-24#key-1#openai#gpt-4o")
    summed = {name: value for name, value in line.items() if name not in ("pk", "sk")}
    assert summed == {
        "requests": 2,
        "estimated": 1,
        "input": 200,
        "cached_input": 40,
        "cache_write": 6,
        "output": 80,
        "reasoning": 10,
        "charge": 10_000,
        "cost": 1_000,
        "shortfall": 0,
    }


CALLS: dict[str, Callable[[LedgerStore, Admission, Entry], Any]] = {
    "standing": lambda store, *_: store.standing("key-1", "account-1"),
    "hold": lambda store, *_: store.hold("account-1", REQUEST),
    "admit": lambda store, admission, _: store.admit(admission),
    "settle": lambda store, _, entry: store.settle(Settlement(entry, (), ())),
    "expired_holds": lambda store, *_: store.expired_holds(int(NOW_S)),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_table_that_cannot_be_used_means_that_the_ledger_is_unavailable(
    dynamodb: "DynamoDBClient", call: str
) -> None:
    known = open_store(ACCOUNT, KEY)
    one = admission_of(known)
    entry = settlement_of(known, one.hold).entry

    with pytest.raises(LedgerUnavailableError):
        CALLS[call](DynamoLedger(dynamodb, "no-such-table"), one, entry)


@dataclass
class Conflicting:
    """A client whose transactions meet those of others."""

    real: "DynamoDBClient"
    codes: list[str]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def transact_write_items(self, **_: Any) -> None:
        reasons = [{"Code": code} for code in self.codes]
        told: dict[str, Any] = {"Error": {"Code": "TransactionCanceledException"}}
        told |= {"CancellationReasons": reasons} if reasons else {}
        raise self.real.exceptions.TransactionCanceledException(told, "TransactWriteItems")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("codes", "written"),
    [
        (["None", "TransactionConflict", "None"], Written.STALE),
        (["TransactionConflict", "None", "None"], Written.STALE),
        (["ConditionalCheckFailed", "TransactionConflict", "None"], Written.ALREADY),
    ],
)
def test_a_transaction_that_meets_another_is_stale(
    dynamodb: "DynamoDBClient", codes: list[str], written: Written
) -> None:
    client: Any = Conflicting(dynamodb, codes)

    assert DynamoLedger(client, TABLE).admit(admission_of(open_store(ACCOUNT, KEY))) is written


@pytest.mark.parametrize("codes", [["None", "ThrottlingError", "None"], []])
def test_a_transaction_that_is_cancelled_for_want_of_capacity_or_without_a_reason_makes_the_ledger_unavailable(
    dynamodb: "DynamoDBClient", codes: list[str]
) -> None:
    client: Any = Conflicting(dynamodb, codes)

    with pytest.raises(LedgerUnavailableError):
        DynamoLedger(client, TABLE).admit(admission_of(open_store(ACCOUNT, KEY)))
