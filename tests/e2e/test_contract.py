"""The contract, sentence by sentence, through every door."""

from typing import Any

import pytest

from tests import canaries
from tests.doors import Door
from tests.e2e.conftest import CAP, JSON, Ask, asker, chat
from tests.fake_upstream import HANG_UP, FakeUpstream, completion

MODELS = {
    "openai": [
        "gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-4.1-mini", "gpt-4.1-nano", "gpt-5", "gpt-5-mini", "gpt-5-nano",
    ],
    "deepseek": ["deepseek-chat"],
    "gemini": ["gemini-3-pro", "gemini-3-flash", "gemini-2.5-flash", "gemini-2.5-flash-lite", "gemini-2.5-pro"],
    "xai": ["grok-2-latest", "grok-3-beta", "grok-4-latest", "grok-4"],
    "nearai": ["qwen3-30b-a3b-instruct-2507", "qwen2.5-vl-72b-instruct", "qwen-2.5-7b-instruct"],
    "openrouter": [
        "meta-llama/llama-3.1-70b-instruct", "meta-llama/llama-3.3-70b-instruct",
        "anthropic/claude-sonnet-4.5", "anthropic/claude-opus-4.1",
    ],
}  # fmt: skip
ALL_MODELS = [(provider, model) for provider, models in MODELS.items() for model in models]


@pytest.mark.parametrize(("provider", "model"), ALL_MODELS)
def test_every_model_of_the_contract_is_answered(ask: Ask, provider: str, model: str) -> None:
    answer = ask(provider, model=model)

    assert answer.status == 200
    assert answer.body["choices"][0]["message"]["content"] == "Hello!"


@pytest.mark.parametrize("field", ["id", "object", "created", "model", "usage"])
def test_a_field_that_the_contract_promises_is_there_though_the_provider_omits_it(
    ask: Ask, upstream: FakeUpstream, field: str
) -> None:
    upstream.replies(completion(**{field: None}))

    answer = ask()

    assert answer.status == 200
    assert answer.body[field]


@pytest.mark.parametrize("auth", [{"authorization": f"Bearer {canaries.API_KEY}"}, {"x-api-key": canaries.API_KEY}])
def test_a_key_is_taken_from_either_header(door: Door, upstream: FakeUpstream, auth: dict[str, str]) -> None:
    body = b'{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]}'

    answer = door.request("POST", "/api/core/openai/chat/completions", auth | JSON, body)

    assert answer.status == 200


UNAUTHORIZED = "Missing or invalid API key. Send it as 'Authorization: Bearer <key>' or 'x-api-key: <key>'."


@pytest.mark.parametrize(
    "auth",
    [
        {},
        {"authorization": "Bearer "},
        {"authorization": f"Basic {canaries.API_KEY}"},
        {"authorization": "Bearer openmind_free"},
        {"authorization": f"Bearer {canaries.API_KEY[:-1]}0"},
        {"authorization": f"Bearer {canaries.API_KEY}0"},
        {"authorization": f"Bearer {'x' * 5000}"},
        {"authorization": f"Bearer {canaries.API_KEY}", "x-api-key": "om1_live_another"},
    ],
)
def test_a_missing_or_wrong_key_is_401(door: Door, upstream: FakeUpstream, auth: dict[str, str]) -> None:
    answer = door.request("POST", "/api/core/openai/chat/completions", auth | JSON, b"{}")

    assert (answer.status, answer.error) == (401, UNAUTHORIZED)
    assert not upstream.received


def test_an_unsupported_provider_is_404_with_the_contracts_text(ask: Ask) -> None:
    answer = ask("invalid", model="test")

    assert (answer.status, answer.error) == (404, "unsupported model provider: invalid")


@pytest.mark.parametrize("model", ["gpt-999", "gpt-6", "claude", "gpt-4"[:3]])
def test_an_unsupported_model_is_404_with_the_contracts_text(ask: Ask, model: str) -> None:
    answer = ask("openai", model=model)

    prefixes = ", ".join(MODELS["openai"])
    assert answer.status == 404
    assert answer.error == f"unsupported model: {model}. Supported model prefixes for openai: [{prefixes}]"


@pytest.mark.parametrize("provider", MODELS)
def test_the_404_of_each_provider_lists_its_own_prefixes(ask: Ask, provider: str) -> None:
    answer = ask(provider, model="no-such-model")

    assert answer.error.endswith(f"for {provider}: [{', '.join(MODELS[provider])}]")


@pytest.mark.parametrize("model", ["gpt-4o-2024-08-06", "gpt-4o-mini-2024-07-18", "gpt-4o-made-up"])
def test_a_model_name_is_admitted_by_prefix_and_sent_as_it_is(ask: Ask, upstream: FakeUpstream, model: str) -> None:
    answer = ask("openai", model=model)

    assert answer.status == 200
    assert upstream.received[0].body["model"] == model


@pytest.mark.parametrize("provider", MODELS)
def test_a_provider_without_a_key_is_503_with_the_contracts_text(
    keyless_door: Door, upstream: FakeUpstream, provider: str
) -> None:
    answer = asker(keyless_door)(provider, model=MODELS[provider][0])

    assert (answer.status, answer.error) == (503, f"{provider} API key not configured")
    assert answer.headers["x-should-retry"] == "false"
    assert not upstream.received


@pytest.mark.parametrize("provider", MODELS)
def test_a_provider_that_hangs_up_is_503_with_the_contracts_text(
    ask: Ask, upstream: FakeUpstream, provider: str
) -> None:
    upstream.answer = lambda _: HANG_UP

    answer = ask(provider, model=MODELS[provider][0])

    assert (answer.status, answer.error) == (503, f"Failed to connect to {provider} server")
    assert answer.headers["retry-after"] == "1"


FIELDS: list[tuple[str, Any]] = [
    ("temperature", 0.0),
    ("temperature", 2.0),
    ("max_tokens", 1),
    ("top_p", 0.9),
    ("frequency_penalty", -2.0),
    ("frequency_penalty", 2),
    ("presence_penalty", -2),
    ("presence_penalty", 2.0),
    ("stream", False),
]


@pytest.mark.parametrize(("field", "value"), FIELDS)
def test_a_field_of_the_contract_reaches_the_provider(ask: Ask, upstream: FakeUpstream, field: str, value: Any) -> None:
    answer = ask(model="gpt-4o", **{field: value})

    assert answer.status == 200
    assert upstream.received[0].body == {"max_tokens": CAP} | chat(model="gpt-4o", **{field: value})


def test_an_integer_in_the_spelling_of_a_fraction_is_sent_as_an_integer(ask: Ask, upstream: FakeUpstream) -> None:
    answer = ask(max_tokens=100.0)

    assert answer.status == 200
    assert b'"max_tokens":100}' in upstream.received[0].raw


def test_every_answer_has_an_id_of_its_own(ask: Ask) -> None:
    ids = {ask().headers["x-request-id"] for _ in range(3)}

    assert len(ids) == 3
