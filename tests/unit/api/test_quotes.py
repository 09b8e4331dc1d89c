"""What a completion would cost."""

import json
from decimal import Decimal
from typing import Any

import pytest

from openmind_llm.domain.plans import Limits
from tests.memory_ledger import new_key
from tests.spending import two_accounts
from tests.unit.api.reporting import BODY, CALLERS, QUOTE, Service, used


def test_a_quote_tells_the_price_and_what_would_be_held() -> None:
    told = Service().quote(max_tokens=100).json()

    per_token, assumes = told["price"]["micro_omcu_per_token"], told["assumes"]
    dearest = max(per_token[name] for name in ("input", "cached_input", "cache_write"))
    held = assumes["input_tokens"] * dearest + 100 * max(per_token["output"], per_token["reasoning"])
    assert Decimal(told["hold_omcu"]) * 10**6 == held
    assert told["max_cost_omcu"] == told["hold_omcu"]
    assert (told["max_tokens"], assumes["output_tokens"]) == (100, 100)
    assert (told["provider"], told["model"], told["is_exact"]) == ("openai", "gpt-4o-mini", True)
    assert (told["would_be_admitted"], told["refusal"]) == (True, None)


def test_a_quote_says_why_its_request_would_be_refused() -> None:
    own = new_key("key-1", allowed_providers=frozenset({"gemini"}))

    told = Service(two_accounts(own)).quote().json()

    assert told["would_be_admitted"] is False
    assert told["refusal"] == {"status": 403, "error": "This API key may not use this model"}


def test_a_quote_is_for_the_key_that_asks() -> None:
    """Another key's budget does not matter to it."""
    service = Service(two_accounts(new_key("key-1", limits=Limits(day_budget=1))))

    statuses = {key: service.quote(key).json()["would_be_admitted"] for key in CALLERS}

    assert statuses == {"key-1": False, "key-2": True, "key-3": True}


def test_a_quote_leaves_everything_as_it_was() -> None:
    service = used()
    before = (dict(service.store.known_accounts), dict(service.store.known_keys), dict(service.store.holds))

    for _ in range(20):
        assert service.quote().status_code == 200

    assert (service.store.known_accounts, service.store.known_keys, service.store.holds) == before
    assert not {"admit", "renew"} & set(service.store.calls[-20:])


@pytest.mark.parametrize(
    ("path", "more", "status"),
    [
        (QUOTE, {"json": BODY | {"messages": []}}, 400),
        (QUOTE, {"content": b"{", "headers": {"content-type": "application/json"}}, 400),
        (QUOTE, {"json": BODY | {"model": "claude-4"}}, 404),
        (QUOTE.replace("openai", "nobody"), {"json": BODY}, 404),
        (QUOTE, {"json": BODY | {"messages": [{"role": "user", "content": "x" * 20_000}]}}, 413),
        (QUOTE, {"content": json.dumps(BODY)}, 415),
    ],
)
def test_a_quote_refuses_a_body_as_a_completion_does(path: str, more: dict[str, Any], status: int) -> None:
    answer = Service().ask("POST", path, **more)

    assert (answer.status_code, set(answer.json())) == (status, {"error"})
