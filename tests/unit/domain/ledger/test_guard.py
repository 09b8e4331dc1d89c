"""Which models an account may use, and how much a request may bring."""

from dataclasses import replace
from typing import Any

import pytest

from openmind_llm.domain.keys import Caller
from openmind_llm.domain.ledger.admission import Ask, Fallback
from openmind_llm.domain.ledger.ledger import Ledger
from openmind_llm.domain.plans import Plan, Plans
from openmind_llm.errors import BodyTooLargeError, GatewayError, InvalidRequestError, ModelNotAllowedError
from tests.memory_ledger import MemoryLedgerStore, new_account, new_key, open_store
from tests.spending import CATALOGUE, NOON, PLANS, Spending, an_ask

CALLER = Caller("key-1", "account-1")


def guarded(key: dict[str, Any] | None = None, **settings: Any) -> MemoryLedgerStore:
    known = new_account()
    named: dict[str, Any] = {name: frozenset(names) for name, names in settings.items()}
    account = replace(known.account, **named)
    return open_store(replace(known, account=account), new_key(**key or {}))


def answer(store: MemoryLedgerStore, plans: Plans = PLANS, **ask: Any) -> GatewayError | None:
    """The refusal of an admission, which a quote has to tell as well."""
    ledger = Spending(store, plans=plans).ledger
    quoted = ledger.quote(CALLER, an_ask(NOON, **ask)).refusal
    admitted = refusal_of(ledger, an_ask(NOON, **ask))
    assert told(quoted) == told(admitted)
    return admitted


def refusal_of(ledger: Ledger, ask: Ask) -> GatewayError | None:
    try:
        ledger.admit(CALLER, ask)
    except GatewayError as refusal:
        return refusal
    return None


def told(refusal: GatewayError | None) -> tuple[type, str] | None:
    return (type(refusal), refusal.message) if refusal else None


def is_let(provider: str, model: str, **settings: Any) -> bool:
    refusal = answer(guarded(**settings), provider=provider, model=model)
    assert refusal is None or refusal.message == "This account may not use this model"
    return refusal is None


@pytest.mark.parametrize(
    ("provider", "model", "is_allowed"),
    [
        ("openai", "gpt-4o", True),
        ("openai", "gpt-4o-2024-08-06", True),
        ("openai", "gpt-4o-of-tomorrow", False),
        ("openai", "gpt-4o-mini", False),
        ("openai", "gpt-5-mini", True),
        ("gemini", "gemini-2.5-pro", True),
        ("xai", "grok-4", False),
    ],
)
def test_an_account_that_is_kept_to_some_models_uses_no_others(provider: str, model: str, is_allowed: bool) -> None:
    assert is_let(provider, model, allowed_models={"gpt-4o", "openai/gpt-5*", "gemini/gemini-2.5-pro"}) is is_allowed


@pytest.mark.parametrize(
    ("denied", "provider", "model"),
    [
        ("gpt-4o", "openai", "gpt-4o"),
        ("openai/gpt-4o", "openai", "gpt-4o"),
        ("gpt-4o", "openai", "gpt-4o-2024-08-06"),
        ("gpt-4o", "openai", "gpt-4o-of-tomorrow"),
        ("gpt-4o-2024-08-06", "openai", "gpt-4o-2024-08-06"),
        ("gpt-4o-min", "openai", "gpt-4o-min-of-tomorrow"),
        ("gpt-4.1", "openai", "gpt-4"),
        ("GPT-4O", "openai", "gpt-4o"),
        ("gpt-5-pro", "openai", "gpt-5-PRO"),
        ("grok-4.3", "xai", "grok-2-latest"),
        ("grok-4-0709", "xai", "grok-4"),
        ("gemini-3.1-pro-preview", "gemini", "gemini-3-pro"),
        ("qwen3-30b-a3b-instruct-2507", "nearai", "qwen-2.5-7b-instruct"),
        ("anthropic/claude*", "openrouter", "anthropic/claude-opus-4.1"),
        ("claude*", "nearai", "anthropic/claude-sonnet-4-5"),
        ("openrouter/anthropic/*", "openrouter", "anthropic/claude-opus-4.1"),
        ("gpt-5.2", "nearai", "openai/gpt-5.2"),
        ("xai/*", "xai", "grok-4"),
        ("*", "gemini", "gemini-2.5-pro"),
    ],
)
def test_a_denied_model_has_no_side_door(denied: str, provider: str, model: str) -> None:
    assert not is_let(provider, model, denied_models={denied})


@pytest.mark.parametrize(
    ("denied", "provider", "model"),
    [
        ("gpt-4o", "openai", "gpt-4o-mini"),
        ("gpt-4o-2024-08-06", "openai", "gpt-4o-2024-11-20"),
        ("gpt-5-pro", "openai", "gpt-5-project"),
        ("openai/gpt-5.2", "gemini", "gemini-2.5-pro"),
        ("gemini/gpt-4o", "openai", "gpt-4o"),
        ("gpt-4", "openai", "gpt-4.1-mini"),
    ],
)
def test_other_models_are_not_denied(denied: str, provider: str, model: str) -> None:
    assert is_let(provider, model, denied_models={denied})


def test_denied_wins_over_allowed() -> None:
    both = {"allowed_models": {"gpt-4o", "gpt-5"}, "denied_models": {"gpt-4o"}}

    assert (is_let("openai", "gpt-4o", **both), is_let("openai", "gpt-5", **both)) == (False, True)


def test_a_key_and_its_account_must_both_allow() -> None:
    store = guarded({"allowed_models": frozenset({"gpt-4o"})}, allowed_models={"gpt-5"})

    refusals = [answer(store, model=model) for model in ("gpt-4o", "gpt-5")]

    assert [type(one) for one in refusals] == [ModelNotAllowedError] * 2
    assert [one.message for one in refusals if one] == [
        "This account may not use this model",
        "This API key may not use this model",
    ]


@pytest.mark.parametrize("is_named", [True, False])
def test_a_denied_fallback_is_left_out_unless_the_request_names_it(is_named: bool) -> None:
    other = Fallback(CATALOGUE.resolve("openai", "gpt-5", "2026-11-24"), 100, is_named)
    ledger, asked = Spending(guarded(denied_models={"gpt-5"})).ledger, an_ask(NOON, fallbacks=(other,))
    if is_named:
        with pytest.raises(ModelNotAllowedError):
            ledger.admit(CALLER, asked)
    else:
        assert ledger.admit(CALLER, asked).fallbacks == ()


def small(**most: Any) -> Plans:
    return Plans([replace(PLANS.get("unlimited"), **most)])


def test_a_body_beyond_the_plans_limit_is_refused() -> None:
    plans = small(max_input_bytes=1_000)

    refusal = answer(open_store(), plans, body_bytes=1_001)

    assert isinstance(refusal, BodyTooLargeError)
    assert refusal.message == "The body has 1001 bytes: on the unlimited plan it must not be larger than 1000 bytes"
    assert answer(open_store(), plans, body_bytes=1_000) is None


def test_more_input_than_the_plan_allows_is_refused() -> None:
    plans = small(max_input_tokens=50)

    refusal = answer(open_store(), plans, input_estimate=51)

    assert isinstance(refusal, InvalidRequestError)
    assert refusal.message == "The request has some 51 input tokens: the unlimited plan allows 50"
    assert answer(open_store(), plans, input_estimate=50) is None


def test_a_plan_without_limits_takes_any_input() -> None:
    plan: Plan = PLANS.get("unlimited")

    assert (plan.max_input_bytes, plan.max_input_tokens) == (None, None)
    assert answer(open_store(), body_bytes=10**9, input_estimate=10**9) is None
