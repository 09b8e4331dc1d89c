"""One suite for every report store, so that the one in memory cannot drift from the real one."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from openmind_llm.domain.accounts import Accounts
from openmind_llm.domain.key_settings import KeySettings
from openmind_llm.domain.ledger import admission, settlement
from openmind_llm.domain.ledger.check import discrepancies
from openmind_llm.domain.ledger.inspection import Inspection
from openmind_llm.domain.ledger.ledger import Clock
from openmind_llm.domain.ledger.rows import Entry, Timing
from openmind_llm.domain.ledger.settlement import Ending
from openmind_llm.domain.ports import AccountStore, LedgerStore, ReportStore
from openmind_llm.domain.usage import Usage
from openmind_llm.errors import LedgerUnavailableError
from openmind_llm.storage.accounts import DynamoAccounts
from openmind_llm.storage.ledger import DynamoLedger
from openmind_llm.storage.reports import DynamoReports
from tests.memory_ledger import MemoryLedgerStore
from tests.memory_reports import MemoryReports
from tests.spending import DAY_S, NOON, PLANS, Spending, an_ask, an_id, clock_at
from tests.unit.storage.conftest import TABLE
from tests.unit.storage.wired import wired

if TYPE_CHECKING:
    pass


@dataclass
class Stores:
    """Of the same table. It holds account-1 with two keys, and account-2 with one."""

    ledger: LedgerStore
    accounts: AccountStore
    reports: ReportStore

    @property
    def spending(self) -> Spending:
        return Spending(self.ledger)


KEYS = (("account-1", "om1_test_key1key1key1key1" + "0" * 64), ("account-1", "om1_test_key2key2key2key2" + "0" * 64),
        ("account-2", "om1_test_key3key3key3key3" + "0" * 64))  # fmt: skip
KEY_1, KEY_2, KEY_3 = "key1key1key1key1", "key2key2key2key2", "key3key3key3key3"


@pytest.fixture(params=["memory", "by_boto3", "by_wire"])
def stores(request: pytest.FixtureRequest) -> Stores:
    if request.param == "memory":
        memory = MemoryLedgerStore()
        made = Stores(memory, memory, MemoryReports(memory))
    else:
        client = request.getfixturevalue(request.param)
        made = Stores(DynamoLedger(client, TABLE), DynamoAccounts(client, TABLE), DynamoReports(client, TABLE))
    accounts = Accounts(made.accounts, PLANS, lambda: b"pepper", clock_at())
    for account_id in ("account-1", "account-2"):
        accounts.open(account_id, "enterprise", "test")
        accounts.grant(account_id, 10**12, "test")
    for account_id, key in KEYS:
        accounts.create_key(account_id, "test", KeySettings(), key)
    return made


def test_day_lines_are_those_of_the_account_and_of_the_days(stores: Stores) -> None:
    for days in (-2, -1, 0, 1):
        stores.spending.on(days).sent(KEY_1)
    stores.spending.sent(KEY_3, "account-2")

    found = stores.reports.rollups("account-1", "2026-11-23", "2026-11-24")

    assert sorted(key.day for key, _ in found) == ["2026-11-23", "2026-11-24"]
    assert {key.account_id for key, _ in found} == {"account-1"}


def test_a_day_line_tells_its_key_provider_and_model_and_has_the_sums_of_its_requests(stores: Stores) -> None:
    for model in ("gpt-4o", "gpt-4o", "gpt-4o-mini"):
        stores.spending.sent(KEY_2, model=model)

    found = dict(stores.reports.rollups("account-1", "2026-11-24", "2026-11-24"))

    by_model = {(key.key_id, key.provider, key.model): counts["requests"] for key, counts in found.items()}
    assert by_model == {(KEY_2, "openai", "gpt-4o"): 2, (KEY_2, "openai", "gpt-4o-mini"): 1}


def test_names_with_slashes_come_back_whole(stores: Stores) -> None:
    stores.spending.sent(KEY_1, provider="openrouter", model="anthropic/claude-opus-4.1")

    ((key, _),) = stores.reports.rollups("account-1", "2026-11-24", "2026-11-24")

    assert (key.provider, key.model) == ("openrouter", "anthropic/claude-opus-4.1")


def test_a_row_is_a_hold_until_it_is_settled(stores: Stores) -> None:
    hold = stores.spending.opened(KEY_1)

    assert stores.reports.row("account-1", hold.request_id) == hold


def test_a_settled_row_is_an_entry_with_all_that_was_written(stores: Stores) -> None:
    request_id = stores.spending.sent(KEY_1)

    row = stores.reports.row("account-1", request_id)

    assert isinstance(row, Entry)
    assert (row.outcome, row.usage.cached_input, row.timing.first_ms) == ("completed", 2, 300)
    assert row.charge > 0


def test_a_row_of_another_account_is_not_there(stores: Stores) -> None:
    request_id = stores.spending.sent(KEY_1)

    assert stores.reports.row("account-2", request_id) is None
    assert stores.reports.row("account-1", an_id()) is None


def test_rows_are_those_of_the_account_from_an_id_on(stores: Stores) -> None:
    for days in range(3):
        stores.spending.on(days).sent(KEY_1)
    stores.spending.opened(KEY_3, "account-2")
    ids = sorted(row.hold.request_id for row in stores.reports.rows("account-1") if isinstance(row, Entry))

    since = stores.reports.rows("account-1", ids[1])

    assert len(ids) == 3
    assert sorted(row.hold.request_id for row in since if isinstance(row, Entry)) == ids[1:]


def test_a_ledger_that_requests_have_used_is_sound(stores: Stores) -> None:
    stores.spending.sent(KEY_1)
    stores.spending.opened(KEY_2)
    late = clock_at(NOON + DAY_S)
    Spending(stores.ledger, late).ledger.sweep()
    stores.spending.opened(KEY_2)
    clock = Clock(clock_at(), lambda _: None)

    facts = Inspection("account-1", stores.accounts, stores.reports, clock, 600).facts()

    assert discrepancies(facts) == []
    assert (len(facts.entries), len(facts.holds)) == (2, 1)


def test_what_a_fallback_has_answered_is_its_own_everywhere(stores: Stores) -> None:
    """The row, the day's line, and the check of both."""
    spending, grok = stores.spending, an_ask(NOON, "xai", "grok-4.3").route
    hold = spending.opened(KEY_1)
    used = Usage(10, 2, 1, 20, 5, is_exact=True)
    ending = Ending("completed", used, admission.bill(grok, used, None), int(NOON * 1000), Timing(900, 300, 3))
    spending.ledger.settle(settlement.served(hold, grok), ending)

    row = stores.reports.row("account-1", hold.request_id)

    assert isinstance(row, Entry)
    assert (row.hold.provider, row.hold.model, row.hold.price_version) == ("xai", "grok-4.3", grok.price_version)
    assert (row.hold.fallback_of, row.timing.attempts) == ("openai/gpt-4o", 3)
    lines = stores.reports.rollups("account-1", "0000-00-00", "9999-99-99")
    assert [(key.provider, key.model) for key, _ in lines] == [("xai", "grok-4.3")]
    clock = Clock(clock_at(), lambda _: None)
    assert discrepancies(Inspection("account-1", stores.accounts, stores.reports, clock, 600).facts()) == []


def test_a_store_that_does_not_answer_is_unavailable() -> None:
    nowhere = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_DEFAULT_REGION": "us-east-1"}
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    unreachable = wired(nowhere | keys)
    reports = DynamoReports(unreachable, TABLE)

    for read in (lambda: reports.rollups("a", "", ""), lambda: reports.row("a", "b"), lambda: reports.rows("a")):
        with pytest.raises(LedgerUnavailableError):
            read()
