"""What becomes of a hold: its request is charged once, and what it does not need goes back.

Outcomes: `completed`, `client_gone` (read on without it), `broken` (the provider failed in the middle), `stopped` (the
function's time was up), `refused` (no answer, and nothing billed), `unanswered` (asked, but no answer came: it may
have been billed), `abandoned` (the function died: settled by the sweeper).
"""

from dataclasses import replace

from openmind_llm.classes import dataclass
from openmind_llm.domain.catalogue import Route
from openmind_llm.domain.idempotency import Kept
from openmind_llm.domain.ledger import limits
from openmind_llm.domain.ledger.counters import Counters, Move
from openmind_llm.domain.ledger.rows import Bill, Entry, Hold, Timing
from openmind_llm.domain.ledger.standing import Standing
from openmind_llm.domain.plans import Limits
from openmind_llm.domain.usage import Usage

NOTHING = Usage(0, 0, 0, 0, 0, is_exact=True)

REASONS = {
    "completed": "the provider reported no usage",
    "client_gone": "the answer was not read to its end",
    "broken": "the answer broke off",
    "stopped": "the time was up before the answer ended",
    "unanswered": "no answer came",
    "abandoned": "the function died",
}
"""Why the usage of an outcome is an estimate, where it is one."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a request ended. `settled_at` is in milliseconds since the epoch.

    `kept` is what is stored of its answer; with None, the record that it claimed is removed.
    """

    outcome: str
    usage: Usage
    bill: Bill
    settled_at: int
    timing: Timing
    kept: Kept | None = None


@dataclass(frozen=True, slots=True)
class Settlement:
    """The entry, and the moves that go with it. `kept`: see Ending."""

    entry: Entry
    account_moves: tuple[Move, ...]
    key_moves: tuple[Move, ...]
    kept: Kept | None = None


def settle(hold: Hold, ending: Ending, standing: Standing, held_to: Limits) -> Settlement:
    """`held_to` are those of the plan. Charges what was used; beyond the hold as far as the balance goes."""
    charge = min(ending.bill.charge, hold.amount + standing.account_counters["balance"])
    entry = Entry(
        hold=hold,
        outcome=ending.outcome,
        usage=ending.usage,
        bill=ending.bill,
        charge=charge,
        shortfall=ending.bill.charge - charge,
        reason="" if ending.usage.is_exact else REASONS.get(ending.outcome, ""),
        settled_at=ending.settled_at,
        timing=ending.timing,
    )
    unused = hold.amount - charge
    tokens = hold.tokens - ending.usage.prompt_tokens - ending.usage.completion_tokens
    account = (*_charged(hold, charge), *limits.give_back_tokens(held_to, tokens))
    own = standing.key.limits
    key = (*_of_key(hold, charge, unused, standing.key_counters), *limits.give_back_tokens(own, tokens))
    return Settlement(entry, account, key, ending.kept)


def served(hold: Hold, route: Route) -> Hold:
    """The hold of a request that this route has answered."""
    if (hold.provider, hold.upstream_model) == (route.provider.name, route.shown_id):
        return hold
    return replace(
        hold,
        provider=route.provider.name,
        model=route.model.name,
        upstream_model=route.shown_id,
        price_version=route.price_version,
        fallback_of=f"{hold.provider}/{hold.model}",
    )


def abandoned(hold: Hold, now_s: float) -> Ending:
    """Of a request whose function died."""
    now_ms = int(now_s * 1000)
    return Ending("abandoned", hold.assumed, hold.assumed_bill, now_ms, Timing(now_ms - hold.started_at))


def refused(hold: Hold, now_ms: int, timing: Timing | None = None) -> Ending:
    """Of a request that cost nothing. Without a timing, no provider was asked."""
    not_asked = Timing(now_ms - hold.started_at, attempts=0)
    return Ending("refused", NOTHING, Bill(0, 0), now_ms, timing or not_asked)


def _charged(hold: Hold, charge: int) -> tuple[Move, ...]:
    unused = hold.amount - charge
    return (
        Move("balance", by=unused, at_least=max(0, -unused)),
        Move("held", by=-hold.amount),
        Move("charged", by=charge),
        Move("period_charged", by=charge),
        Move("open_holds", by=-1),
    )


def _of_key(hold: Hold, charge: int, unused: int, counters: Counters) -> list[Move]:
    return [
        Move("charged", by=charge),
        Move("open_holds", by=-1),
        *limits.give_back("day", hold.day, unused, counters),
        *limits.give_back("month", hold.month, unused, counters),
    ]
