"""What is settled becomes files, by batch and day."""

import pytest

from openmind_llm.domain.exports.batches import Batches, Settled
from tests.fakes import FakeSignals
from tests.memory_ledger import MemoryLedgerStore
from tests.spending import Spending, two_accounts
from tests.unit.domain.exports.shelves import MemoryShelf


def settled(*days: int) -> list[Settled]:
    """One request of each day, at the places 100, 101 and so on."""
    store: MemoryLedgerStore = two_accounts()
    spending = Spending(store)
    ids = [spending.on(day).sent() for day in days]
    return [Settled(str(100 + number), store.entries[one]) for number, one in enumerate(ids)]


def ids_of(rows: list[Settled]) -> list[str]:
    return [row.entry.hold.request_id for row in rows]


def test_a_batch_is_one_file_with_a_line_for_each_row() -> None:
    shelf, rows = MemoryShelf(), settled(0, 0, 0)

    count = Batches(shelf, FakeSignals()).export(rows, [])

    assert count == 3
    assert shelf.ids == {"usage/date=2026-11-24/100-102.jsonl.gz": ids_of(rows)}


def test_a_batch_over_midnight_is_a_file_for_each_day() -> None:
    """The day is that of the request's start, whenever it was settled."""
    shelf, rows = MemoryShelf(), settled(0, 1, 0)

    Batches(shelf, FakeSignals()).export(rows, [])

    first, second, third = ids_of(rows)
    assert shelf.ids == {
        "usage/date=2026-11-24/100-102.jsonl.gz": [first, third],
        "usage/date=2026-11-25/101-101.jsonl.gz": [second],
    }


def test_a_batch_that_is_tried_again_writes_the_same_files() -> None:
    """Also where a part of them was there already."""
    shelf, rows = MemoryShelf(), settled(0, 1)
    shelf.put("usage/date=2026-11-24/100-100.jsonl.gz", b"of the first time")
    shelf.failing = 1
    batches = Batches(shelf, FakeSignals())

    with pytest.raises(OSError, match="full"):
        batches.export(rows, [])
    batches.export(rows, [])
    once = dict(shelf.files)
    batches.export(rows, [])

    assert shelf.files == once
    assert sorted(shelf.all_ids) == sorted(ids_of(rows))


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_a_batch_that_is_cut_otherwise_replaces_no_file_by_less(cut: int) -> None:
    """Rows are then in two files, and none has gone: whoever reads them counts each request once."""
    shelf, rows = MemoryShelf(), settled(0, 0, 0, 0)
    batches = Batches(shelf, FakeSignals())
    batches.export(rows, [])
    whole = dict(shelf.files)

    batches.export(rows[:cut], [])
    batches.export(rows[cut:], [])

    assert whole.items() <= shelf.files.items()
    assert set(shelf.all_ids) == set(ids_of(rows))


def test_what_cannot_be_read_is_told_and_holds_up_nothing() -> None:
    shelf, signals, rows = MemoryShelf(), FakeSignals(), settled(0)

    count = Batches(shelf, signals).export(rows, ["request-1", "request-2"])

    assert count == 1
    assert signals.told == [("not exported", {"UsageRowsNotExported": 2}, {"request_ids": ["request-1", "request-2"]})]


def test_a_batch_without_rows_writes_nothing_and_tells_nothing() -> None:
    shelf, signals = MemoryShelf(), FakeSignals()

    assert Batches(shelf, signals).export([], []) == 0
    assert (shelf.files, signals.told) == ({}, [])
