"""Whatever several environments do, and in whatever order."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from openmind_llm.domain.attempts.breaker import Breaker
from openmind_llm.domain.attempts.cells import Cell, Phase
from openmind_llm.domain.attempts.rules import BreakerRules
from tests.fakes import FakeClock
from tests.memory_health import MemoryHealthStore, write

RULES = BreakerRules(one_in=1)
CELL = Cell("openai", "gpt-4o", "main")
ENVIRONMENTS = st.integers(0, 2)
ACCOUNTS = st.sampled_from(["a", "b", "c"])
LEASE_S = 40


class Environments(RuleBasedStateMachine):
    """Three over one store. `probing`: until when each one's probe is under way, by this test's own reckoning."""

    @initialize()
    def begin(self) -> None:
        self.store, self.clock = MemoryHealthStore(), FakeClock()
        self.breakers = [Breaker(self.store, self.clock, lambda: 0.0, RULES) for _ in range(3)]
        self.probing: dict[int, float] = {}

    def phase(self, environment: int) -> Phase:
        return self.breakers[environment].looked("openai").state(CELL).phase

    @rule(environment=ENVIRONMENTS, account=ACCOUNTS, times=st.integers(1, 6))
    def fail(self, environment: int, account: str, times: int) -> None:
        for _ in range(times):
            was_closed = CELL not in self.store.stored
            self.breakers[environment].failed(CELL, "outage", 60, account)
            self.probing.pop(environment, None)
            if was_closed and CELL in self.store.stored:
                assert self.most_of_this_bucket_failed()

    @rule(environment=ENVIRONMENTS, account=ACCOUNTS, times=st.integers(1, 6))
    def answer(self, environment: int, account: str, times: int) -> None:
        for _ in range(times):
            write(self.breakers[environment].answered(CELL, None, False, account))
            self.probing.pop(environment, None)

    @rule(environment=ENVIRONMENTS)
    def claim(self, environment: int) -> None:
        was_half_open = self.phase(environment) is Phase.HALF_OPEN
        if self.breakers[environment].claim_probe(CELL, LEASE_S) and was_half_open:
            assert all(until <= self.clock.now for until in self.probing.values())
            self.probing[environment] = self.clock.now + LEASE_S

    @rule(environment=ENVIRONMENTS)
    def set_aside(self, environment: int) -> None:
        self.breakers[environment].set_aside(CELL, "key", 30)
        self.probing.pop(environment, None)

    @rule(environment=ENVIRONMENTS)
    def tell_nothing(self, environment: int) -> None:
        self.breakers[environment].told_nothing(CELL)
        self.probing.pop(environment, None)

    @rule(seconds=st.sampled_from([0.5, 3, 10, 30, 60, 300]))
    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    @precondition(lambda self: self.store.stored)
    @rule()
    def every_opening_ends(self) -> None:
        self.clock.now += RULES.longest_open_s + RULES.max_age_s
        self.probing = {}

        assert self.phase(0) is not Phase.OPEN
        assert Breaker(self.store, self.clock, lambda: 0.0, RULES).claim_probe(CELL, LEASE_S)
        self.clock.now += LEASE_S

    @invariant()
    def nothing_is_open_for_longer_than_five_minutes(self) -> None:
        for opening in self.store.stored.values():
            assert max(opening.until, opening.probe_until) - self.clock.now <= RULES.longest_open_s

    def most_of_this_bucket_failed(self) -> bool:
        counts = self.store.counts[CELL, int(self.clock.now // RULES.bucket_s)]
        return sum(counts.failures.values()) >= max(RULES.failures, sum(counts.answers.values()))


TestEnvironments = Environments.TestCase
TestEnvironments.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
