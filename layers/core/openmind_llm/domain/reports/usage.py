"""The use cases: what an account, or one of its keys, has used; and what one request came to."""

import re
from collections.abc import Callable, Iterable

from openmind_llm.classes import dataclass
from openmind_llm.domain.keys import Viewer
from openmind_llm.domain.ledger.counters import Counters
from openmind_llm.domain.ledger.rows import ROLLUP_COUNTERS, Entry, Hold, RollupKey, hold_of
from openmind_llm.domain.ports import ReportStore
from openmind_llm.domain.reports import cursors
from openmind_llm.domain.reports.query import UsageQuery
from openmind_llm.errors import RequestNotFoundError

_REQUEST_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

type Rolled = Iterable[tuple[RollupKey, Counters]]
type Group = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """The sums of one group; `group` has a value for each of the query's `group_by`. `counts`: see ROLLUP_COUNTERS."""

    group: Group
    counts: Counters


@dataclass(frozen=True, slots=True)
class Page:
    """`totals` are those of the whole report, not of this page; `next_cursor` is empty on the last one."""

    query: UsageQuery
    lines: tuple[Line, ...]
    totals: Counters
    next_cursor: str


class UsageReports:
    """`secret` signs cursors. Blocking; every method raises LedgerUnavailableError."""

    def __init__(self, store: ReportStore, secret: Callable[[], bytes]) -> None:
        self._store = store
        self._secret = secret

    def page(self, viewer: Viewer, query: UsageQuery) -> Page:
        """The groups in their order, after those of the pages before. Each page is read afresh.

        Raises InvalidRequestError for a cursor of another report.
        """
        report = _identity(viewer, query)
        after = cursors.read(self._secret(), report, query.cursor) if query.cursor else ()
        lines = self.lines(viewer, query)
        rest = [line for line in lines if line.group > after]
        shown = tuple(rest[: query.limit])
        cursor = cursors.write(self._secret(), report, shown[-1].group) if len(rest) > len(shown) else ""
        return Page(query, shown, total(lines), cursor)

    def lines(self, viewer: Viewer, query: UsageQuery) -> list[Line]:
        """All groups, in their order."""
        rolled = self._store.rollups(viewer.account_id, query.first, query.last)
        return grouped(of_key(rolled, viewer.key_id), query.group_by)

    def request(self, viewer: Viewer, request_id: str) -> Hold | Entry:
        """Raises RequestNotFoundError, also for what the viewer may not see."""
        row = self._store.row(viewer.account_id, request_id) if _REQUEST_ID.fullmatch(request_id) else None
        if row is None or viewer.key_id not in {None, hold_of(row).key_id}:
            raise RequestNotFoundError
        return row


def of_key(rolled: Rolled, key_id: str | None) -> Rolled:
    """None is every key."""
    return ((key, counts) for key, counts in rolled if key_id in {None, key.key_id})


def grouped(rolled: Rolled, group_by: tuple[str, ...]) -> list[Line]:
    """One line for each group that was used at all, in the order of the groups."""
    sums: dict[Group, dict[str, int]] = {}
    for key, counts in rolled:
        into = sums.setdefault(_group(key, group_by), dict.fromkeys(ROLLUP_COUNTERS, 0))
        for name in ROLLUP_COUNTERS:
            into[name] += counts[name]
    return [Line(group, sums[group]) for group in sorted(sums)]


def total(lines: Iterable[Line]) -> Counters:
    lines = tuple(lines)
    return {name: sum(line.counts[name] for line in lines) for name in ROLLUP_COUNTERS}


def _group(key: RollupKey, group_by: tuple[str, ...]) -> Group:
    values = {"day": key.day, "key": key.key_id, "model": key.model, "provider": key.provider}
    return tuple(values[name] for name in group_by)


def _identity(viewer: Viewer, query: UsageQuery) -> tuple[str, ...]:
    return (viewer.account_id, viewer.key_id or "", query.first, query.last, *query.group_by)
