"""What holds for every answer, whatever happens inside."""

import asyncio
import json
import logging
import uuid
from typing import Any

import pytest

from openmind_llm.api.asgi import App, ClientGoneError, Message, Receive, Scope, Send, read_body, send_json
from openmind_llm.api.middleware import Door, Outermost, RequireKey
from openmind_llm.domain.keys import Caller
from openmind_llm.errors import AuthenticationError, RateLimitError
from tests.canaries import API_KEY

CALLER = Caller(key_id="id", account_id="acme")
NOW_S = 1_764_000_000.5


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


def outermost(app: App) -> Outermost:
    return Outermost(app, lambda: NOW_S)


async def greet(scope: Scope, receive: Receive, send: Send) -> None:
    caller = scope["state"].get("caller")
    await send_json(send, 200, json.dumps({"caller": caller.key_id if caller else None}).encode(), {})


def test_an_unexpected_error_is_a_plain_500() -> None:
    start, body = call(outermost(raising(RuntimeError(API_KEY))))

    assert start["status"] == 500
    assert json.loads(body["body"]) == {"error": "Internal server error"}


def test_the_log_of_an_unexpected_error_has_its_trace_without_keys(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        call(outermost(raising(RuntimeError(f"header {API_KEY}"))))

    trace = caplog.records[-1].__dict__["trace"]
    assert "RuntimeError: header [redacted]" in trace


def test_an_error_of_the_tree_has_its_own_answer() -> None:
    start, body = call(outermost(raising(RateLimitError("slow down", retry_after_s=3))))

    assert start["status"] == 429
    assert (b"retry-after", b"3") in start["headers"]
    assert json.loads(body["body"]) == {"error": "slow down"}


def test_a_failure_after_the_first_byte_adds_nothing() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError

    assert [message["type"] for message in call(outermost(app))] == ["http.response.start"]


def test_a_client_that_left_gets_no_answer() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await read_body(receive, 10)

    assert call(outermost(app), messages=[{"type": "http.disconnect"}]) == []


@pytest.mark.parametrize("event", [{}, {"requestContext": {"requestId": "gateway-id"}}])
def test_an_id_is_our_own_and_begins_with_its_time(event: dict[str, Any]) -> None:
    start, _ = call(outermost(greet), {"aws.event": event})

    (request_id,) = (uuid.UUID(value.decode()) for name, value in start["headers"] if name == b"x-request-id")
    assert request_id.version == 7
    assert request_id.int >> 80 == 1_764_000_000_500


def test_no_two_requests_have_one_id() -> None:
    ids = {dict(call(outermost(greet))[0]["headers"])[b"x-request-id"] for _ in range(20)}

    assert len(ids) == 20


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


def refusing(_: object) -> Caller:
    raise AuthenticationError


STRANGERS = Door(refusing, lambda _: None)
"""Nobody shows a good key; whoever was let in earlier is still welcome."""

REVOKED = Door(lambda _: CALLER, refusing)
"""The key is good by what was lately seen of it, and by now it is revoked."""


def guarded(
    event: dict[str, Any] | None = None, path: str = "/x", door: Door = STRANGERS, **scope: Any
) -> tuple[int, Any]:
    scope |= {"path": path} | ({"aws.event": event} if event else {})
    start, body = call(outermost(RequireKey(greet, door)), scope)
    return start["status"], json.loads(body["body"])


AUTHORIZED = {"requestContext": {"authorizer": {"key_id": "id", "account_id": "acme", "principalId": "id"}}}


def test_what_the_authorizer_found_is_trusted() -> None:
    assert guarded(AUTHORIZED) == (200, {"caller": "id"})


@pytest.mark.parametrize("path", ["/x", "/api/core/models", "/chat/completions/x"])
@pytest.mark.parametrize("way", [{"event": AUTHORIZED}, {"headers": [(b"x-api-key", b"some-key")]}])
def test_a_key_that_was_revoked_meanwhile_is_refused(path: str, way: dict[str, Any]) -> None:
    status, _ = guarded(path=path, door=REVOKED, **way)

    assert status == 401


def test_on_the_way_to_a_completion_the_key_is_not_looked_up_twice() -> None:
    """The admission tells whether it still holds."""
    assert guarded(AUTHORIZED, "/api/core/openai/chat/completions", REVOKED) == (200, {"caller": "id"})


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


LOGINS = Door(refusing, refusing, lambda token: token)
"""Every login is good, and no key is."""


def test_on_the_path_of_a_login_no_key_is_asked_for() -> None:
    headers = [(b"authorization", b"Bearer a-login")]

    assert guarded(path="/api/core/api_keys", door=LOGINS, headers=headers) == (200, {"caller": None})


def test_what_the_authorizer_found_is_no_login() -> None:
    assert guarded(AUTHORIZED, "/api/core/api_keys", LOGINS) == (401, {"error": "User not found"})


def test_a_door_without_logins_wants_a_key_everywhere() -> None:
    status, told = guarded(path="/api/core/api_keys", headers=[(b"authorization", b"Bearer a-login")])

    assert (status, told["error"].startswith("Missing or invalid API key")) == (401, True)
