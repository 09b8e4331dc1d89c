"""What holds for every answer, whatever happens inside."""

import asyncio
import json
import logging
from typing import Any

import pytest

from openmind_llm.api.asgi import ClientGoneError, Message, Receive, Scope, Send, read_body, send_json
from openmind_llm.api.middleware import Outermost, RequireKey
from openmind_llm.domain.keys import Caller
from openmind_llm.errors import AuthenticationError, RateLimitError
from tests.canaries import API_KEY

CALLER = Caller(key_id="id", account_id="acme", plan="pro")


def call(app: Any, scope: dict[str, Any] | None = None, messages: list[Message] | None = None) -> list[Message]:
    """Every message that came back for one request."""
    pending = messages or [{"type": "http.request", "body": b"", "more_body": False}]
    sent: list[Message] = []

    async def receive() -> Message:
        return pending.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    whole = {"type": "http", "method": "GET", "path": "/x", "headers": []} | (scope or {})
    asyncio.run(app(whole, receive, send))
    return sent


def raising(error: Exception) -> Any:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise error

    return app


async def greet(scope: Scope, receive: Receive, send: Send) -> None:
    caller = scope["state"].get("caller")
    await send_json(send, 200, json.dumps({"caller": caller.key_id if caller else None}).encode(), {})


def test_an_unexpected_error_is_a_plain_500() -> None:
    start, body = call(Outermost(raising(RuntimeError(API_KEY))))

    assert start["status"] == 500
    assert json.loads(body["body"]) == {"error": "Internal server error"}


def test_the_log_of_an_unexpected_error_has_its_trace_without_keys(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        call(Outermost(raising(RuntimeError(f"header {API_KEY}"))))

    trace = caplog.records[-1].__dict__["trace"]
    assert "RuntimeError: header [redacted]" in trace


def test_an_error_of_the_tree_has_its_own_answer() -> None:
    start, body = call(Outermost(raising(RateLimitError("slow down", retry_after_s=3))))

    assert start["status"] == 429
    assert (b"retry-after", b"3") in start["headers"]
    assert json.loads(body["body"]) == {"error": "slow down"}


def test_a_failure_after_the_first_byte_adds_nothing() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError

    assert [message["type"] for message in call(Outermost(app))] == ["http.response.start"]


def test_a_client_that_left_gets_no_answer() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await read_body(receive, 10)

    assert call(Outermost(app), messages=[{"type": "http.disconnect"}]) == []


def test_the_id_of_api_gateway_is_ours_too() -> None:
    event = {"requestContext": {"requestId": "gateway-id"}}

    start, _ = call(Outermost(greet), {"aws.event": event})

    assert (b"x-request-id", b"gateway-id") in start["headers"]


def test_a_body_may_come_in_parts() -> None:
    parts: list[Message] = [
        {"type": "http.request", "body": b"ab", "more_body": True},
        {"type": "http.request", "body": b"c"},
    ]

    async def receive() -> Message:
        return parts.pop(0)

    assert asyncio.run(read_body(receive, 3)) == b"abc"


def test_a_client_that_leaves_in_the_middle_is_noticed() -> None:
    async def receive() -> Message:
        return {"type": "http.disconnect"}

    with pytest.raises(ClientGoneError):
        asyncio.run(read_body(receive, 3))


def refusing(key: str) -> Caller:
    raise AuthenticationError


def guarded(event: dict[str, Any] | None = None, path: str = "/x") -> tuple[int, Any]:
    scope = {"path": path} | ({"aws.event": event} if event else {})
    start, body = call(Outermost(RequireKey(greet, refusing)), scope)
    return start["status"], json.loads(body["body"])


def test_what_the_authorizer_found_is_trusted() -> None:
    authorizer = {"key_id": "id", "account_id": "acme", "plan": "pro", "principalId": "id"}

    assert guarded({"requestContext": {"authorizer": authorizer}}) == (200, {"caller": "id"})


@pytest.mark.parametrize("authorizer", [None, {}, {"principalId": "x"}, {"iam": {"userId": "x"}}])
def test_an_event_without_our_authorizer_is_checked_here(authorizer: Any) -> None:
    status, _ = guarded({"requestContext": {"authorizer": authorizer}})

    assert status == 401


@pytest.mark.parametrize("path", ["/health", "/openapi.json", "/docs"])
def test_a_public_path_needs_no_key(path: str) -> None:
    assert guarded(path=path) == (200, {"caller": None})


@pytest.mark.parametrize("path", ["/health/", "//health", "/docs/x", "/Health", "/openapi.json%00"])
def test_a_path_that_only_looks_public_needs_a_key(path: str) -> None:
    status, _ = guarded(path=path)

    assert status == 401
