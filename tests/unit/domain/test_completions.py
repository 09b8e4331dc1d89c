"""A completion that is whole: what its provider is asked, and what its caller gets."""

import asyncio
from typing import Any

import pytest

from openmind_llm.domain import money
from openmind_llm.domain.completions import Call, Completions, Times
from openmind_llm.errors import (
    GatewayError,
    InvalidRequestError,
    ModelNotServedError,
    ProviderUnavailableError,
    RateLimitError,
    UnknownModelError,
    UnknownProviderError,
)
from tests.fake_upstream import completion
from tests.fakes import FakeClock, FakeUpstreamPort, Fixed, attempts
from tests.memory_ledger import ledger, open_store
from tests.unit.domain.completing import CALLER, CAP, CATALOGUE, PLANS, USER, create


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
        "x-openmind-attempts": "1",
        "x-openmind-served-by": "openai/gpt-4o",
        "x-openmind-overhead-ms": "0",
        "x-openmind-upstream-first-byte-ms": "0",
        "x-openmind-total-ms": "0",
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
    completions = Completions(
        Fixed(CATALOGUE), FakeUpstreamPort({}), attempts(clock), admitting, clock, Times(drain_s=1)
    )

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
