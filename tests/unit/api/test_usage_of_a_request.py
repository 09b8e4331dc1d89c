"""What one request came to."""

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.spending import Spending, an_id
from tests.unit.api.reporting import Service


def test_a_settled_request_is_told_with_all_that_it_came_to() -> None:
    service = Service()
    request_id = Spending(service.store).sent()

    told = service.get(f"/api/core/usage/{request_id}").json()

    charge = Decimal(service.store.entries[request_id].charge) / 10**6
    assert (told["id"], told["state"], told["outcome"], told["key_id"]) == (request_id, "settled", "completed", "key-1")
    assert Decimal(told["charge_omcu"]) == charge
    assert Decimal(told["hold_omcu"]) > charge
    assert told["usage"] == {
        "input_tokens": 10,
        "cached_input_tokens": 2,
        "cache_write_tokens": 1,
        "output_tokens": 20,
        "reasoning_tokens": 5,
    }
    assert (told["usage_is_exact"], told["estimate_reason"], told["attempts"]) == (True, None, 1)
    assert told["latency"] == {"first_ms": 300, "duration_ms": 900}
    assert (told["started_at"], told["settled_at"]) == ("2026-11-24T12:00:00.000Z", "2026-11-24T12:00:00.900Z")
    assert "cost" not in told


def test_a_request_that_a_fallback_answered_tells_who_was_asked() -> None:
    service = Service()
    request_id = Spending(service.store).sent()
    asked = service.get(f"/api/core/usage/{request_id}").json()
    entry = service.store.entries[request_id]
    hold = replace(entry.hold, provider="xai", model="grok-4", fallback_of="openai/gpt-4o")
    service.store.entries[request_id] = replace(entry, hold=hold)

    told = service.get(f"/api/core/usage/{request_id}").json()

    assert asked["fallback_of"] is None
    assert (told["provider"], told["model"], told["fallback_of"]) == ("xai", "grok-4", "openai/gpt-4o")


def test_a_request_that_is_open_has_no_end_yet() -> None:
    service = Service()
    told = service.get(f"/api/core/usage/{Spending(service.store).opened().request_id}").json()

    assert (told["state"], told["max_tokens"]) == ("held", 200)
    assert {told[name] for name in ("outcome", "charge_omcu", "settled_at", "estimate_reason", "attempts")} == {None}


def test_an_estimate_says_why() -> None:
    service = Service()
    Spending(service.store).opened()
    (entry,) = Spending(service.store).on(1).ledger.sweep()

    told = service.get(f"/api/core/usage/{entry.hold.request_id}").json()

    assert (told["outcome"], told["usage_is_exact"]) == ("abandoned", False)
    assert told["estimate_reason"] == "the function died"


@pytest.mark.parametrize("key", ["key-2", "key-3"])
def test_a_request_of_another_key_is_as_unknown_as_one_that_never_was(key: str) -> None:
    service = Service()
    request_id = Spending(service.store).sent()

    others, unknown = (service.get(f"/api/core/usage/{one}", key) for one in (request_id, an_id()))

    assert service.get(f"/api/core/usage/{request_id}").status_code == 200
    assert (
        (others.status_code, others.json())
        == (unknown.status_code, unknown.json())
        == (404, {"error": "No such request"})
    )


@pytest.mark.parametrize("request_id", ["1", "%00", "%23", "a%2Fb", "..%2Fkey", "x" * 3000])
def test_a_malformed_id_is_of_no_request(request_id: str) -> None:
    assert Service().get(f"/api/core/usage/{request_id}").status_code == 404
