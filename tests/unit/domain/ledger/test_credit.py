"""Months, allowances and credit that was bought."""

from datetime import UTC, datetime

import pytest

from openmind_llm import plans
from openmind_llm.domain.ledger import counters as moving
from openmind_llm.domain.ledger import credit
from openmind_llm.domain.ledger.standing import ACCOUNT_COUNTERS, Account

PLANS = plans.load()
MADE = int(datetime(2026, 1, 31, 12, tzinfo=UTC).timestamp())
BUILDER = PLANS.get("builder")


def moment(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def counters(**values: int) -> dict[str, int]:
    return dict.fromkeys(ACCOUNT_COUNTERS, 0) | values


@pytest.mark.parametrize(
    ("now", "ends"),
    [
        ("2026-01-31T12:00:00", "2026-02-28T12:00:00"),
        ("2026-02-28T11:59:59", "2026-02-28T12:00:00"),
        ("2026-02-28T12:00:00", "2026-03-31T12:00:00"),
        ("2026-12-31T13:00:00", "2027-01-31T12:00:00"),
        ("2028-02-01T00:00:00", "2028-02-29T12:00:00"),
    ],
)
def test_a_period_ends_on_the_day_of_the_month_on_which_the_account_was_made(now: str, ends: str) -> None:
    assert credit.period_end(MADE, moment(now)) == moment(ends)


def test_the_rest_of_the_allowance_expires_and_what_was_bought_stays() -> None:
    before = counters(granted=150, balance=120, charged=30, period_credit=100, period_charged=30)
    renewal = credit.renewal(Account("acme", "builder", MADE), before, BUILDER, moment("2026-03-01"))

    after = moving.applied(renewal.moves, before)

    assert after is not None
    assert after["balance"] == 50 + BUILDER.monthly_credit
    assert after["granted"] == after["balance"] + after["held"] + after["charged"]
    assert (after["period_credit"], after["period_charged"]) == (BUILDER.monthly_credit, 0)
    assert renewal.audit.credit == BUILDER.monthly_credit - 70


def test_what_open_requests_hold_does_not_expire() -> None:
    before = counters(granted=100, balance=60, held=40, period_credit=100)
    renewal = credit.renewal(Account("acme", "builder", MADE), before, BUILDER, moment("2026-03-01"))

    after = moving.applied(renewal.moves, before)

    assert after is not None
    assert (after["balance"], after["held"]) == (BUILDER.monthly_credit, 40)


def test_a_renewal_is_made_once() -> None:
    before = counters(granted=100, balance=100, period_credit=100)
    renewal = credit.renewal(Account("acme", "builder", MADE), before, BUILDER, moment("2026-03-01"))
    after = moving.applied(renewal.moves, before)

    assert after is not None
    assert moving.applied(renewal.moves, after) is None


def test_a_renewal_that_a_charge_overtook_is_reckoned_anew() -> None:
    before = counters(granted=100, balance=100, period_credit=100)
    renewal = credit.renewal(Account("acme", "builder", MADE), before, BUILDER, moment("2026-03-01"))

    assert moving.applied(renewal.moves, before | {"balance": 90, "charged": 10}) is None


def test_a_cancelled_plan_becomes_free() -> None:
    cancelled = Account("acme", "builder", MADE, cancel_at_period_end=True)

    assert credit.next_plan(cancelled, PLANS).name == "free"


def test_more_cannot_be_taken_back_than_is_there() -> None:
    assert moving.applied(credit.grant(-101), counters(granted=100, balance=100)) is None
