"""Real clients: the ones that the documentation shows, word for word, and the official openai SDK."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openai
import pytest
from pydantic import BaseModel

from tests.canaries import API_KEY, KEY_ID
from tests.e2e import documented
from tests.e2e.conftest import PROVIDERS
from tests.e2e.test_contract import ALL_MODELS, MODELS
from tests.fake_upstream import FakeUpstream, completion

MESSAGES: Any = [{"role": "user", "content": "Hello!"}]


def test_the_documented_python_class_works(
    server_url: str, upstream: FakeUpstream, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENMIND_API_KEY", API_KEY)

    documented.python_names("contract_client.py.txt", server_url)

    assert capfd.readouterr().out == "Hello!\n"
    assert upstream.received[0].body["temperature"] == 0.7


def test_the_documented_retry_function_gives_the_answer(
    server_url: str, upstream: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENMIND_API_KEY", API_KEY)
    chat_completion: Callable[..., Any] = documented.python_names("contract_retry.py.txt", server_url)[
        "chat_completion"
    ]

    answer = chat_completion(MESSAGES)

    assert answer["choices"][0]["message"]["content"] == "Hello!"


def test_the_documented_retry_function_does_not_retry_an_unknown_model(
    server_url: str, upstream: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENMIND_API_KEY", API_KEY)
    chat_completion: Callable[..., Any] = documented.python_names("contract_retry.py.txt", server_url)[
        "chat_completion"
    ]

    with pytest.raises(ValueError, match="Invalid model or provider: 404"):
        chat_completion(MESSAGES, model="gpt-999")

    assert not upstream.received


def test_the_documented_node_class_works(server_url: str, upstream: FakeUpstream, node_packages: Path) -> None:
    assert documented.run_node(node_packages, server_url, API_KEY) == ("Hello!\n", "")


def sdk(url: str, provider: str, **options: Any) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{url}/api/core/{provider}", api_key=API_KEY, **options)


@pytest.mark.parametrize(("provider", "model"), ALL_MODELS)
def test_the_openai_sdk_gets_an_answer_from_every_model(
    server_url: str, upstream: FakeUpstream, provider: str, model: str
) -> None:
    with sdk(server_url, provider) as client:
        answer = client.chat.completions.create(model=model, messages=MESSAGES)

    assert answer.choices[0].message.content == "Hello!"
    assert answer.usage is not None
    assert answer.usage.total_tokens == 30


def test_the_async_openai_sdk_gets_twenty_answers_at_once(server_url: str, upstream: FakeUpstream) -> None:
    async def ask_all() -> list[Any]:
        async with openai.AsyncOpenAI(base_url=f"{server_url}/api/core/xai", api_key=API_KEY) as client:
            calls = [client.chat.completions.create(model="grok-4", messages=MESSAGES) for _ in range(20)]
            return await asyncio.gather(*calls)

    answers = asyncio.run(ask_all())

    assert {answer.choices[0].message.content for answer in answers} == {"Hello!"}
    assert len(upstream.received) == 20


def test_the_openai_sdk_parses_a_schema(server_url: str, upstream: FakeUpstream) -> None:
    class Actions(BaseModel):
        actions: list[str]

    message = {"role": "assistant", "content": json.dumps({"actions": ["walk"]})}
    upstream.replies(completion(choices=[{"index": 0, "message": message, "finish_reason": "stop"}]))

    with sdk(server_url, "nearai") as client:
        answer = client.chat.completions.parse(model="openai/gpt-oss-120b", messages=MESSAGES, response_format=Actions)

    assert answer.choices[0].message.parsed == Actions(actions=["walk"])
    assert upstream.received[0].body["response_format"]["json_schema"]["schema"]["required"] == ["actions"]


ERRORS: list[tuple[str, str, type[openai.APIStatusError], int]] = [
    ("openai", "gpt-999", openai.NotFoundError, 0),
    ("nobody", "gpt-4o", openai.NotFoundError, 0),
    ("openai", "", openai.BadRequestError, 0),
]


@pytest.mark.parametrize(("provider", "model", "error", "calls"), ERRORS)
def test_the_openai_sdk_raises_the_right_error(
    server_url: str, upstream: FakeUpstream, provider: str, model: str, error: type[openai.APIStatusError], calls: int
) -> None:
    with sdk(server_url, provider) as client, pytest.raises(error) as raised:
        client.chat.completions.create(model=model, messages=MESSAGES)

    assert isinstance(raised.value.body, str)
    assert len(upstream.received) == calls


RETRIES: list[tuple[int, Any, type[openai.APIStatusError], int]] = [
    # upstream status and body, what the SDK raises in the end, how often the provider was called
    (401, {"error": {"message": "no"}}, openai.InternalServerError, 1),
    (402, {"error": {"message": "no"}}, openai.InternalServerError, 1),
    (500, {"error": {"message": "no"}}, openai.InternalServerError, 4),
    (429, {"error": {"message": "no"}}, openai.RateLimitError, 4),
]


@pytest.mark.parametrize(("status", "body", "error", "calls"), RETRIES)
def test_the_gateway_retries_what_may_heal_and_the_openai_sdk_does_not_multiply_it(
    server_url: str, upstream: FakeUpstream, status: int, body: Any, error: type[openai.APIStatusError], calls: int
) -> None:
    wait = {} if status == 402 else {"retry_after_ms": "1"}  # an empty account that says when to return is another case
    upstream.replies(body, status, **wait)

    with sdk(server_url, "openai", max_retries=1) as client, pytest.raises(error):
        client.chat.completions.create(model="gpt-4o", messages=MESSAGES)

    assert len(upstream.received) == calls


def test_a_wrong_key_raises_an_authentication_error(server_url: str) -> None:
    wrong = f"om1_live_{KEY_ID}{'0' * 64}"

    with (
        openai.OpenAI(base_url=f"{server_url}/api/core/openai", api_key=wrong) as client,
        pytest.raises(openai.AuthenticationError),
    ):
        client.chat.completions.create(model="gpt-4o", messages=MESSAGES)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_openai_sdk_lists_the_models_of_a_provider(server_url: str, provider: str) -> None:
    with sdk(server_url, provider) as client:
        names = [model.id for model in client.models.list()]

    assert names[: len(MODELS[provider])] == MODELS[provider]
