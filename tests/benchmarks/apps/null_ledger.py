"""A ledger that lets everything in and writes nothing: for the rows without key check, limits and ledger."""

from collections.abc import Mapping

from openmind_llm import plans
from openmind_llm.domain.attempts.breaker import Tally
from openmind_llm.domain.attempts.cells import Cell, Counts, Opening
from openmind_llm.domain.keys import Caller, KeyRecord
from openmind_llm.domain.ledger.admission import Admission, Ask
from openmind_llm.domain.ledger.ledger import Clock, Ledger
from openmind_llm.domain.ledger.rows import Bill, Entry, Hold
from openmind_llm.domain.ledger.seen import Seen
from openmind_llm.domain.ledger.settlement import Ending
from openmind_llm.domain.ledger.standing import ACCOUNT_COUNTERS, KEY_COUNTERS, Account, Standing
from openmind_llm.domain.usage import Usage
from tests.memory_ledger import MemoryLedgerStore

CALLER = Caller("benchbenchbench0", "bench")
_PLANS = plans.load()
_ASSUMED = Usage(0, 0, 0, 0, 0, is_exact=False)
_FREE = Bill(0, 0, is_cost_reported=False)
_STANDING = Standing(
    Account(CALLER.account_id, "unlimited", 0),
    KeyRecord(CALLER.key_id, CALLER.account_id, "bench", "om1_test_", "", ""),
    dict.fromkeys(ACCOUNT_COUNTERS, 0) | {"balance": 10**15, "granted": 10**15, "period_end": 10**12},
    dict.fromkeys(KEY_COUNTERS, 0),
)


class NullLedger(Ledger):
    """Reckons nothing: each admission is the same hold of no credit, and settling it does nothing."""

    def __init__(self) -> None:
        super().__init__(MemoryLedgerStore(), _PLANS, Clock(float, lambda _: None), Seen(1, float))

    def seen(self, key_id: str) -> Standing | None:
        return _STANDING

    def seen_key(self, key_id: str) -> KeyRecord | None:
        return _STANDING.key

    def lately(self, caller: Caller) -> Standing:
        return _STANDING

    def standing(self, caller: Caller) -> Standing:
        return _STANDING

    def admit(self, caller: Caller, ask: Ask) -> Admission:
        return Admission(
            hold=_hold(ask),
            standing=_STANDING,
            plan=_PLANS.get("unlimited"),
            account_moves=(),
            key_moves=(),
            after=_STANDING,
            is_lowered=False,
            is_narrowed=False,
            claim=None,
            fallbacks=ask.fallbacks,
            dearest=ask,
        )

    def settle(self, hold: Hold, ending: Ending) -> Entry | None:
        return None


class NullHealth:
    """Nothing is known to be ill."""

    def openings(self, provider: str) -> Mapping[Cell, Opening]:
        return {}

    def swap(self, cell: Cell, seen: Opening | None, new: Opening | None) -> bool:
        return True

    def add(self, tally: Tally) -> Counts:
        return Counts({}, {})

    def forget(self, cell: Cell, bucket: int) -> None:
        return


class NullVersions:
    """Nothing was ever set of the catalogue."""

    def newest(self) -> int:
        return 0

    def rows(self, version: int) -> str | None:
        return None


def _hold(ask: Ask) -> Hold:
    route = ask.route
    return Hold(
        request_id=ask.request_id,
        account_id=CALLER.account_id,
        key_id=CALLER.key_id,
        provider=route.provider.name,
        model=route.model.name,
        upstream_model=route.shown_id,
        price_version=route.price_version,
        is_stream=ask.is_stream,
        started_at=ask.started_ms,
        expires_at=ask.started_ms // 1000 + ask.hold_s,
        amount=0,
        output_cap=ask.asked_output or 1000,
        input_bound=ask.input_bound,
        tokens=0,
        day=0,
        month=0,
        assumed=_ASSUMED,
        assumed_bill=_FREE,
    )
