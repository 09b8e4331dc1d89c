"""Whether an account's counters and day lines say what its rows say. Pure: it is given all that was read."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from openmind_llm.classes import dataclass
from openmind_llm.domain.ledger.counters import Counters
from openmind_llm.domain.ledger.rows import ROLLUP_COUNTERS, Entry, Hold, RollupKey, rollup
from openmind_llm.domain.ports import KnownKey


@dataclass(frozen=True, slots=True)
class Facts:
    """Of one account at one moment. `counters` are the account's, `keys` all it ever had, `granted` is the audit's sum.

    A hold that is `overdue_s` seconds past its time at `now_s` should have been swept.
    """

    account_id: str
    counters: Counters
    keys: Sequence[KnownKey]
    holds: Sequence[Hold]
    entries: Sequence[Entry]
    rollups: Mapping[RollupKey, Counters]
    granted: int
    now_s: float
    overdue_s: float = 600


def discrepancies(facts: Facts) -> list[str]:
    """One line for each thing that does not hold, in micro-OMCU; none if all is well."""
    return [
        *of_account(facts.counters),
        *_against_rows(facts),
        *_of_keys(facts),
        *_of_rollups(facts),
        *_overdue(facts),
    ]


def of_account(counters: Counters) -> Iterator[str]:
    """What holds of the account's own counters at every moment, whatever is going on."""
    parts = counters["balance"] + counters["held"] + counters["charged"]
    yield from _differ("account: granted", counters["granted"], "balance + held + charged", parts)
    if counters["balance"] < 0:
        yield f"account: balance is {counters['balance']}, less than nothing"


def _against_rows(facts: Facts) -> Iterator[str]:
    counters, active = facts.counters, sum(known.record.is_active for known in facts.keys)
    yield from _differ("account: granted", counters["granted"], "its audit's credit", facts.granted)
    yield from _differ("account: held", counters["held"], "its open holds", sum(hold.amount for hold in facts.holds))
    yield from _differ("account: open_holds", counters["open_holds"], "the number of its open holds", len(facts.holds))
    yield from _differ("account: charged", counters["charged"], "its settled rows", _charged(facts.entries))
    yield from _differ("account: keys", counters["keys"], "the number of its active keys", active)


def _of_keys(facts: Facts) -> Iterator[str]:
    charged, holds = Counter[str](), Counter(hold.key_id for hold in facts.holds)
    for entry in facts.entries:
        charged[entry.hold.key_id] += entry.charge
    for known in facts.keys:
        key_id = known.record.key_id
        yield from _differ(f"key {key_id}: charged", known.counters["charged"], "its settled rows", charged[key_id])
        yield from _differ(f"key {key_id}: open_holds", known.counters["open_holds"], "its open holds", holds[key_id])
    for key_id in sorted({*charged, *holds} - {known.record.key_id for known in facts.keys}):
        yield f"key {key_id}: there are rows of it, and the account has no such key"


def _of_rollups(facts: Facts) -> Iterator[str]:
    sums: dict[RollupKey, Counter[str]] = {}
    for key, counts in map(rollup, facts.entries):
        sums.setdefault(key, Counter()).update(counts)
    for key in sorted(sums.keys() | facts.rollups.keys(), key=_name):
        stored, summed = facts.rollups.get(key, {}), sums.get(key, Counter())
        for name in ROLLUP_COUNTERS:
            yield from _differ(f"rollup {_name(key)}: {name}", stored.get(name, 0), "its rows", summed[name])


def _overdue(facts: Facts) -> Iterator[str]:
    for hold in facts.holds:
        late_s = facts.now_s - hold.expires_at
        if late_s > facts.overdue_s:
            yield f"hold {hold.request_id}: overdue, {int(late_s) // 60} minutes past its time"


def _charged(entries: Iterable[Entry]) -> int:
    return sum(entry.charge for entry in entries)


def _name(key: RollupKey) -> str:
    return f"{key.day} {key.key_id} {key.provider} {key.model}"


def _differ(what: str, stored: int, against: str, reckoned: int) -> Iterator[str]:
    if stored != reckoned:
        yield f"{what} is {stored}, but {against}: {reckoned}"
