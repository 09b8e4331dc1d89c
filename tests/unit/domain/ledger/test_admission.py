"""What is put aside for a request, and which requests are not admitted."""

from dataclasses import replace
from typing import Any

import pytest

from openmind_llm import plans
from openmind_llm.domain import money, pricing
from openmind_llm.domain.keys import Caller
from openmind_llm.domain.ledger import settlement
from openmind_llm.domain.ledger.admission import Admission, Ask, Fallback
from openmind_llm.domain.plans import Limits
from openmind_llm.errors import AuthenticationError, CreditError, ModelNotAllowedError, TooManyRequestsError
from openmind_llm.providers import table
from tests.memory_ledger import MemoryLedgerStore, ledger, new_account, new_key, open_store

PLANS = plans.load()
CATALOGUE = table.load()
CALLER = Caller("key-1", "account-1")
NOW = 1_790_000_000.0


def ask(model: str = "gpt-4o-mini", provider: str = "openai", name: str = "request-1", **wants: Any) -> Ask:
    route = CATALOGUE.resolve(provider, model, "2026-11-25")
    plain = Ask(name, int(NOW * 1000), 90, route, False, 100, 60, None)
    return replace(plain, **wants)


def with_credit(omcu: str, plan: str = "builder", **key: Any) -> MemoryLedgerStore:
    return open_store(new_account(plan, credit=money.micro(omcu)), new_key(**key))


def admit(store: MemoryLedgerStore, wanted: Ask) -> Admission:
    return ledger(store, PLANS, lambda: NOW).admit(CALLER, wanted)


def test_the_hold_covers_input_and_output_at_the_models_price() -> None:
    hold = admit(with_credit("100"), ask(asked_output=200)).hold

    assert hold.amount == 100 * 7_000 + 200 * 28_000
    assert hold.price_version == "2026-11-23"


def test_each_of_several_answers_is_covered() -> None:
    assert admit(with_credit("100"), ask(asked_output=200, choices=3)).hold.amount == 100 * 7_000 + 600 * 28_000


def test_a_free_account_gets_an_answer_without_naming_a_cap() -> None:
    hold = admit(with_credit("50", "free"), ask(input_bound=1_000)).hold

    assert hold.output_cap == 1_024
    assert hold.amount < money.micro("50")


def test_a_full_builder_account_gets_twenty_answers_of_gpt_5_at_once() -> None:
    store = with_credit("15000")
    caps = [admit(store, ask("gpt-5", name=f"request-{n}", input_bound=2_000)).hold.output_cap for n in range(20)]

    assert caps == [3_500] * 20
    assert store.counters("account-1")["balance"] >= 0


def test_the_usual_cap_is_lowered_to_what_the_credit_covers() -> None:
    admitted = admit(with_credit("10"), ask())

    assert (admitted.is_lowered, admitted.hold.output_cap) == (True, (10_000_000 - 700_000) // 28_000)


def test_a_cap_that_the_caller_named_is_not_lowered() -> None:
    with pytest.raises(CreditError, match="covers max_tokens of 332 at most"):
        admit(with_credit("10"), ask(asked_output=1_000))


def test_the_models_own_limit_bounds_the_hold() -> None:
    assert admit(with_credit("1000"), ask(asked_output=1_000_000)).hold.output_cap == 16_384


def test_the_limit_of_a_family_does_not_bound_what_is_asked_of_a_model_known_by_its_prefix_alone() -> None:
    store = with_credit("100000")

    assert admit(store, ask("gpt-4o-mini-next", asked_output=64_000)).hold.output_cap == 64_000
    assert admit(store, ask("gpt-4o-mini-next", name="request-2")).hold.output_cap == 3_500


def test_credit_for_less_than_a_small_answer_admits_nothing() -> None:
    with pytest.raises(CreditError, match="Insufficient credit") as refusal:
        admit(with_credit("1.1"), ask())

    assert refusal.value.headers["x-openmind-credit-remaining"] == "1.1"
    assert not refusal.value.may_retry


def test_a_small_answer_that_was_asked_for_is_admitted() -> None:
    assert admit(with_credit("0.756"), ask(asked_output=2)).hold.amount == 756_000


def test_a_model_known_by_its_prefix_alone_is_held_at_the_ceiling() -> None:
    hold = admit(with_credit("1000"), ask("gpt-4o-mini-next", asked_output=10)).hold

    assert hold.amount == 100 * 100_000 + 10 * 200_000
    assert hold.price_version.endswith("ceiling")


@pytest.mark.parametrize(
    "key",
    [
        {"allowed_models": frozenset({"gpt-5"})},
        {"allowed_models": frozenset({"gemini/gpt-4o-mini"})},
        {"allowed_providers": frozenset({"gemini"})},
    ],
)
def test_a_model_that_the_key_may_not_use_is_refused(key: dict[str, Any]) -> None:
    with pytest.raises(ModelNotAllowedError):
        admit(with_credit("100", **key), ask())


@pytest.mark.parametrize("name", ["gpt-4o-mini", "openai/gpt-4o-mini"])
@pytest.mark.parametrize("asked", ["gpt-4o-mini", "gpt-4o-mini-2024-07-18"])
def test_a_model_is_allowed_with_or_without_its_provider_and_with_its_snapshots(name: str, asked: str) -> None:
    assert admit(with_credit("100", allowed_models=frozenset({name})), ask(asked))


def test_a_model_with_another_price_is_not_allowed_by_its_familys_name() -> None:
    with pytest.raises(ModelNotAllowedError):
        admit(with_credit("1000", allowed_models=frozenset({"gpt-4o-mini"})), ask("gpt-4o-mini-next"))


@pytest.mark.parametrize("key", [{"is_active": False}, {"expires_at": int(NOW)}])
def test_a_revoked_or_expired_key_is_refused(key: dict[str, Any]) -> None:
    with pytest.raises(AuthenticationError):
        admit(with_credit("100", **key), ask())


def test_a_key_that_expires_in_a_moment_is_admitted() -> None:
    assert admit(with_credit("100", expires_at=int(NOW) + 1), ask())


def test_the_plans_rate_is_told_with_the_wait() -> None:
    store = with_credit("50", "free")
    for turn in range(3):
        admit(store, ask(name=f"request-{turn}", asked_output=1))

    with pytest.raises(TooManyRequestsError) as refusal:
        admit(store, ask(name="request-4", asked_output=1))

    assert refusal.value.retry_after_s == 1
    assert refusal.value.headers["x-ratelimit-remaining-requests"] == "0"


def test_a_keys_own_rate_holds_within_the_plans() -> None:
    store = with_credit("100", limits=Limits(requests_per_second=1, burst=1))
    admit(store, ask(asked_output=1))

    with pytest.raises(TooManyRequestsError):
        admit(store, ask(name="request-2", asked_output=1))


def test_a_keys_budget_is_no_more_than_the_key_may_hold() -> None:
    budget = pricing.hold(ask().route.price, 100, 50)
    store = with_credit("100", limits=Limits(day_budget=budget))

    assert admit(store, ask()).hold.output_cap == 50
    with pytest.raises(CreditError):
        admit(store, ask(name="request-2", asked_output=1))


def test_a_refused_request_changes_nothing() -> None:
    store = with_credit("1")
    before = dict(store.known_accounts), dict(store.known_keys)

    with pytest.raises(CreditError):
        admit(store, ask())

    assert (store.known_accounts, store.known_keys) == before
    assert not store.holds


def test_a_warm_request_takes_one_round_trip_to_admit_and_one_to_settle() -> None:
    store = with_credit("100")
    one = ledger(store, PLANS, lambda: NOW)
    for name in ("request-1", "request-2"):
        store.calls.clear()
        hold = one.admit(CALLER, ask(name=name, asked_output=1)).hold
        one.settle(hold, settlement.refused(hold, int(NOW * 1000)))

    assert store.calls == ["admit", "settle"]


DEAR = Fallback(CATALOGUE.resolve("openai", "gpt-4o", "2026-11-25"), 100, is_named=False)


def test_a_fallback_that_the_credit_does_not_cover_is_left_out() -> None:
    wanted = ask(asked_output=200, fallbacks=(DEAR,))

    assert admit(with_credit("100"), wanted).fallbacks == (DEAR,)
    assert admit(with_credit("7"), wanted).fallbacks == ()


def test_a_fallback_is_only_left_out_after_a_fresh_look() -> None:
    store = with_credit("60")
    here, there = (ledger(store, PLANS, lambda: NOW) for _ in range(2))
    hold = here.admit(CALLER, ask("gpt-4o", asked_output=200)).hold
    there.settle(hold, settlement.refused(hold, int(NOW * 1000)))

    admitted = here.admit(CALLER, ask(name="request-2", asked_output=200, fallbacks=(DEAR,)))

    assert admitted.fallbacks == (DEAR,)
