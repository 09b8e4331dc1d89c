"""What a completion leaves in the log and in the ledger."""

import logging
from typing import Any

import pytest

from openmind_llm.domain import money
from openmind_llm.domain.ports import Written
from openmind_llm.errors import (
    LedgerUnavailableError,
    ProviderUnavailableError,
    RateLimitError,
    UnknownModelError,
    UnknownProviderError,
)
from tests.fake_upstream import completion
from tests.fakes import FakeClock, FakeUpstreamPort
from tests.memory_ledger import MemoryLedgerStore, open_store
from tests.unit.domain.completing import create


def facts(caplog: pytest.LogCaptureFixture) -> dict[str, Any]:
    """The fields of the one line that a request leaves."""
    records = [vars(r) for r in caplog.records if r.getMessage() == "completion"]
    assert len(records) == 1
    return records[0]


@pytest.fixture(autouse=True)
def _all_levels(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)


def test_a_completion_leaves_one_line_that_tells_what_it_took(caplog: pytest.LogCaptureFixture) -> None:
    clock = FakeClock()

    class Slow(FakeUpstreamPort):
        async def complete(self, *arguments: Any) -> Any:
            clock.now += 1.5
            return await super().complete(*arguments)

    create(Slow(completion()), "gemini", "gemini-3-pro-preview", clock)

    expected = {
        "request_id": "request-1",
        "key_id": "key-1",
        "account_id": "account-1",
        "provider": "gemini",
        "model": "gemini-3-pro",
        "upstream_model": "gemini-3.1-pro-preview",
        "status": 200,
        "duration_ms": 1500,
        "input_tokens": 12,
        "cached_input_tokens": 0,
        "cache_write_tokens": 0,
        "output_tokens": 18,
        "reasoning_tokens": 0,
        "usage_is_exact": True,
        "outcome": "completed",
    }
    assert expected.items() <= facts(caplog).items()


def test_what_its_door_notes_is_in_the_line_too(caplog: pytest.LogCaptureFixture) -> None:
    create(FakeUpstreamPort(completion()), noted={"gateway_request_id": "theirs"})

    assert facts(caplog)["gateway_request_id"] == "theirs"


def test_a_refusal_leaves_one_line_too(caplog: pytest.LogCaptureFixture) -> None:
    port = FakeUpstreamPort({})
    port.error = RateLimitError("slow down", retry_after_s=3)

    with pytest.raises(RateLimitError):
        create(port)

    expected = {"status": 429, "error_class": "RateLimitError", "provider": "openai", "model": "gpt-4o"}
    assert expected.items() <= facts(caplog).items()


def test_the_text_of_a_wrong_provider_or_model_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """A client may have sent its key there."""
    with pytest.raises(UnknownProviderError):
        create(FakeUpstreamPort({}), "my-secret-key")

    assert "my-secret-key" not in repr(facts(caplog))


def test_content_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    create(FakeUpstreamPort(completion()))

    assert "my secret plan" not in repr(facts(caplog))
    assert "Hello!" not in repr(facts(caplog))


def test_a_request_that_may_have_cost_something_is_recorded_at_an_estimate_of_its_input() -> None:
    port, store = FakeUpstreamPort({}), open_store()
    port.error = ProviderUnavailableError("openai", may_have_cost=True)

    with pytest.raises(ProviderUnavailableError) as raised:
        create(port, store=store)

    (entry,) = store.entries.values()
    assert (entry.outcome, entry.usage.is_exact, entry.usage.output) == ("unanswered", False, 0)
    assert entry.usage.input > 0
    assert raised.value.headers["x-openmind-cost"] == money.text(entry.charge) != "0"


def test_a_refused_request_is_recorded_and_costs_nothing() -> None:
    port, store = FakeUpstreamPort({}), open_store()
    port.error = RateLimitError("slow down", retry_after_s=3)
    before = store.counters("account-1")["balance"]

    with pytest.raises(RateLimitError) as raised:
        create(port, store=store)

    (entry,) = store.entries.values()
    assert (entry.outcome, entry.charge, entry.bill.cost, entry.usage.prompt_tokens) == ("refused", 0, 0, 0)
    assert (store.counters("account-1")["balance"], store.counters("account-1")["held"]) == (before, 0)
    assert raised.value.headers["x-openmind-cost"] == "0"


def test_a_wrong_request_is_not_recorded_and_is_told_the_credit() -> None:
    store = open_store()

    with pytest.raises(UnknownModelError) as raised:
        create(FakeUpstreamPort({}), model="gemini-2.5-pro", store=store)

    assert (store.entries, store.holds) == ({}, {})
    told, balance = raised.value.headers, store.counters("account-1")["balance"]
    assert (told["x-openmind-credit-remaining"], told["x-openmind-cost"]) == (money.text(balance), "0")


def test_without_a_ledger_no_provider_is_asked() -> None:
    port, store = FakeUpstreamPort(completion()), open_store()
    store.failing = {"admit"}

    with pytest.raises(LedgerUnavailableError):
        create(port, store=store)

    assert port.asked == []


def test_an_answer_that_cannot_be_settled_is_given_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    port, store = FakeUpstreamPort(completion()), open_store()
    store.failing = {"settle"}

    made = create(port, store=store)

    assert made.body["choices"][0]["message"]["content"] == "Hello!"
    assert list(store.holds) == ["request-1"]
    assert "not settled: the hold will be swept" in caplog.messages
    assert facts(caplog)["status"] == 200


def test_an_answer_is_not_lost_when_its_charge_fails_for_whatever_reason(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(MemoryLedgerStore):
        def settle(self, _: object) -> Written:
            raise RuntimeError("my secret plan")

    plain = open_store()

    made = create(FakeUpstreamPort(completion()), store=Broken(plain.known_accounts, plain.known_keys))

    assert made.body["choices"][0]["message"]["content"] == "Hello!"
    assert list(made.store.holds) == ["request-1"]
    assert facts(caplog)["status"] == 200
    assert "secret" not in caplog.text
