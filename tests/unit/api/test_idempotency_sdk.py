"""The official openai SDK with an `Idempotency-Key`, over a real socket."""

from typing import Any

import openai
import pytest

from tests.doors import UvicornDoor
from tests.unit.api.repeating import Gateway

MESSAGES: Any = [{"role": "user", "content": "Hi"}]
KEY = {"Idempotency-Key": "order-42"}


def test_the_openai_sdk_gets_the_stored_answer() -> None:
    gateway = Gateway()
    with UvicornDoor(gateway.app) as door, _sdk(door) as client:
        create = client.chat.completions.with_raw_response.create
        first = create(model="gpt-4o", messages=MESSAGES, extra_headers=KEY)
        again = create(model="gpt-4o", messages=MESSAGES, extra_headers=KEY)

    assert again.parse() == first.parse()
    assert again.headers["x-openmind-original-request-id"] == first.headers["x-request-id"]
    assert gateway.attempts == 1


def test_the_openai_sdk_gets_the_stored_stream() -> None:
    gateway = Gateway()
    with UvicornDoor(gateway.app) as door, _sdk(door) as client:
        first, again = (
            list(client.chat.completions.create(model="gpt-4o", messages=MESSAGES, stream=True, extra_headers=KEY))
            for _ in range(2)
        )

    assert again == first
    assert gateway.attempts == 1


def test_the_openai_sdk_does_not_retry_a_key_with_another_body() -> None:
    gateway = Gateway()
    with UvicornDoor(gateway.app) as door, _sdk(door) as client:
        client.chat.completions.create(model="gpt-4o", messages=MESSAGES, extra_headers=KEY)
        looks = gateway.store.calls.count("record")
        with pytest.raises(openai.UnprocessableEntityError) as refusal:
            client.chat.completions.create(model="gpt-4o", messages=MESSAGES, seed=1, extra_headers=KEY)

    assert "Idempotency-Key" in refusal.value.response.json()["error"]
    assert gateway.store.calls.count("record") == looks + 1


def _sdk(door: UvicornDoor) -> openai.OpenAI:
    # The SDK sends the key as a bearer token.
    return openai.OpenAI(base_url=f"{door.url}/api/core/openai", api_key="first-key", max_retries=2)
