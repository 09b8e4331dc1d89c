"""One request on its way through a ledger: held, then settled."""

from typing import TYPE_CHECKING

from openmind_llm import plans
from openmind_llm.domain import ids
from openmind_llm.domain.ledger import admission, settlement
from openmind_llm.domain.ledger.admission import Admission, Ask
from openmind_llm.domain.ledger.rows import Bill, Hold, Timing
from openmind_llm.domain.ledger.settlement import Ending, Settlement
from openmind_llm.domain.ledger.standing import Standing
from openmind_llm.domain.ports import LedgerStore, Written
from openmind_llm.domain.usage import Usage
from openmind_llm.providers import table
from tests.memory_ledger import new_account, new_key

if TYPE_CHECKING:
    pass


NOW_S = 1_764_000_000.0


NOW_MS = 1_764_000_000_000


PLANS = plans.load()


ROUTE = table.load().resolve("openai", "gpt-4o", "2026-11-26")


REQUEST = ids.new(NOW_MS)


USED = Usage(input=100, cached_input=20, cache_write=3, output=40, reasoning=5, is_exact=True)


ENDING = Ending("completed", USED, Bill(9_000, 700, is_cost_reported=True), NOW_MS + 1500, Timing(1500, 300))


CREDIT = 10**9


ACCOUNT, KEY = new_account(credit=CREDIT), new_key()


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
