"""Whatever happens, in whatever order: no credit is made, lost or spent twice."""

from collections import defaultdict
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from openmind_llm import plans
from openmind_llm.domain.accounts import Accounts
from openmind_llm.domain.keys import Caller
from openmind_llm.domain.ledger.admission import Ask, bill
from openmind_llm.domain.ledger.rows import Hold, Timing, rollup
from openmind_llm.domain.ledger.settlement import Ending
from openmind_llm.domain.plans import Limits
from openmind_llm.domain.usage import Usage
from openmind_llm.errors import AuthenticationError, GatewayError
from openmind_llm.providers import table
from tests.memory_ledger import MemoryLedgerStore, ledger

PLANS = plans.load()
CATALOGUE = table.load()
ROUTES = [
    CATALOGUE.resolve(provider, model, "2026-11-25")
    for provider, model in (("openai", "gpt-4o-mini"), ("openai", "gpt-5"), ("xai", "grok-4"), ("openai", "gpt-5-nano"))
]
ACCOUNTS = ("acme", "umbrella")
HOLD_S = 90
SWEEP_EVERY_S = 300
DAY = 86_400
USAGES = st.builds(
    Usage,
    *(st.integers(0, 20_000) for _ in range(5)),
    is_exact=st.booleans(),
)


class LedgerMachine(RuleBasedStateMachine):
    """Two accounts, several processes each with its own memory of what it saw, and a clock that jumps."""

    def __init__(self) -> None:
        super().__init__()
        self.store = MemoryLedgerStore()
        self.now = 1_790_000_000.0
        self.accounts = Accounts(self.store, PLANS, lambda: b"pepper", lambda: self.now)
        self.processes = [ledger(self.store, PLANS, lambda: self.now) for _ in range(3)]
        self.running: dict[str, Hold] = {}
        self.count = 0
        self.latest = self.now

    @initialize(plan=st.sampled_from(["free", "standard", "builder"]))
    def begin(self, plan: str) -> None:
        for account_id in ACCOUNTS:
            self.accounts.open(account_id, plan, "test")
            self.accounts.create_key(account_id, "test")

    @rule(
        account=st.sampled_from(ACCOUNTS),
        process=st.integers(0, 2),
        model=st.integers(0, len(ROUTES) - 1),
        tokens=st.integers(1, 5_000),
        asked=st.none() | st.integers(1, 10_000),
        choices=st.integers(1, 3),
    )
    def admit(self, account: str, process: int, model: int, tokens: int, asked: int | None, choices: int) -> None:
        key = self._some_key(account)
        if key is None:
            return
        before = self._snapshot()
        ask = self._ask(ROUTES[model], tokens, asked, choices)
        try:
            hold = self.processes[process].admit(Caller(key, account), ask).hold
        except GatewayError as error:
            event(f"refused: {type(error).__name__}")
            assert self._snapshot() == before, "a refused request changes nothing"
        else:
            event("admitted")
            self.running[hold.request_id] = hold

    @rule(account=st.sampled_from(ACCOUNTS), times=st.integers(2, 8), tokens=st.integers(1, 200))
    def admit_many_at_once(self, account: str, times: int, tokens: int) -> None:
        for turn in range(times):
            self.admit(account, turn % 3, 3, tokens, 10, 1)

    @precondition(lambda self: self.running)
    @rule(data=st.data(), process=st.integers(0, 2), used=USAGES, outcome=st.sampled_from(["completed", "broken"]))
    def settle(self, data: Any, process: int, used: Usage, outcome: str) -> None:
        hold = self.running.pop(data.draw(st.sampled_from(sorted(self.running))))
        route = next(one for one in ROUTES if one.model.name == hold.model)
        ending = Ending(outcome, used, bill(route, used, None), int(self.now * 1000), Timing(1))
        entry = self.processes[process].settle(hold, ending)
        event(f"settled, beyond the hold: {entry is not None and entry.charge > hold.amount}")
        counted = len(self.store.entries), self._snapshot()
        assert self.processes[0].settle(hold, ending) is None
        assert (len(self.store.entries), self._snapshot()) == counted, "settled once"

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def die(self, data: Any) -> None:
        """The process is gone, and with it all that it knew of the request."""
        del self.running[data.draw(st.sampled_from(sorted(self.running)))]

    @rule(process=st.integers(0, 2))
    def sweep(self, process: int) -> None:
        self.processes[process].sweep()
        assert not [hold for hold in self.store.holds.values() if hold.expires_at < int(self.now)], "held too long"

    @rule(account=st.sampled_from(ACCOUNTS), amount=st.integers(-(10**8), 10**9).filter(bool))
    def grant(self, account: str, amount: int) -> None:
        try:
            self.accounts.grant(account, amount, "test")
        except GatewayError:
            assert amount < 0, "only what is not there cannot be taken back"

    @rule(account=st.sampled_from(ACCOUNTS), plan=st.sampled_from(["free", "standard", "builder", "pro"]))
    def change_plan(self, account: str, plan: str) -> None:
        self.accounts.set_plan(account, plan, "test")

    @rule(account=st.sampled_from(ACCOUNTS))
    def create_key(self, account: str) -> None:
        try:
            self.accounts.create_key(account, "test")
        except GatewayError:
            assert self.store.counters(account)["keys"] >= 1

    @rule(account=st.sampled_from(ACCOUNTS), process=st.integers(0, 2))
    def revoke(self, account: str, process: int) -> None:
        key = self._some_key(account)
        if key is not None:
            self.accounts.delete_key(account, key, "test")
            self._assert_refused(key, account, process)

    @rule(account=st.sampled_from(ACCOUNTS))
    def rotate(self, account: str) -> None:
        key = self._some_key(account)
        if key is not None:
            self.accounts.rotate_key(account, key, 60, "test")

    @rule(
        account=st.sampled_from(ACCOUNTS), budget=st.none() | st.integers(0, 10**8), rate=st.none() | st.integers(1, 5)
    )
    def limit(self, account: str, budget: int | None, rate: int | None) -> None:
        key = self._some_key(account)
        if key is not None:
            own = Limits(rate, rate, 100_000, 5, budget, budget)
            self.accounts.change_key(account, key, lambda record: replace(record, limits=own), "test")

    @rule(account=st.sampled_from(ACCOUNTS), process=st.integers(0, 2))
    def close_and_reopen(self, account: str, process: int) -> None:
        self.accounts.close(account, "test")
        key = self._some_key(account)
        if key is not None:
            self._assert_refused(key, account, process)
        self.accounts.reopen(account, "test")

    @rule(seconds=st.sampled_from([0.01, 1, 30, HOLD_S, SWEEP_EVERY_S, DAY, 31 * DAY, 400 * DAY]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(seconds=st.sampled_from([0.5, 5, 3_600, DAY]))
    def clock_jumps_back(self, seconds: float) -> None:
        self.now -= seconds

    @invariant()
    def no_credit_is_made_or_lost(self) -> None:
        for account_id, known in self.store.known_accounts.items():
            counters = known.counters
            held = [hold for hold in self.store.holds.values() if hold.account_id == account_id]
            charged = [entry for entry in self.store.entries.values() if entry.hold.account_id == account_id]
            assert counters["granted"] == sum(row.credit for row in self.store.audit(account_id))
            assert counters["held"] == sum(hold.amount for hold in held)
            assert counters["charged"] == sum(entry.charge for entry in charged)
            assert counters["granted"] == counters["balance"] + counters["held"] + counters["charged"]
            assert counters["open_holds"] == len(held)
            assert counters["balance"] >= 0

    @invariant()
    def no_key_spends_for_another(self) -> None:
        for key_id, known in self.store.known_keys.items():
            charged = [entry.charge for entry in self.store.entries.values() if entry.hold.key_id == key_id]
            held = [hold for hold in self.store.holds.values() if hold.key_id == key_id]
            assert (known.counters["charged"], known.counters["open_holds"]) == (sum(charged), len(held))

    @invariant()
    def rollups_are_the_sum_of_the_ledger(self) -> None:
        sums: Any = defaultdict(lambda: defaultdict(int))
        for entry in self.store.entries.values():
            key, counts = rollup(entry)
            for name, value in counts.items():
                sums[key][name] += value
        assert {key: dict(line) for key, line in sums.items()} == self.store.rollups

    @invariant()
    def every_token_is_charged_or_its_shortfall_told(self) -> None:
        for entry in self.store.entries.values():
            assert entry.charge + entry.shortfall == entry.bill.charge
            assert min(entry.charge, entry.shortfall) >= 0

    def _assert_refused(self, key: str, account: str, process: int) -> None:
        before = self._snapshot()
        with pytest.raises(AuthenticationError):
            self.processes[process].admit(Caller(key, account), self._ask(ROUTES[0], 10, 10, 1))
        assert self._snapshot() == before

    def _ask(self, route: Any, tokens: int, asked: int | None, choices: int) -> Ask:
        self.count += 1
        return Ask(
            request_id=f"request-{self.count}",
            started_ms=int(self.now * 1000),
            hold_s=HOLD_S,
            route=route,
            is_stream=False,
            input_bound=tokens,
            input_estimate=tokens // 2,
            asked_output=asked,
            choices=choices,
        )

    def _some_key(self, account: str) -> str | None:
        active = [known.record.key_id for known in self.accounts.keys(account)]
        return active[self.count % len(active)] if active else None

    def _snapshot(self) -> Any:
        """All but what a new month brings, which a refused request may be the first to notice."""
        accounts = {
            name: {counter: value for counter, value in known.counters.items() if not self._is_renewed(counter)}
            for name, known in self.store.known_accounts.items()
        }
        keys = {name: known.counters for name, known in self.store.known_keys.items()}
        return accounts, keys, dict(self.store.holds)

    @staticmethod
    def _is_renewed(counter: str) -> bool:
        return counter in {"version", "granted", "balance"} or counter.startswith("period")


LedgerMachine.TestCase.settings = settings(max_examples=300, stateful_step_count=50, deadline=None)
TestExactness = LedgerMachine.TestCase
