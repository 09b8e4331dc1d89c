"""The completions endpoint, from its scope to its line in the log."""

import asyncio
import logging
from typing import Any

import pytest

from openmind_llm import plans
from openmind_llm.api.asgi import Message
from openmind_llm.api.completions import CompletionsEndpoint
from openmind_llm.domain.completions import Completions, Times
from openmind_llm.domain.keys import Caller
from openmind_llm.providers import table
from tests import memory_cache
from tests.fake_upstream import completion
from tests.fakes import FakeClock, FakeUpstreamPort, Fixed, attempts
from tests.memory_ledger import ledger, open_store

BODY = b'{"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}'


def ask(**scope: Any) -> list[Message]:
    """Every message that comes back for one good request."""
    clock, sent = FakeClock(), []
    store = open_store()
    kept = ledger(store, plans.load(), clock)
    completions = Completions(
        Fixed(table.load()), FakeUpstreamPort(completion()), attempts(clock), kept, clock, Times(drain_s=1)
    )

    async def receive() -> Message:
        return {"type": "http.request", "body": BODY}

    async def send(message: Message) -> None:
        sent.append(message)

    whole = {
        "headers": [(b"content-type", b"application/json")],
        "path_params": {"provider": "openai"},
        "state": {"caller": Caller("key-1", "account-1"), "request_id": "request-1"},
    }
    caching = memory_cache.caching(completions, kept, store, clock)
    asyncio.run(CompletionsEndpoint(caching, 1000, 1)(whole | scope, receive, send))
    return sent


def line(caplog: pytest.LogCaptureFixture) -> dict[str, Any]:
    (record,) = (vars(one) for one in caplog.records if one.getMessage() == "completion")
    return record


@pytest.fixture(autouse=True)
def _all_levels(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def test_the_line_of_a_completion_has_the_id_that_api_gateway_gave(caplog: pytest.LogCaptureFixture) -> None:
    start, _ = ask(**{"aws.event": {"requestContext": {"requestId": "gateway-id"}}})

    assert start["status"] == 200
    assert (line(caplog)["request_id"], line(caplog)["gateway_request_id"]) == ("request-1", "gateway-id")


def test_the_line_of_a_completion_has_the_clients_trace(caplog: pytest.LogCaptureFixture) -> None:
    traceparent = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    ask(headers=[(b"content-type", b"application/json"), (b"traceparent", traceparent)])

    assert line(caplog)["trace_id"] == "0af7651916cd43dd8448eb211c80319c"


def test_without_a_trace_of_the_clients_there_is_no_id_of_one(caplog: pytest.LogCaptureFixture) -> None:
    ask()

    assert "trace_id" not in line(caplog)


@pytest.mark.parametrize("scope", [{}, {"aws.event": {}}, {"aws.event": {"requestContext": {}}}])
def test_without_api_gateway_there_is_no_id_of_its_own(caplog: pytest.LogCaptureFixture, scope: dict[str, Any]) -> None:
    ask(**scope)

    assert "gateway_request_id" not in line(caplog)
