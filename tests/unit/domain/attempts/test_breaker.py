"""Environments that share what they know of the providers' health."""

import logging
from dataclasses import dataclass, field

import pytest

from openmind_llm.domain.attempts.breaker import Breaker
from openmind_llm.domain.attempts.cells import CLOSED, HALF_OPEN, Cell, Counts, Opening, Phase
from openmind_llm.domain.attempts.rules import BreakerRules
from tests.fakes import FakeClock
from tests.memory_health import MemoryHealthStore, write

CELL = Cell("openai", "gpt-4o", "main")
OTHER_MODEL, OTHER_KEY = Cell("openai", "gpt-4o-mini", "main"), Cell("openai", "gpt-4o", "spare")
RULES = BreakerRules()


@dataclass
class Shared:
    """A store, a clock, and breakers over them: each is another environment."""

    store: MemoryHealthStore = field(default_factory=MemoryHealthStore)
    clock: FakeClock = field(default_factory=FakeClock)

    def breaker(self, chance: float = 0.0, rules: BreakerRules = RULES) -> Breaker:
        return Breaker(self.store, self.clock, lambda: chance, rules)

    def opened(self, cell: Cell = CELL) -> None:
        one = self.breaker()
        for _ in range(RULES.failures):
            one.failed(cell, "outage", 60, "account")

    def half_open(self, cell: Cell = CELL) -> None:
        self.opened(cell)
        self.clock.now += RULES.open_s


@pytest.fixture
def shared() -> Shared:
    return Shared()


def phase(breaker: Breaker, cell: Cell = CELL) -> Phase:
    return breaker.looked(cell.provider).state(cell).phase


def test_a_cell_is_closed_until_something_is_known(shared: Shared) -> None:
    assert shared.breaker().looked("openai").state(CELL) == CLOSED


def test_failures_of_several_environments_open_a_cell_for_all(shared: Shared) -> None:
    for number in range(RULES.failures):
        assert phase(shared.breaker()) is Phase.CLOSED
        shared.breaker().failed(CELL, "outage", 60, f"account-{number}")

    state = shared.breaker().looked("openai").state(CELL)
    assert (state.phase, state.until, state.why) == (Phase.OPEN, shared.clock.now + RULES.open_s, "outage")


def test_other_models_and_other_keys_stay_closed(shared: Shared) -> None:
    shared.opened()

    look = shared.breaker().looked("openai")
    assert look.state(OTHER_MODEL) == look.state(OTHER_KEY) == CLOSED


def test_whoever_opens_a_cell_knows_at_once(shared: Shared) -> None:
    one = shared.breaker()
    one.looked("openai")
    for _ in range(RULES.failures):
        one.failed(CELL, "outage", 60, "account")

    assert phase(one) is Phase.OPEN
    assert shared.store.calls["openings"] == 1


def test_a_provider_is_known_to_be_well_only_by_a_fresh_look_that_found_nothing_open(shared: Shared) -> None:
    one = shared.breaker()
    unseen = one.is_well("openai")
    one.looked("openai")
    seen = one.is_well("openai")
    shared.clock.now += RULES.max_age_s

    assert (unseen, seen, one.is_well("openai")) == (False, True, False)
    shared.opened()
    one.looked("openai")
    assert not one.is_well("openai")


def test_an_answer_beyond_the_sample_leaves_nothing_to_write(shared: Shared) -> None:
    one = shared.breaker(chance=0.99)

    assert one.answered(CELL, None, False, "account") is None


def test_failures_of_two_buckets_do_not_add_up(shared: Shared) -> None:
    one = shared.breaker()
    for _ in range(2):
        for _ in range(RULES.failures - 1):
            one.failed(CELL, "outage", 60, "account")
        shared.clock.now += RULES.bucket_s

    assert phase(one) is Phase.CLOSED


def test_a_timeout_of_an_impatient_caller_does_not_count(shared: Shared) -> None:
    one = shared.breaker()
    for _ in range(20):
        one.failed(CELL, "timeout", RULES.patient_s - 0.1, "account")

    assert phase(one) is Phase.CLOSED
    assert shared.store.calls["add"] == 0


def test_a_timeout_of_a_patient_caller_counts(shared: Shared) -> None:
    one = shared.breaker()
    for _ in range(RULES.failures):
        one.failed(CELL, "timeout", RULES.patient_s, "account")

    assert phase(one) is Phase.OPEN


def test_streams_whose_first_token_is_slow_open(shared: Shared) -> None:
    one = shared.breaker(chance=0.99)
    for _ in range(RULES.failures):
        write(one.answered(CELL, RULES.slow_first_s + 1, True, "account"))

    assert one.looked("openai").state(CELL).why == "slow"


@pytest.mark.parametrize(("first_s", "is_stream"), [(60.0, True), (None, True), (200.0, False), (None, False)])
def test_answers_that_are_not_slow_streams_are_good(shared: Shared, first_s: float | None, is_stream: bool) -> None:
    write(shared.breaker().answered(CELL, first_s, is_stream, "account"))

    ((_, counts),) = shared.store.counts.items()
    assert counts.failures == {}
    assert sum(counts.answers.values()) == RULES.one_in


def test_one_answer_in_five_is_written(shared: Shared) -> None:
    for number in range(100):
        write(shared.breaker(chance=number / 100).answered(CELL, None, False, "account"))

    ((_, counts),) = shared.store.counts.items()
    assert shared.store.calls == {"add": 20}
    assert sum(counts.answers.values()) == 100


def test_a_healthy_environment_reads_once_in_five_seconds(shared: Shared) -> None:
    one = shared.breaker(chance=0.99)
    for _ in range(100):
        one.looked("openai")
        write(one.answered(CELL, None, False, "account"))
        shared.clock.now += 0.5

    assert shared.store.calls == {"openings": 10}


def test_what_opened_elsewhere_is_seen_within_five_seconds(shared: Shared) -> None:
    one = shared.breaker()
    one.looked("openai")
    shared.opened()

    shared.clock.now += RULES.max_age_s
    assert phase(one) is Phase.OPEN


def test_those_under_way_count_nothing_once_a_cell_is_open(shared: Shared) -> None:
    shared.opened()
    one = shared.breaker()
    one.looked("openai")
    before = shared.store.calls["add"]

    one.failed(CELL, "outage", 60, "account")
    write(one.answered(CELL, None, False, "account"))
    assert shared.store.calls["add"] == before


def test_one_environment_gets_the_probe(shared: Shared) -> None:
    shared.half_open()

    assert phase(shared.breaker()) is Phase.HALF_OPEN
    assert [shared.breaker().claim_probe(CELL, 60) for _ in range(3)] == [True, False, False]
    assert phase(shared.breaker()) is Phase.OPEN


def test_environments_that_saw_it_half_open_do_not_probe_together(shared: Shared) -> None:
    shared.half_open()
    two = [shared.breaker(), shared.breaker()]
    assert [phase(one) for one in two] == [Phase.HALF_OPEN] * 2

    assert [one.claim_probe(CELL, 60) for one in two] == [True, False]


def test_there_is_no_probe_of_an_open_cell_and_none_is_needed_for_a_closed_one(shared: Shared) -> None:
    shared.opened()

    assert not shared.breaker().claim_probe(CELL, 60)
    assert shared.breaker().claim_probe(OTHER_KEY, 60)


def test_a_probe_that_is_answered_closes_the_cell_and_leaves_nothing_of_it(shared: Shared) -> None:
    shared.half_open()
    one = shared.breaker()
    one.claim_probe(CELL, 60)
    write(one.answered(CELL, None, False, "account"))

    assert phase(one) is phase(shared.breaker()) is Phase.CLOSED
    assert shared.store.stored == {}


def test_a_cell_that_was_closed_does_not_open_again_by_what_it_failed_by_before(shared: Shared) -> None:
    shared.clock.now = 10 * RULES.bucket_s
    shared.half_open()
    one = shared.breaker()
    one.claim_probe(CELL, 60)
    write(one.answered(CELL, None, False, "account"))
    assert shared.clock.now < 11 * RULES.bucket_s

    one.failed(CELL, "outage", 60, "account")
    assert phase(one) is Phase.CLOSED


def test_each_probe_that_fails_opens_it_for_twice_as_long_up_to_five_minutes(shared: Shared) -> None:
    shared.half_open()
    waits = []
    for _ in range(5):
        one = shared.breaker()
        assert one.claim_probe(CELL, 60)
        one.failed(CELL, "outage", 60, "account")
        waits.append(one.looked("openai").state(CELL).until - shared.clock.now)
        shared.clock.now += waits[-1]

    assert waits == [60, 120, 240, 300, 300]


def test_a_probe_that_is_slow_to_begin_opens_it_again(shared: Shared) -> None:
    shared.half_open()
    one = shared.breaker()
    one.claim_probe(CELL, 60)
    write(one.answered(CELL, RULES.slow_first_s + 1, True, "account"))

    assert phase(one) is Phase.OPEN


def test_a_probe_that_told_nothing_leaves_it_to_the_next(shared: Shared) -> None:
    shared.half_open()
    one = shared.breaker()
    one.claim_probe(CELL, 60)
    one.told_nothing(CELL)

    assert shared.breaker().claim_probe(CELL, 60)


def test_a_probe_of_an_impatient_caller_that_timed_out_told_nothing(shared: Shared) -> None:
    shared.half_open()
    one = shared.breaker()
    one.claim_probe(CELL, 1)
    one.failed(CELL, "timeout", 1, "account")

    assert phase(shared.breaker()) is Phase.HALF_OPEN


def test_a_probe_that_died_is_over_when_its_attempt_would_be(shared: Shared) -> None:
    shared.half_open()
    assert shared.breaker().claim_probe(CELL, 60)

    shared.clock.now += 59
    assert not shared.breaker().claim_probe(CELL, 60)
    shared.clock.now += 1
    assert shared.breaker().claim_probe(CELL, 60)


def test_a_probe_lasts_five_minutes_at_most(shared: Shared) -> None:
    shared.half_open()
    shared.breaker().claim_probe(CELL, 870)

    shared.clock.now += RULES.probe_s
    assert shared.breaker().claim_probe(CELL, 870)


def test_a_probe_that_ends_after_another_took_over_changes_nothing(shared: Shared) -> None:
    shared.half_open()
    late, next_one = shared.breaker(), shared.breaker()
    late.claim_probe(CELL, 60)
    shared.clock.now += 60
    next_one.claim_probe(CELL, 60)

    write(late.answered(CELL, None, False, "account"))
    assert phase(shared.breaker()) is Phase.OPEN
    next_one.failed(CELL, "outage", 60, "account")
    assert shared.store.stored[CELL].for_s == 2 * RULES.open_s


def test_an_answer_without_a_probe_closes_nothing(shared: Shared) -> None:
    shared.half_open()
    write(shared.breaker().answered(CELL, None, False, "account"))

    assert phase(shared.breaker()) is Phase.HALF_OPEN


def test_a_key_is_set_aside_at_once_for_all_its_models(shared: Shared) -> None:
    shared.breaker().set_aside(CELL, "credit", 600)

    look = shared.breaker().looked("openai")
    assert look.state(CELL) == look.state(OTHER_MODEL)
    assert (look.state(CELL).why, look.state(CELL).until) == ("credit", shared.clock.now + 600)
    assert look.state(OTHER_KEY) == CLOSED


def test_a_key_comes_back_when_a_probe_of_any_of_its_models_is_answered(shared: Shared) -> None:
    shared.breaker().set_aside(CELL, "credit", 600)
    shared.clock.now += 600
    one = shared.breaker()

    assert one.claim_probe(OTHER_MODEL, 60)
    assert not shared.breaker().claim_probe(CELL, 60)
    write(one.answered(OTHER_MODEL, None, False, "account"))
    assert phase(shared.breaker()) is Phase.CLOSED


def test_a_key_that_is_refused_again_by_its_probe_is_set_aside_again(shared: Shared) -> None:
    shared.breaker().set_aside(CELL, "credit", 600)
    shared.clock.now += 600
    one = shared.breaker()
    one.claim_probe(CELL, 60)
    one.set_aside(CELL, "key", 900)

    state = shared.breaker().looked("openai").state(CELL)
    assert (state.phase, state.until, state.why) == (Phase.OPEN, shared.clock.now + 900, "key")


def test_a_probe_of_cell_and_key_claims_both_or_none(shared: Shared) -> None:
    shared.half_open()
    shared.breaker().set_aside(CELL, "key", 30)
    shared.clock.now += 30
    one = shared.breaker()
    one.looked("openai")
    shared.store.stored[CELL] = Opening(shared.store.stored[CELL].until, 30, "outage", int(shared.clock.now) + 60)

    assert not one.claim_probe(CELL, 60)
    assert shared.store.stored[CELL.key].state(shared.clock.now) == HALF_OPEN


def test_an_opening_of_what_is_gone_is_removed_when_another_opens(shared: Shared) -> None:
    shared.opened(Cell("openai", "retired", "main"))
    shared.clock.now += RULES.open_s + RULES.forget_s
    one = shared.breaker()
    one.looked("openai")
    for _ in range(RULES.failures):
        one.failed(CELL, "outage", 60, "account")

    assert set(shared.store.stored) == {CELL}


def test_no_more_openings_are_kept_than_the_item_has_room_for(shared: Shared) -> None:
    rules = BreakerRules(most_openings=3)
    for number in range(5):
        shared.breaker(rules=rules).looked("openai")
        one = shared.breaker(rules=rules)
        one.looked("openai")
        one.set_aside(Cell("openai", "*", f"key-{number}"), "key", 30)

    assert len(shared.store.stored) == 3


def test_a_store_that_fails_means_closed_and_hinders_nobody(shared: Shared) -> None:
    shared.half_open()
    one = shared.breaker()
    shared.store.is_down = True

    assert phase(one) is Phase.CLOSED
    write(one.answered(CELL, None, False, "account"))
    one.failed(CELL, "outage", 60, "account")
    one.set_aside(CELL, "key", 30)
    one.told_nothing(CELL)


def test_a_store_that_fails_at_the_claim_gives_no_probe(shared: Shared) -> None:
    shared.half_open()
    one = shared.breaker()
    one.looked("openai")
    shared.store.is_down = True

    assert not one.claim_probe(CELL, 60)


def test_a_store_that_failed_is_left_alone_for_ten_seconds_and_told_of_once(
    shared: Shared, caplog: pytest.LogCaptureFixture
) -> None:
    shared.store.is_down = True
    one = shared.breaker()
    with caplog.at_level(logging.ERROR):
        for _ in range(10):
            one.failed(CELL, "outage", 60, "account")
            one.looked("openai")
    assert shared.store.calls.total() == len(caplog.records) == 1

    shared.store.is_down = False
    shared.clock.now += RULES.rest_s
    shared.opened()
    assert phase(one) is Phase.OPEN


def test_a_store_with_a_fault_of_its_own_does_not_fail_a_request(shared: Shared) -> None:
    class Wrong(MemoryHealthStore):
        def add(self, tally: object) -> Counts:
            raise KeyError("until")

    shared.store = Wrong()
    one = shared.breaker()
    one.failed(CELL, "outage", 60, "account")

    assert phase(one) is Phase.CLOSED


def test_an_operator_is_told_what_opened_and_what_closed(shared: Shared, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        shared.half_open()
        one = shared.breaker()
        one.claim_probe(CELL, 60)
        write(one.answered(CELL, None, False, "account"))

    assert [record.message for record in caplog.records] == ["cell opened", "cell closed"]
    assert {name: vars(caplog.records[0])[name] for name in ("provider", "model", "key_id", "why", "for_s")} == {
        "provider": "openai",
        "model": "gpt-4o",
        "key_id": "main",
        "why": "outage",
        "for_s": 30,
    }
