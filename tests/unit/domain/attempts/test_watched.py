"""What the loop hears of a breaker's cells."""

from openmind_llm.domain.attempts.breaker import Breaker
from openmind_llm.domain.attempts.target import Patience, ProviderKey, Target
from openmind_llm.domain.attempts.watched import PROBED_BY_ANOTHER_S, Watched
from tests.fakes import FakeClock
from tests.memory_health import MemoryHealthStore, write
from tests.unit.domain.attempts.trying import ASKED, route

ONE, OTHER = ProviderKey("key-1", "sk-1"), ProviderKey("key-2", "sk-2")
TARGET = Target(ASKED, ONE)
PATIENT = Patience(30, 60)


class Environments:
    """Several processes over one store, at one time."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.store = MemoryHealthStore()

    def another(self) -> Watched:
        return Watched(Breaker(self.store, self.clock, lambda: 0.0), self.clock)


def test_a_way_that_fails_is_closed_to_all_environments() -> None:
    environments = Environments()
    first, second = environments.another(), environments.another()

    for _ in range(5):
        first.failed(TARGET, "outage", PATIENT, "account-1")

    assert first.opens_at(TARGET, 60) == second.opens_at(TARGET, 60) == environments.clock.now + 30
    assert second.opens_at(Target(ASKED, OTHER), 60) == 0
    assert second.opens_at(Target(route("openai/gpt-4.1"), ONE), 60) == 0


def test_one_request_finds_out_whether_it_is_open_again_and_the_others_wait() -> None:
    environments = Environments()
    first, second = environments.another(), environments.another()
    for _ in range(5):
        first.failed(TARGET, "outage", PATIENT, "account-1")
    environments.clock.now += 31

    assert first.opens_at(TARGET, 60) == 0
    assert second.opens_at(TARGET, 60) >= environments.clock.now + PROBED_BY_ANOTHER_S

    write(first.answered(TARGET, 0.5, "account-1"))
    environments.clock.now += 6

    assert second.opens_at(TARGET, 60) == 0


def test_a_key_that_is_set_aside_is_closed_for_all_models() -> None:
    environments = Environments()
    first, second = environments.another(), environments.another()

    first.set_aside(TARGET, "provider_key", 300)

    assert second.opens_at(Target(route("openai/gpt-4.1"), ONE), 60) == environments.clock.now + 300
    assert second.opens_at(Target(ASKED, OTHER), 60) == 0


def test_who_had_no_patience_has_shown_nothing() -> None:
    environments = Environments()
    first = environments.another()

    for _ in range(9):
        first.failed(TARGET, "timeout", Patience(0.5, 1), "account-1")

    assert first.opens_at(TARGET, 60) == 0


def test_a_model_that_thinks_before_it_writes_is_not_slow() -> None:
    thinking, plain = Target(route("openai/gpt-5"), ONE), TARGET
    environments = Environments()
    first = environments.another()

    for target in (thinking, plain):
        for _ in range(9):
            write(first.answered(target, 90, "account-1"))

    assert first.opens_at(thinking, 60) == 0
    assert first.opens_at(plain, 60) > 0
