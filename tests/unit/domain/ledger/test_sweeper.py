"""What an operator is told of a sweep."""

from openmind_llm.domain.ledger.sweeper import Sweeper
from tests.fakes import FakeSignals
from tests.spending import NOON, Spending, clock_at, two_accounts
from tests.unit.domain.ledger.test_sweep import PartlyUnreadable

HOLD_S = 900


def swept(spending: Spending, late_s: int) -> tuple[int, list[dict[str, float]]]:
    """What a sweep says so long after the holds have expired, and what it tells."""
    signals = FakeSignals()
    later = Spending(spending.store, clock_at(NOON + HOLD_S + late_s))
    return Sweeper(later.ledger, signals).run(), [counts for _, counts, _ in signals.told]


def test_a_sweep_tells_how_many_it_found_and_how_late() -> None:
    spending = Spending(two_accounts())
    spending.opened()
    spending.clock.now += 100
    spending.opened()

    assert swept(spending, late_s=200) == (2, [{"HoldsSwept": 2, "SweepLagSeconds": 200}])


def test_a_sweep_that_finds_nothing_tells_nothing() -> None:
    spending = Spending(two_accounts())
    spending.opened()

    assert swept(spending, late_s=-1) == (0, [])


def test_a_hold_that_cannot_be_swept_is_told() -> None:
    known = two_accounts()
    store = PartlyUnreadable(known.known_accounts, known.known_keys)
    spending = Spending(store)
    store.unreadable = spending.opened().request_id

    assert swept(spending, late_s=1) == (0, [{"HoldsNotSwept": 1}])
