"""Rates, places and budgets as moves of counters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmind_llm.domain.ledger import counters as moving
from openmind_llm.domain.ledger import limits
from openmind_llm.domain.ledger.counters import Counters
from openmind_llm.domain.ledger.limits import NS, Bucket, Window
from openmind_llm.domain.ledger.standing import KEY_COUNTERS
from openmind_llm.domain.plans import Limits
from openmind_llm.errors import CreditError, TooManyRequestsError

NOW_NS = 1_790_000_000 * NS
NEW = dict.fromkeys(KEY_COUNTERS, 0)
BUCKET = Bucket("requests_full_at", "requests", NS // 5, 8)


def take(counters: Counters, now_ns: int, units: int = 1, bucket: Bucket = BUCKET) -> Counters:
    after = moving.applied([bucket.take(counters, units, now_ns)], counters)
    assert after is not None, "a move that is reckoned from the counters is allowed by them"
    return after


def taken(times: int, now_ns: int = NOW_NS) -> Counters:
    counters: Counters = NEW
    for _ in range(times):
        counters = take(counters, now_ns)
    return counters


def test_a_full_bucket_gives_its_burst_at_once() -> None:
    assert BUCKET.left(taken(8), NOW_NS) == 0


def test_an_empty_bucket_says_to_the_millisecond_when_it_gives_again() -> None:
    with pytest.raises(TooManyRequestsError) as refusal:
        take(taken(8), NOW_NS + 50_000_000)

    assert refusal.value.headers == {"retry-after-ms": "150"}
    assert refusal.value.retry_after_s == 1


def test_after_the_wait_that_was_told_it_gives_again() -> None:
    assert take(taken(8), NOW_NS + 200_000_000)["requests_full_at"] == NOW_NS + 9 * NS // 5


def test_a_nanosecond_before_it_does_not() -> None:
    with pytest.raises(TooManyRequestsError):
        take(taken(8), NOW_NS + 200_000_000 - 1)


def test_a_pause_gives_no_more_than_the_burst() -> None:
    counters = taken(1)

    assert BUCKET.left(counters, NOW_NS + 3_600 * NS) == 8


def test_what_a_clock_wrote_that_was_hours_ahead_locks_nobody_out() -> None:
    ahead = taken(8, NOW_NS + 3_600 * NS)

    assert BUCKET.left(take(ahead, NOW_NS), NOW_NS) == 7


def test_more_than_the_bucket_holds_is_refused_for_good() -> None:
    with pytest.raises(TooManyRequestsError) as refusal:
        BUCKET.take(NEW, 9, NOW_NS)

    assert (refusal.value.may_retry, refusal.value.retry_after_s) == (False, None)


@given(st.lists(st.tuples(st.integers(0, NS), st.integers(1, 8)), max_size=60))
def test_no_second_ever_sees_more_than_burst_and_rate(steps: list[tuple[int, int]]) -> None:
    counters, now_ns, given_at = dict(NEW), NOW_NS, []
    for wait_ns, units in steps:
        now_ns += wait_ns
        try:
            counters = dict(take(counters, now_ns, units))
        except TooManyRequestsError:
            continue
        given_at += [now_ns] * units
    for start in given_at:
        within = [moment for moment in given_at if start <= moment <= start + NS]
        assert len(within) <= 8 + 5


def test_tokens_that_did_not_come_go_back() -> None:
    held_to = Limits(tokens_per_minute=6_000)
    after = moving.applied(limits.take_rates(held_to, NEW, 5_000, NOW_NS), NEW)
    assert after is not None
    back = moving.applied(limits.give_back_tokens(held_to, 4_000), after)
    assert back is not None

    bucket = limits.token_bucket(held_to)
    assert bucket is not None
    assert (bucket.left(after, NOW_NS), bucket.left(back, NOW_NS)) == (1_000, 5_000)


def test_the_last_place_can_be_taken_once() -> None:
    move = limits.take_place(Limits(concurrency=2), NEW | {"open_holds": 1})

    assert moving.applied([move], NEW | {"open_holds": 1}) is not None
    assert moving.applied([move], NEW | {"open_holds": 2}) is None


def test_no_place_is_left_beyond_the_limit() -> None:
    with pytest.raises(TooManyRequestsError) as refusal:
        limits.take_place(Limits(concurrency=2), NEW | {"open_holds": 2})

    assert refusal.value.retry_after_s == 1


def test_a_budget_is_spent_to_the_last_unit_and_no_further() -> None:
    window = Window("day", 20_000, budget=100)
    spent = moving.applied(window.spend(NEW, 60), NEW)
    assert spent is not None
    gone = moving.applied(window.spend(spent, 40), spent)
    assert gone is not None

    assert window.left(gone) == 0
    with pytest.raises(CreditError):
        window.spend(gone, 1)


def test_what_others_spend_meanwhile_stops_a_move_that_no_longer_fits() -> None:
    window = Window("day", 20_000, budget=100)
    before = NEW | {"day": 20_000, "day_used": 10}

    assert moving.applied(window.spend(before, 60), before | {"day_used": 41}) is None


def test_a_new_day_begins_with_the_whole_budget() -> None:
    spent = NEW | {"day": 20_000, "day_used": 100}
    tomorrow = Window("day", 20_001, budget=100)

    assert tomorrow.left(spent) == 100
    assert moving.applied(tomorrow.spend(spent, 30), spent) == spent | {"day": 20_001, "day_used": 30}


def test_a_clock_that_is_behind_does_not_open_yesterdays_budget_again() -> None:
    spent = NEW | {"day": 20_001, "day_used": 90}
    yesterday = Window("day", 20_000, budget=100)

    assert yesterday.left(spent) == 10
    assert moving.applied(yesterday.spend(spent, 10), spent) == spent | {"day_used": 100}


def test_what_is_given_back_after_midnight_is_not_todays_to_spend() -> None:
    today = NEW | {"day": 20_001, "day_used": 5}

    assert moving.applied(limits.give_back("day", 20_000, 30, today), today) == today


def test_the_windows_are_utc_days_and_months() -> None:
    day, month = limits.windows(Limits(), 1_795_651_199.9)  # the last moment of 2026-11-25

    assert (day.number, month.number) == (20_782, 2026 * 12 + 10)
    assert limits.windows(Limits(), 1_795_651_200)[0].number == 20_783
