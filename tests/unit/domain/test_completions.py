"""One request from bytes to answer, with a provider that does as the test says."""

import asyncio
import json
import logging
from dataclasses import dataclass
from typing import Any

import pytest

from openmind_llm.domain.completions import Completions, Limits
from openmind_llm.domain.keys import Caller
from openmind_llm.domain.usage import Usage
from openmind_llm.errors import (
    GatewayError,
    InvalidRequestError,
    ModelNotServedError,
    ProviderUnavailableError,
    RateLimitError,
    UnknownModelError,
    UnknownProviderError,
)
from openmind_llm.providers import table
from tests.fake_upstream import completion
from tests.fakes import FakeClock, FakeUpstreamPort, MemoryUsageLog

CATALOGUE = table.load()
CALLER = Caller(key_id="key-1", account_id="account-1", plan="builder")
USER = {"role": "user", "content": "my secret plan"}


@dataclass(frozen=True)
class Made:
    """What came of a request."""

    body: dict[str, Any]
    headers: dict[str, str]
    usage: Usage


def create(
    port: FakeUpstreamPort,
    provider: str = "openai",
    model: str = "gpt-4o",
    clock: Any = lambda: 1000.9,
    log: MemoryUsageLog | None = None,
    **fields: Any,
) -> Made:
    log = log or MemoryUsageLog()
    raw = json.dumps({"model": model, "messages": [USER]} | fields).encode()
    completions = Completions(CATALOGUE, port, log, clock, Limits(drain_s=1))

    async def ask() -> tuple[dict[str, Any], dict[str, str]]:
        async with completions.open(CALLER, provider, raw, "request-1") as reply:
            return json.loads(await anext(reply.payloads)), reply.headers

    body, headers = asyncio.run(ask())
    return Made(body, headers, log.entries[0].usage)


def facts(caplog: pytest.LogCaptureFixture) -> dict[str, Any]:
    """The fields of the one line that a request leaves."""
    records = [vars(r) for r in caplog.records if r.getMessage() == "completion"]
    assert len(records) == 1
    return records[0]


@pytest.fixture(autouse=True)
def _all_levels(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)


def test_the_providers_answer_comes_back() -> None:
    port = FakeUpstreamPort(completion(), adjusted=("-seed",), headers={"x-ratelimit-limit": "9"})

    made = create(port)

    assert made.body["choices"][0]["message"]["content"] == "Hello!"
    assert made.headers == {"x-ratelimit-limit": "9", "x-openmind-adjusted": "-seed"}
    assert (made.usage.prompt_tokens, made.usage.completion_tokens, made.usage.is_exact) == (12, 18, True)


def test_the_provider_is_asked_once_along_the_models_route() -> None:
    port = FakeUpstreamPort(completion())

    create(port, "deepseek", "deepseek-chat", seed=7)

    ((route, request),) = port.asked
    assert (route.provider.name, route.upstream_id) == ("deepseek", "deepseek-flash")
    assert request.body == {"model": "deepseek-chat", "messages": [USER], "seed": 7}


def test_what_the_contract_promises_is_filled_in() -> None:
    port = FakeUpstreamPort({"choices": [{"message": {"content": "Hi"}}]})

    body = create(port, "deepseek", "deepseek-chat").body

    assert (body["id"], body["created"], body["model"]) == ("chatcmpl-request-1", 1000, "deepseek-flash")


def test_an_answer_without_usage_is_estimated() -> None:
    made = create(FakeUpstreamPort(completion(usage=None)))

    assert not made.usage.is_exact
    assert made.headers == {"x-openmind-usage": "estimated"}
    assert made.body["usage"]["completion_tokens"] == made.usage.completion_tokens > 0


@pytest.mark.parametrize("choices", [None, [], "Hi", {}, [None, "Hi"]])
def test_an_answer_without_a_choice_is_none(choices: Any) -> None:
    with pytest.raises(ProviderUnavailableError):
        create(FakeUpstreamPort({"choices": choices}))


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
    completions = Completions(CATALOGUE, FakeUpstreamPort({}), MemoryUsageLog(), FakeClock(), Limits(drain_s=1))

    with pytest.raises(UnknownProviderError):
        asyncio.run(completions.open(CALLER, "nobody", b"{", "request-1").__aenter__())


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
    }
    assert expected.items() <= facts(caplog).items()


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
    port, log = FakeUpstreamPort({}), MemoryUsageLog()
    port.error = ProviderUnavailableError("openai", may_have_cost=True)

    with pytest.raises(ProviderUnavailableError):
        create(port, log=log)

    ((outcome, used),) = [(entry.outcome, entry.usage) for entry in log.entries]
    assert (outcome, used.is_exact, used.output) == ("unanswered", False, 0)
    assert used.input > 0


def test_a_refused_request_is_not_recorded() -> None:
    port, log = FakeUpstreamPort({}), MemoryUsageLog()
    port.error = RateLimitError("slow down", retry_after_s=3)

    with pytest.raises(RateLimitError):
        create(port, log=log)

    assert log.entries == []
