"""What can be an `Idempotency-Key`, and what is told of it in the log and in the table."""

import asyncio
import logging
from typing import Any

import pytest

from openmind_llm.domain import idempotency
from tests.fake_upstream import chunk, completion
from tests.fakes import FakeUpstreamPort
from tests.unit.api.repeating import CHAT, HELLO, Client, Gateway, both


@pytest.mark.parametrize("key", ["", "   ", "x" * 256, "schlüssel", "a\tb", "a\x7f"])
def test_what_cannot_be_a_key_is_refused_by_the_headers_name(key: str) -> None:
    gateway = Gateway()

    refused = gateway.ask(key)

    assert refused.status == 400
    assert refused.error.startswith("Idempotency-Key must be")
    assert gateway.attempts == 0


@pytest.mark.parametrize("key", ["k", "x" * 255, "a b", "~!#"])
def test_any_printable_ascii_is_a_key(key: str) -> None:
    gateway = Gateway()
    gateway.ask(key)

    assert gateway.ask(key).headers["x-openmind-idempotent-replay"] == "true"


def test_two_keys_at_once_are_none() -> None:
    gateway = Gateway()
    headers = [("content-type", "application/json"), ("x-api-key", "first-key")]
    headers += [("idempotency-key", "a"), ("idempotency-key", "b")]

    assert asyncio.run(Client().post(gateway.app, headers, CHAT, "openai")).status == 400


def test_a_replay_leaves_one_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    gateway = Gateway()
    first = gateway.ask()
    caplog.clear()

    with caplog.at_level(logging.DEBUG):
        gateway.ask()

    (line,) = [vars(record) for record in caplog.records if record.name.startswith("openmind_llm")]
    assert (line["message"], line["status"]) == ("completion", 200)
    assert line["replay_of"] == first.headers["x-request-id"]


@both
def test_neither_content_nor_key_is_logged(body: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    said = "a canary sang"
    gateway = Gateway(upstream=FakeUpstreamPort(completion(choices=[{"message": {"content": said}}])))
    gateway.upstream.chunks = [chunk({"content": said}), *HELLO]
    asked = body | {"messages": [{"role": "user", "content": "what the canary heard"}]}

    with caplog.at_level(logging.DEBUG):
        assert said.encode() in b"".join(gateway.ask("canary-key", asked).pieces)
        gateway.ask("canary-key", asked)
        gateway.ask("canary-key", body)

    assert len(caplog.records) >= 3
    assert "canary" not in repr([vars(record) for record in caplog.records])


def test_the_key_itself_is_not_stored() -> None:
    gateway = Gateway()
    gateway.ask("canary-key")

    assert "canary-key" not in repr((gateway.store.records, gateway.store.entries))
    ((account_id, record_id),) = gateway.store.records
    assert (account_id, record_id) == ("account-1", idempotency.record_id("canary-key"))
