"""What operators do with accounts and their credit, and what the audit tells of it."""

import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from openmind_llm.domain.accounts import ATTEMPTS, AccountExistsError
from openmind_llm.domain.key_settings import KeySettings
from openmind_llm.domain.ledger import credit
from openmind_llm.domain.ledger.audit import SYSTEM
from openmind_llm.domain.ledger.counters import Move
from openmind_llm.domain.plans import Limits, UnknownPlanError
from openmind_llm.domain.ports import Written
from openmind_llm.errors import (
    CreditError,
    LedgerUnavailableError,
    NoSuchUserError,
)
from tests.unit.domain.account_bench import HER, NEXT, NOON, OMCU, STARTER, Bench


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_an_opened_account_has_its_plans_credit_until_the_same_day_of_the_next_month(bench: Bench) -> None:
    bench.opened()

    counters = bench.accounts.get(HER).counters
    assert (counters["balance"], counters["period_credit"], counters["granted"]) == (2500 * OMCU,) * 3
    assert counters["period_end"] == NEXT


def test_an_account_is_opened_once(bench: Bench) -> None:
    bench.opened()

    with pytest.raises(AccountExistsError):
        bench.opened("pro")

    assert bench.accounts.get(HER).account.plan == STARTER


def test_an_account_that_somebody_else_is_opening_is_not_taken_for_one_that_is_there(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the checks of three functions do at a first rollout: DynamoDB refuses one while it writes the other."""
    opens, answers = bench.store.open, iter([Written.STALE])
    monkeypatch.setattr(bench.store, "open", lambda *asked: next(answers, None) or opens(*asked))

    bench.opened()

    assert bench.accounts.get(HER).account.plan == STARTER


def test_an_account_cannot_be_opened_on_a_plan_that_is_not_there(bench: Bench) -> None:
    with pytest.raises(UnknownPlanError):
        bench.opened("gold")


@pytest.mark.parametrize("account_id", ["", "a b", "a#b", "a\n", "é", "a" * 129])
def test_an_id_that_would_not_fit_everywhere_is_refused(bench: Bench, account_id: str) -> None:
    with pytest.raises(ValueError, match="128 letters"):
        bench.opened(account_id=account_id)


def test_an_account_that_is_not_there_is_no_user(bench: Bench) -> None:
    with pytest.raises(NoSuchUserError, match="User not found"):
        bench.accounts.get("user_nobody")


@pytest.mark.parametrize("change", ["close", "reopen", "cancel"])
def test_what_is_not_there_cannot_be_changed(bench: Bench, change: str) -> None:
    with pytest.raises(NoSuchUserError):
        getattr(bench.accounts, change)("user_nobody", "operator")


def test_closing_and_reopening_is_seen_by_every_admission(bench: Bench) -> None:
    """Each of them raises the version that an admission is conditional on."""
    accounts = bench.opened()

    accounts.close(HER, "operator")
    closed = accounts.get(HER)
    accounts.reopen(HER, "operator")
    reopened = accounts.get(HER)

    assert (closed.account.is_active, reopened.account.is_active) == (False, True)
    assert (closed.counters["version"], reopened.counters["version"]) == (1, 2)


def test_a_cancelled_plan_ends_with_its_period(bench: Bench) -> None:
    accounts = bench.opened()
    accounts.cancel(HER, "operator")

    before = accounts.get(HER)
    bench.clock.now = NEXT
    after = accounts.get(HER)

    assert (before.account.plan, before.account.cancel_at_period_end) == (STARTER, True)
    assert (after.account.plan, after.account.cancel_at_period_end) == ("free", False)
    assert after.counters["balance"] == 50 * OMCU


def test_a_plan_that_is_not_cancelled_after_all_goes_on(bench: Bench) -> None:
    accounts = bench.opened()
    accounts.cancel(HER, "operator")
    accounts.cancel(HER, "operator", at_period_end=False)

    bench.clock.now = NEXT

    assert accounts.get(HER).account.plan == STARTER


def test_a_period_that_is_over_is_renewed_by_a_look(bench: Bench) -> None:
    accounts = bench.opened()
    accounts.grant(HER, 10 * OMCU, "operator")
    bench.store.change(HER, (Move("period_charged", by=OMCU), *_charge(OMCU)), {}, next(accounts.audit(HER)))

    bench.clock.now = NEXT + 1
    counters = accounts.get(HER).counters

    assert counters["balance"] == 2510 * OMCU
    assert counters["period_charged"] == 0
    assert counters["period_end"] == datetime(2026, 3, 31, 12, tzinfo=UTC).timestamp()
    assert bench.is_whole()


def _charge(amount: int) -> tuple[Move, ...]:
    return Move("balance", by=-amount), Move("charged", by=amount)


def test_a_renewal_is_made_once_however_many_look(bench: Bench) -> None:
    accounts = bench.opened()
    bench.clock.now = NEXT

    looks = [threading.Thread(target=accounts.get, args=(HER,)) for _ in range(8)]
    for one in looks:
        one.start()
    for one in looks:
        one.join(20)

    assert [row.action for row in accounts.audit(HER)] == ["open", "renew"]
    assert bench.balance() == 2500 * OMCU


def test_a_new_plan_holds_at_once_with_its_credit_in_place_of_the_old(bench: Bench) -> None:
    accounts = bench.opened()
    accounts.grant(HER, 10 * OMCU, "operator")

    accounts.set_plan(HER, "builder", "operator")

    known = accounts.get(HER)
    assert known.account.plan == "builder"
    assert (known.counters["balance"], credit.monthly_unused(known.counters)) == (15010 * OMCU, 15000 * OMCU)
    assert bench.is_whole()


def test_a_new_plan_ends_a_cancellation(bench: Bench) -> None:
    accounts = bench.opened()
    accounts.cancel(HER, "operator")

    accounts.set_plan(HER, "builder", "operator")

    assert not accounts.get(HER).account.cancel_at_period_end


def test_granted_credit_outlives_the_month(bench: Bench) -> None:
    accounts = bench.opened("free")
    accounts.grant(HER, 7 * OMCU, "operator")

    bench.clock.now = NEXT

    assert bench.balance() == 57 * OMCU


def test_credit_can_be_taken_back_to_the_last_of_it(bench: Bench) -> None:
    bench.opened("free").grant(HER, -50 * OMCU, "operator")

    assert bench.balance() == 0
    assert bench.is_whole()


def test_more_than_there_is_cannot_be_taken_back(bench: Bench) -> None:
    accounts = bench.opened("free")

    with pytest.raises(CreditError, match="user_her has 50 OMCU"):
        accounts.grant(HER, -50 * OMCU - 1, "operator")

    assert bench.balance() == 50 * OMCU


def test_a_grant_of_nothing_is_a_slip(bench: Bench) -> None:
    with pytest.raises(ValueError, match="changes nothing"):
        bench.opened().grant(HER, 0, "operator")


def test_the_audit_says_who_changed_what_and_when(bench: Bench) -> None:
    accounts = bench.opened()
    _, known = accounts.create_key(HER, HER, KeySettings("robot", limits=Limits(burst=2)))
    key_id = known.record.key_id
    bench.clock.now = NOON + 1
    accounts.change_key(HER, key_id, lambda was: replace(was, limits=Limits(concurrency=1)), HER)
    accounts.rotate_key(HER, key_id, 60, HER)
    accounts.delete_key(HER, key_id, HER)
    accounts.grant(HER, 5 * OMCU, "operator", "sorry")
    accounts.set_plan(HER, "builder", "operator")
    accounts.cancel(HER, "operator")
    accounts.cancel(HER, "operator", at_period_end=False)
    accounts.close(HER, "operator")
    accounts.reopen(HER, "operator")
    bench.clock.now = NEXT
    accounts.get(HER)

    rows = [(row.actor, row.action, row.subject, row.credit, dict(row.detail)) for row in accounts.audit(HER)]
    assert rows == [
        ("operator", "open", HER, 2500 * OMCU, {"plan": STARTER}),
        (HER, "create key", key_id, 0, {"name": "robot", "burst": "2"}),
        (HER, "change key", key_id, 0, {"burst": "", "concurrency": "1"}),
        (HER, "rotate key", key_id, 0, {"overlap_seconds": "60"}),
        (HER, "delete key", key_id, 0, {}),
        ("operator", "grant", HER, 5 * OMCU, {"note": "sorry", "omcu": "5"}),
        ("operator", "plan", HER, 12500 * OMCU, {"plan": "builder", "granted": "15000", "expired": "2500"}),
        ("operator", "cancel", HER, 0, {}),
        ("operator", "uncancel", HER, 0, {}),
        ("operator", "close", HER, 0, {}),
        ("operator", "reopen", HER, 0, {}),
        (SYSTEM, "renew", HER, 0, {"plan": "builder", "granted": "15000", "expired": "15000"}),
    ]
    assert [row.at for row in accounts.audit(HER)][:3] == [int(NOON * 1000)] * 2 + [int(NOON * 1000) + 1000]


def test_no_secret_and_no_hash_is_in_the_audit(bench: Bench) -> None:
    old, known = bench.opened().create_key(HER, HER)
    new, rotated = bench.accounts.rotate_key(HER, known.record.key_id, 60, HER)

    told = repr(list(bench.accounts.audit(HER)))

    assert not [secret for secret in (old, new, known.record.digest, rotated.record.digest) if secret in told]


def test_a_change_that_others_are_faster_with_each_time_is_given_up(bench: Bench) -> None:
    bench.opened()
    bench.store.add_key = lambda *_: Written.STALE  # type: ignore[method-assign]

    with pytest.raises(LedgerUnavailableError):
        bench.accounts.create_key(HER, HER)

    assert len(bench.pauses) == ATTEMPTS
    assert all(0 <= pause <= 0.2 for pause in bench.pauses)
