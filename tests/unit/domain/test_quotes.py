"""From a body to a quote: the same checks as for a completion, and nothing is sent."""

import json
from typing import Any

import pytest

from openmind_llm.domain.keys import Caller
from openmind_llm.domain.quotes import Quote, Quotes
from openmind_llm.errors import InvalidRequestError, UnknownModelError, UnknownProviderError
from openmind_llm.providers import dialect
from tests.fakes import Fixed
from tests.memory_ledger import new_account, open_store
from tests.spending import CATALOGUE, Spending

USER = {"role": "user", "content": "Hello!"}


def quote(provider: str = "openai", credit: int = 10**15, **fields: Any) -> Quote:
    spending = Spending(open_store(new_account(credit=credit)))
    quotes = Quotes(Fixed(CATALOGUE), spending.ledger, dialect.adjust, spending.clock)
    raw = json.dumps({"model": "gpt-4o-mini", "messages": [USER]} | fields).encode()
    return quotes.get(Caller("key-1", "account-1"), provider, raw, "request-1")


def test_a_cap_that_is_missing_is_named_among_the_adjustments_as_a_completion_names_it() -> None:
    assert quote().adjusted[0] == "+max_tokens"
    assert "+max_tokens" not in quote(max_tokens=5).adjusted


def test_what_the_provider_needs_changed_is_told() -> None:
    adjusted = quote(model="gpt-5", max_tokens=50).adjusted

    assert "max_tokens->max_completion_tokens" in adjusted


def test_a_name_that_is_only_admitted_by_its_prefix_is_quoted_at_the_ceiling() -> None:
    known, unknown = quote(max_tokens=10), quote(model="gpt-4o-mini-of-tomorrow", max_tokens=10)

    assert (known.route.is_exact, unknown.route.is_exact) == (True, False)
    assert unknown.quoted.amount >= known.quoted.amount


def test_credit_that_does_not_cover_the_usual_cap_lowers_it() -> None:
    usual = quote()
    lowered = quote(credit=usual.quoted.amount // 2)

    assert lowered.quoted.refusal is None
    assert lowered.quoted.output_cap < usual.quoted.output_cap


@pytest.mark.parametrize(
    ("provider", "fields", "error"),
    [
        ("nobody", {}, UnknownProviderError),
        ("openai", {"model": "claude-4"}, UnknownModelError),
        ("openai", {"messages": []}, InvalidRequestError),
        ("openai", {"temperature": 3}, InvalidRequestError),
        ("openrouter", {"model": "anthropic/claude-opus-4.1", "models": ["x"]}, InvalidRequestError),
    ],
)
def test_what_a_completion_refuses_a_quote_refuses(provider: str, fields: dict[str, Any], error: type) -> None:
    with pytest.raises(error):
        quote(provider, **fields)
