"""Usage reports over what requests have left."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmind_llm.domain.keys import Viewer
from openmind_llm.domain.ledger.rows import ROLLUP_COUNTERS, Entry, Hold, RollupKey
from openmind_llm.domain.reports.query import GROUPS, UsageQuery
from openmind_llm.domain.reports.usage import Line, UsageReports
from openmind_llm.errors import InvalidRequestError, RequestNotFoundError
from tests.memory_ledger import MemoryLedgerStore
from tests.memory_reports import MemoryReports
from tests.spending import Spending, an_id, two_accounts

OWN = Viewer("account-1", "key-1")
OWNER = Viewer("account-1")
NOVEMBER = UsageQuery("2026-11-01", "2026-11-30")


def reports(store: MemoryLedgerStore, secret: bytes = b"pepper") -> UsageReports:
    return UsageReports(MemoryReports(store), lambda: secret)


def rolled(*keys: RollupKey) -> MemoryLedgerStore:
    """Each with one request of one input token."""
    counts = dict.fromkeys(ROLLUP_COUNTERS, 0) | {"requests": 1, "input": 1}
    return MemoryLedgerStore(rollups=dict.fromkeys(keys, counts))


def all_pages(made: UsageReports, viewer: Viewer, query: UsageQuery) -> list[Line]:
    lines: list[Line] = []
    while True:
        page = made.page(viewer, query)
        assert len(page.lines) <= query.limit
        lines += page.lines
        if not page.next_cursor:
            return lines
        query = replace(query, cursor=page.next_cursor)


def test_a_day_has_the_sums_of_its_requests() -> None:
    store = two_accounts()
    spending = Spending(store)
    spending.sent()
    spending.sent(model="gpt-4o-mini")

    page = reports(store).page(OWN, NOVEMBER)

    charged = sum(entry.charge for entry in store.entries.values())
    assert [line.group for line in page.lines] == [("2026-11-24",)]
    assert (page.totals["requests"], page.totals["output"], page.totals["charge"]) == (2, 40, charged)


def test_only_the_days_between_are_reported() -> None:
    store = two_accounts()
    for days in range(5):
        Spending(store).on(days).sent()

    lines = reports(store).lines(OWN, UsageQuery("2026-11-25", "2026-11-27"))

    assert [line.group for line in lines] == [("2026-11-25",), ("2026-11-26",), ("2026-11-27",)]


def test_a_key_sees_its_own_usage_alone_and_an_account_all_of_its_keys() -> None:
    store = two_accounts()
    for key_id, account_id in (("key-1", "account-1"), ("key-2", "account-1"), ("key-3", "account-2")):
        Spending(store).sent(key_id, account_id)
    by_key = replace(NOVEMBER, group_by=("key",))

    assert [line.group for line in reports(store).lines(OWN, by_key)] == [("key-1",)]
    assert [line.group for line in reports(store).lines(OWNER, by_key)] == [("key-1",), ("key-2",)]


names = st.sampled_from(["a", "b", "c#d", "-e"])
keys = st.builds(
    RollupKey,
    st.sampled_from(["account-1", "account-2"]),
    st.sampled_from(["2026-10-31", "2026-11-01", "2026-11-15", "2026-11-30", "2026-12-01"]),
    names, names, names,
)  # fmt: skip
groups = st.lists(st.sampled_from(GROUPS), unique=True, min_size=1).map(tuple)


@given(st.sets(keys, max_size=40), groups, st.integers(1, 5))
def test_pages_together_are_the_whole_report_without_a_line_twice(
    stored: set[RollupKey], group_by: tuple[str, ...], limit: int
) -> None:
    made = reports(rolled(*stored))
    query = replace(NOVEMBER, group_by=group_by, limit=limit)

    lines = all_pages(made, OWNER, query)

    assert lines == made.lines(OWNER, query)
    assert len({line.group for line in lines}) == len(lines)
    within = [k for k in stored if k.account_id == "account-1" and k.day.startswith("2026-11")]
    assert sum(line.counts["requests"] for line in lines) == len(within)


@given(st.sets(keys, max_size=40), groups)
def test_totals_do_not_depend_on_the_grouping_or_the_page(stored: set[RollupKey], group_by: tuple[str, ...]) -> None:
    made = reports(rolled(*stored))

    first = made.page(OWNER, replace(NOVEMBER, group_by=group_by, limit=1))

    assert first.totals == made.page(OWNER, NOVEMBER).totals


def with_many_days() -> MemoryLedgerStore:
    days = (f"2026-11-{day:02}" for day in range(1, 31))
    accounts = ("account-1", "account-2")
    return rolled(*(RollupKey(a, day, f"{k}-{a}", "openai", "m") for day in days for a in accounts for k in "12"))


@pytest.mark.parametrize(
    "viewer", [Viewer("account-2"), Viewer("account-1", "1-account-1"), Viewer("account-2", "1-account-2")]
)
def test_a_cursor_is_of_no_use_to_another_viewer(viewer: Viewer) -> None:
    made = reports(with_many_days())
    cursor = made.page(OWNER, replace(NOVEMBER, limit=3)).next_cursor

    with pytest.raises(InvalidRequestError, match=r"^cursor must "):
        made.page(viewer, replace(NOVEMBER, limit=3, cursor=cursor))


@pytest.mark.parametrize("other", [replace(NOVEMBER, first="2026-11-02"), replace(NOVEMBER, group_by=("day", "key"))])
def test_a_cursor_is_of_no_use_for_another_report(other: UsageQuery) -> None:
    made = reports(with_many_days())
    cursor = made.page(OWNER, replace(NOVEMBER, limit=3)).next_cursor

    with pytest.raises(InvalidRequestError, match=r"^cursor must "):
        made.page(OWNER, replace(other, cursor=cursor))


def test_another_limit_may_go_on_from_a_cursor() -> None:
    made = reports(with_many_days())
    cursor = made.page(OWNER, replace(NOVEMBER, limit=3)).next_cursor

    rest = made.page(OWNER, replace(NOVEMBER, limit=1000, cursor=cursor))

    assert [line.group for line in rest.lines] == [(f"2026-11-{day:02}",) for day in range(4, 31)]


def test_a_cursor_that_another_secret_signed_is_refused() -> None:
    cursor = reports(with_many_days(), b"other").page(OWNER, replace(NOVEMBER, limit=3)).next_cursor

    with pytest.raises(InvalidRequestError, match=r"^cursor must "):
        reports(with_many_days()).page(OWNER, replace(NOVEMBER, cursor=cursor))


@given(st.text(max_size=80), st.integers(0, 200))
def test_a_forged_cursor_is_refused(text: str, at: int) -> None:
    made = reports(with_many_days())
    good = made.page(OWNER, replace(NOVEMBER, limit=3)).next_cursor
    forged = good[:at] + text + good[at + 1 :]
    if forged == good:
        return

    with pytest.raises(InvalidRequestError, match=r"^cursor must "):
        made.page(OWNER, replace(NOVEMBER, cursor=forged or "."))


def test_a_request_is_found_while_it_is_open_and_after_its_end() -> None:
    store = two_accounts()
    held, settled = Spending(store).opened().request_id, Spending(store).sent()

    assert isinstance(reports(store).request(OWN, held), Hold)
    assert isinstance(reports(store).request(OWN, settled), Entry)


@pytest.mark.parametrize("viewer", [Viewer("account-2"), Viewer("account-2", "key-1"), Viewer("account-1", "key-2")])
def test_a_request_is_not_there_for_others(viewer: Viewer) -> None:
    store = two_accounts()
    request_id = Spending(store).sent()

    assert reports(store).request(OWNER, request_id) is not None
    with pytest.raises(RequestNotFoundError):
        reports(store).request(viewer, request_id)


@pytest.mark.parametrize("request_id", ["", "x", "#", an_id().upper(), f"{an_id()}\n", an_id() * 40, an_id()])
def test_what_is_no_id_of_a_request_finds_nothing(request_id: str) -> None:
    with pytest.raises(RequestNotFoundError):
        reports(two_accounts()).request(OWN, request_id)
