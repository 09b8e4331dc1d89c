"""A day once more, from the table."""

from datetime import date

import pytest

from openmind_llm.domain import ids
from openmind_llm.domain.exports.days import Days, Exported
from tests.memory_ledger import MemoryLedgerStore
from tests.memory_reports import MemoryReports
from tests.spending import DAY_S, NOON, Spending, clock_at, two_accounts
from tests.unit.domain.exports.shelves import MemoryShelf

DAY = date(2026, 11, 24)
MIDNIGHT = NOON - DAY_S / 2


@pytest.fixture
def store() -> MemoryLedgerStore:
    return two_accounts()


def exporting(store: MemoryLedgerStore, shelf: MemoryShelf) -> Days:
    return Days(store, MemoryReports(store), shelf)


def test_a_day_has_the_settled_requests_of_all_accounts(store: MemoryLedgerStore) -> None:
    spending, shelf = Spending(store), MemoryShelf()
    sent = [spending.sent("key-3", "account-2"), spending.sent(), spending.sent("key-2")]

    done = exporting(store, shelf).export(DAY)

    assert done == Exported(rows=3, files=1)
    ((name, exported),) = shelf.ids.items()
    assert (name, set(exported)) == ("usage/date=2026-11-24/table-00000.jsonl.gz", set(sent))


@pytest.mark.parametrize(
    ("seconds", "is_of_the_day"), [(-0.001, False), (0, True), (DAY_S - 0.001, True), (DAY_S, False)]
)
def test_a_day_is_utcs(store: MemoryLedgerStore, seconds: float, is_of_the_day: bool) -> None:
    shelf = MemoryShelf()
    Spending(store, clock_at(MIDNIGHT + seconds)).sent()

    assert exporting(store, shelf).export(DAY).rows == int(is_of_the_day)


def test_a_request_belongs_to_the_day_on_which_it_began_whatever_its_id_says(store: MemoryLedgerStore) -> None:
    """The id is made first."""
    shelf = MemoryShelf()
    made_before = ids.new(int((MIDNIGHT - 0.5) * 1000))

    Spending(store, clock_at(MIDNIGHT + 0.5)).sent(request_id=made_before)

    assert exporting(store, shelf).export(DAY).rows == 1


def test_what_is_not_settled_is_counted_and_left_out(store: MemoryLedgerStore) -> None:
    spending, shelf = Spending(store), MemoryShelf()
    sent, _ = spending.sent(), spending.opened()
    spending.on(1).opened()

    done = exporting(store, shelf).export(DAY)

    assert (done.rows, done.open) == (1, 1)
    assert list(shelf.ids.values()) == [[sent]]


def test_many_rows_are_several_files(store: MemoryLedgerStore) -> None:
    spending, shelf = Spending(store), MemoryShelf()
    sent = [spending.sent() for _ in range(5)]

    done = exporting(store, shelf).export(DAY, rows_of_a_file=2)

    assert (done.rows, done.files) == (5, 3)
    assert sorted(shelf.all_ids) == sorted(sent)
    assert [len(file) for file in shelf.ids.values()] == [2, 2, 1]


def test_a_second_run_writes_the_same_files(store: MemoryLedgerStore) -> None:
    spending, shelf = Spending(store), MemoryShelf()
    spending.sent()
    days = exporting(store, shelf)
    days.export(DAY)
    once = dict(shelf.files)

    days.export(DAY)

    assert shelf.files == once


def test_a_day_without_requests_has_no_file(store: MemoryLedgerStore) -> None:
    shelf = MemoryShelf()

    assert exporting(store, shelf).export(DAY) == Exported()
    assert shelf.files == {}
