"""One request from bytes to answer, with a provider that does as the test says."""

import asyncio
import json
import logging
from dataclasses import dataclass
from typing import Any

import pytest

from openmind_llm import plans
from openmind_llm.domain import money
from openmind_llm.domain.completions import Call, Completions, Times
from openmind_llm.domain.keys import Caller
from openmind_llm.domain.ledger.rows import Entry
from openmind_llm.domain.ports import Written
from openmind_llm.errors import (
    GatewayError,
    InvalidRequestError,
    LedgerUnavailableError,
    ModelNotServedError,
    ProviderUnavailableError,
    RateLimitError,
    UnknownModelError,
    UnknownProviderError,
)
from openmind_llm.providers import table
from tests.fake_upstream import completion
from tests.fakes import FakeClock, FakeUpstreamPort
from tests.memory_ledger import MemoryLedgerStore, ledger, open_store

CATALOGUE = table.load()
CALLER = Caller(key_id="key-1", account_id="account-1")
PLANS = plans.load()
CAP = PLANS.get("unlimited").output_tokens
USER = {"role": "user", "content": "my secret plan"}


@dataclass(frozen=True)
class Made:
    """What came of a request."""

    body: dict[str, Any]
    headers: dict[str, str]
    store: MemoryLedgerStore

    @property
    def entry(self) -> Entry:
        return self.store.entries["request-1"]


def create(
    port: FakeUpstreamPort,
    provider: str = "openai",
    model: str = "gpt-4o",
    clock: Any = lambda: 1000.9,
    store: MemoryLedgerStore | None = None,
    noted: dict[str, str] | None = None,
    **fields: Any,
) -> Made:
    store = store or open_store()
    raw = json.dumps({"model": model, "messages": [USER]} | fields).encode()
    completions = Completions(CATALOGUE, port, ledger(store, PLANS, clock), clock, Times(drain_s=1))

    async def ask() -> tuple[dict[str, Any], dict[str, str]]:
        async with completions.open(Call(CALLER, provider, raw, "request-1", noted or {})) as reply:
            return json.loads(await anext(reply.payloads)), reply.headers

    body, headers = asyncio.run(ask())
    return Made(body, headers, store)


def facts(caplog: pytest.LogCaptureFixture) -> dict[str, Any]:
    """The fields of the one line that a request leaves."""
    records = [vars(r) for r in caplog.records if r.getMessage() == "completion"]
    assert len(records) == 1
    return records[0]


@pytest.fixture(autouse=True)
def _all_levels(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)


def test_the_providers_answer_comes_back() -> None:
    port = FakeUpstreamPort(completion(), adjusted=("-seed",), headers={"openai-processing-ms": "9"})

    made = create(port)

    assert made.body["choices"][0]["message"]["content"] == "Hello!"
    assert made.headers["openai-processing-ms"] == "9"
    assert made.headers["x-openmind-adjusted"] == "+max_tokens, -seed"
    used = made.entry.usage
    assert (used.prompt_tokens, used.completion_tokens, used.is_exact) == (12, 18, True)


def test_an_answer_tells_its_hold_its_cost_and_the_credit_that_is_left() -> None:
    store = open_store()

    made = create(FakeUpstreamPort(completion()), store=store)

    told = {name: value for name, value in made.headers.items() if name.startswith("x-openmind-")}
    hold, balance = made.entry.hold, store.counters("account-1")["balance"]
    assert told == {
        "x-openmind-adjusted": "+max_tokens",
        "x-openmind-max-tokens": str(hold.output_cap),
        "x-openmind-hold": money.text(hold.amount),
        "x-openmind-hold-assumes": f"input={hold.input_bound} output={hold.output_cap} price={hold.price_version}",
        "x-openmind-cost": money.text(made.entry.charge),
        "x-openmind-credit-remaining": money.text(balance),
    }
    assert 0 < made.entry.charge < hold.amount


def test_the_provider_is_asked_once_along_the_models_route() -> None:
    port = FakeUpstreamPort(completion())

    create(port, "deepseek", "deepseek-chat", seed=7)

    ((route, request),) = port.asked
    assert (route.provider.name, route.upstream_id) == ("deepseek", "deepseek-flash")
    assert request.body == {"model": "deepseek-chat", "messages": [USER], "seed": 7, "max_tokens": CAP}


def test_a_cap_that_the_caller_named_is_left_alone() -> None:
    port = FakeUpstreamPort(completion())

    made = create(port, max_completion_tokens=7)

    assert port.asked[0][1].body == {"model": "gpt-4o", "messages": [USER], "max_completion_tokens": 7}
    assert made.headers["x-openmind-max-tokens"] == "7"
    assert "x-openmind-adjusted" not in made.headers


def test_what_the_contract_promises_is_filled_in() -> None:
    port = FakeUpstreamPort({"choices": [{"message": {"content": "Hi"}}]})

    body = create(port, "deepseek", "deepseek-chat").body

    assert (body["id"], body["created"], body["model"]) == ("chatcmpl-request-1", 1000, "deepseek-flash")


def test_an_answer_without_usage_is_estimated() -> None:
    made = create(FakeUpstreamPort(completion(usage=None)))

    assert not made.entry.usage.is_exact
    assert made.headers["x-openmind-usage"] == "estimated"
    assert made.body["usage"]["completion_tokens"] == made.entry.usage.completion_tokens > 0
    assert made.entry.reason == "the provider reported no usage"


@pytest.mark.parametrize("choices", [None, [], "Hi", {}, [None, "Hi"]])
def test_an_answer_without_a_choice_is_none(choices: Any) -> None:
    with pytest.raises(ProviderUnavailableError):
        create(FakeUpstreamPort({"choices": choices}))


def test_an_answer_without_a_choice_is_charged_for_what_the_provider_bills() -> None:
    store = open_store()

    with pytest.raises(ProviderUnavailableError) as raised:
        create(FakeUpstreamPort(completion(choices=[])), store=store)

    entry = store.entries["request-1"]
    assert (entry.outcome, entry.usage.completion_tokens, entry.usage.is_exact) == ("broken", 18, True)
    assert raised.value.headers["x-openmind-cost"] == money.text(entry.charge) != "0"


@pytest.mark.parametrize(
    ("provider", "model", "fields", "kind"),
    [
        ("nobody", "gpt-4o", {}, UnknownProviderError),
        ("openai", "gemini-2.5-pro", {}, UnknownModelError),
        ("openai", "", {}, InvalidRequestError),
        ("openai", "gpt-4o", {"temperature": 3}, InvalidRequestError),
    ],
)
def test_a_wrong_request_reaches_no_provider(
    provider: str, model: str, fields: dict[str, Any], kind: type[GatewayError]
) -> None:
    port = FakeUpstreamPort(completion())

    with pytest.raises(kind):
        create(port, provider, model, **fields)

    assert port.asked == []


def test_a_wrong_provider_is_told_before_a_wrong_body() -> None:
    clock = FakeClock()
    admitting = ledger(open_store(), PLANS, clock)
    completions = Completions(CATALOGUE, FakeUpstreamPort({}), admitting, clock, Times(drain_s=1))

    with pytest.raises(UnknownProviderError):
        asyncio.run(completions.open(Call(CALLER, "nobody", b"{", "request-1")).__aenter__())


def test_a_providers_error_goes_on() -> None:
    port = FakeUpstreamPort({})
    port.error = RateLimitError("slow down", retry_after_s=3)

    with pytest.raises(RateLimitError) as raised:
        create(port)

    assert raised.value is port.error


@pytest.mark.parametrize(("model", "kind"), [("gpt-4o", ModelNotServedError), ("gpt-4o-made-up", UnknownModelError)])
def test_a_model_that_the_provider_has_not_is_the_mistake_of_who_named_it(model: str, kind: type[GatewayError]) -> None:
    port = FakeUpstreamPort({})
    port.error = ModelNotServedError("openai")

    with pytest.raises(kind) as raised:
        create(port, model=model)

    assert type(raised.value) is kind


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
