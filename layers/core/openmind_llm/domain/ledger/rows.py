"""The rows of the ledger: a hold, which its request's end turns into a charge."""

from openmind_llm.classes import dataclass
from openmind_llm.domain import utc
from openmind_llm.domain.usage import Usage


@dataclass(frozen=True, slots=True)
class Bill:
    """What a request comes to: micro-OMCU for its caller, micro-USD for its operator."""

    charge: int
    cost: int
    is_cost_reported: bool = False


@dataclass(frozen=True, slots=True)
class Hold:
    """Placed before the provider is asked. `amount` is in micro-OMCU; `day` and `month` number the budget windows.

    `started_at` is in milliseconds, `expires_at` in seconds since the epoch. `assumed` and `assumed_bill` are what a
    request comes to whose function died. `tokens` were taken from the token buckets. Provider and model are those that
    were asked for; of a settled request, those that answered, and `fallback_of` tells the others where they differ.
    """

    request_id: str
    account_id: str
    key_id: str
    provider: str
    model: str
    upstream_model: str
    price_version: str
    is_stream: bool
    started_at: int
    expires_at: int
    amount: int
    output_cap: int
    input_bound: int
    tokens: int
    day: int
    month: int
    assumed: Usage
    assumed_bill: Bill
    idempotency: str = ""
    fallback_of: str = ""


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds from the start of the request; `first_ms` to the first byte of the answer, if there was one."""

    duration_ms: int
    first_ms: int | None = None
    attempts: int = 1


@dataclass(frozen=True, slots=True)
class Entry:
    """A settled row. `outcome`: see domain.ledger.settlement. `reason` says why usage is an estimate; else "".

    `shortfall` is what the bill exceeds the credit by: counted, and never taken. `settled_at` is in milliseconds.
    """

    hold: Hold
    outcome: str
    usage: Usage
    bill: Bill
    charge: int
    shortfall: int
    reason: str
    settled_at: int
    timing: Timing


@dataclass(frozen=True, slots=True)
class RollupKey:
    """A day is written as in ISO 8601."""

    account_id: str
    day: str
    key_id: str
    provider: str
    model: str


ROLLUP_COUNTERS = (
    "requests",
    "estimated",
    "input",
    "cached_input",
    "cache_write",
    "output",
    "reasoning",
    "charge",
    "cost",
    "shortfall",
)


def rollup(entry: Entry) -> tuple[RollupKey, dict[str, int]]:
    """The day's line that an entry belongs to, by the day its request started, and what it adds there."""
    hold, used = entry.hold, entry.usage
    key = RollupKey(hold.account_id, utc.day(hold.started_at / 1000), hold.key_id, hold.provider, hold.model)
    return key, {
        "requests": 1,
        "estimated": int(not used.is_exact),
        **used.by_class,
        "charge": entry.charge,
        "cost": entry.bill.cost,
        "shortfall": entry.shortfall,
    }


def hold_of(row: Hold | Entry) -> Hold:
    return row.hold if isinstance(row, Entry) else row
