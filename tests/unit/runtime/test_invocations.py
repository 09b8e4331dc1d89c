"""The loop: what an application is given, one event after the other."""

import asyncio
import time
from typing import Any

import pytest

from openmind_llm.runtime.api import RuntimeApi
from openmind_llm.runtime.asgi import Receive, Scope, Send
from openmind_llm.runtime.connection import RuntimeApiError
from tests.fake_runtime_api import FakeRuntimeApi
from tests.unit.runtime.serving import body, hello, rest_event, serve, start, url_event


class Recorder:
    """An application that keeps what it was given, and answers."""

    def __init__(self) -> None:
        self.scopes: list[Any] = []
        self.messages: list[Any] = []
        self.trace_ids: list[str | None] = []
        self.environ: dict[str, str] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scopes.append(scope)
        self.trace_ids.append(self.environ.get("_X_AMZN_TRACE_ID"))
        self.messages.append(await receive())
        await hello(scope, receive, send)
        self.messages.append(await receive())


def test_events_are_served_one_after_the_other(api: FakeRuntimeApi) -> None:
    for path in ("/1", "/2", "/3"):
        api.give(rest_event(path=path))
    app = Recorder()

    serve(api, app)

    assert [scope["path"] for scope in app.scopes] == ["/1", "/2", "/3"]
    kinds = [received.kind for received in api.received]
    assert kinds == ["next", "response", "next", "response", "next", "response", "next"]


@pytest.mark.parametrize("event", [rest_event(), url_event()])
def test_both_kinds_of_events_are_served(api: FakeRuntimeApi, event: Any) -> None:
    api.give(event)

    serve(api, hello)

    assert api.response.payload == [b"hello"]


def test_the_next_event_is_asked_for_on_the_same_connection(api: FakeRuntimeApi) -> None:
    for _ in range(3):
        api.give(rest_event())

    serve(api, hello)

    assert len({received.connection for received in api.of_kind("next")}) == 1


def test_a_lost_connection_is_replaced(api: FakeRuntimeApi) -> None:
    api.next_replies = [b"HTTP/1.1 204 No Content\r\n\r\n", b"", b"HTTP/1.1 204 No Content\r\n\r\n"]
    api.give(rest_event())

    serve(api, hello)

    assert api.response.is_whole
    assert len({received.connection for received in api.of_kind("next")}) == 2


def test_a_connection_that_is_to_be_closed_is_replaced(api: FakeRuntimeApi) -> None:
    api.next_replies = [b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"]
    api.give(rest_event())

    serve(api, hello)

    assert len({received.connection for received in api.of_kind("next")}) == 2


def test_no_content_means_ask_again(api: FakeRuntimeApi) -> None:
    api.next_replies = [b"HTTP/1.1 204 No Content\r\n\r\n"] * 2
    api.give(rest_event())

    serve(api, hello)

    assert (len(api.of_kind("next")), api.response.is_whole) == (4, True)


@pytest.mark.parametrize("reply", [b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", b"nonsense\r\n\r\n", b""])
def test_a_runtime_api_that_fails_ends_the_loop(api: FakeRuntimeApi, reply: bytes) -> None:
    api.next_replies = [reply]

    with pytest.raises(RuntimeApiError):
        serve(api, hello)


def test_a_runtime_api_that_is_not_there_is_an_error() -> None:
    with pytest.raises(RuntimeApiError):
        asyncio.run(RuntimeApi("127.0.0.1:1").next())


def test_the_runtime_api_may_have_a_path(api: FakeRuntimeApi) -> None:
    with FakeRuntimeApi(prefix=".rt/name") as prefixed:
        prefixed.give(rest_event())

        serve(prefixed, hello)

        assert prefixed.response.path.startswith("/.rt/name/2018-06-01/runtime/invocation/")


def test_an_event_may_come_in_chunks(api: FakeRuntimeApi) -> None:
    api.chunk_replies = True
    api.give(rest_event(httpMethod="POST", body="text" * 1000))
    app = Recorder()

    serve(api, app)

    assert app.messages[0]["body"] == b"text" * 1000


def test_a_large_event_arrives_whole(api: FakeRuntimeApi) -> None:
    api.give(rest_event(body="x" * 6_000_000))
    app = Recorder()

    serve(api, app)

    assert len(app.messages[0]["body"]) == 6_000_000


def test_the_body_comes_first_and_the_end_of_the_response_is_a_disconnect(api: FakeRuntimeApi) -> None:
    api.give(rest_event(body="text"))
    app = Recorder()

    serve(api, app)

    expected = {"type": "http.request", "body": b"text", "more_body": False}
    assert app.messages == [expected, {"type": "http.disconnect"}]


def test_the_context_says_which_invocation_it_is(api: FakeRuntimeApi) -> None:
    api.give(rest_event(), aws_request_id="r-1", invoked_function_arn="arn:x")
    app = Recorder()

    serve(api, app)

    context = app.scopes[0]["aws.context"]
    assert (context.request_id, context.invoked_function_arn, context.deadline) == ("r-1", "arn:x", None)


def test_the_deadline_is_on_the_monotonic_clock(api: FakeRuntimeApi) -> None:
    api.give(rest_event(), deadline_ms=str(int((time.time() + 60) * 1000)))
    app = Recorder()

    serve(api, app)

    assert app.scopes[0]["aws.context"].deadline == pytest.approx(time.monotonic() + 60, abs=5)


@pytest.mark.parametrize("deadline", ["600000", "0", "-1", "soon", ""])
def test_a_deadline_that_cannot_be_is_none(api: FakeRuntimeApi, deadline: str) -> None:
    api.give(rest_event(), deadline_ms=deadline)
    app = Recorder()

    serve(api, app)

    assert (app.scopes[0]["aws.context"].deadline, api.response.is_whole) == (None, True)


def test_each_request_has_a_copy_of_the_lifespans_state(api: FakeRuntimeApi) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(dict(scope["state"]))
        scope["state"]["own"] = True
        await hello(scope, receive, send)

    seen: list[dict[str, Any]] = []
    api.give(rest_event())
    api.give(rest_event())

    serve(api, app, state={"shared": 1})

    assert seen == [{"shared": 1}, {"shared": 1}]


def test_the_trace_id_is_that_of_the_invocation(api: FakeRuntimeApi) -> None:
    api.give(rest_event(), trace_id="Root=1")
    api.give(rest_event())
    api.give(rest_event(), trace_id="Root=2")
    app = Recorder()

    serve(api, app, environ=app.environ)

    assert app.trace_ids == ["Root=1", None, "Root=2"]


def test_the_invocation_id_is_given_back(api: FakeRuntimeApi) -> None:
    api.give(rest_event(), invocation_id="i-1")
    api.give({}, invocation_id="i-2")

    serve(api, hello)

    ids = [received.headers["lambda-runtime-invocation-id"] for received in (api.response, api.error)]
    assert ids == ["i-1", "i-2"]


@pytest.mark.parametrize("event", [{"Records": []}, b"{", b""])
def test_an_unknown_event_is_refused_and_the_next_one_served(api: FakeRuntimeApi, event: Any) -> None:
    api.give(event, aws_request_id="r-1")
    api.give(rest_event())

    serve(api, hello)

    assert api.error.path.endswith("/invocation/r-1/error")
    assert api.error.headers["lambda-runtime-function-error-type"] == "Runtime.UnknownEvent"
    assert api.error.json["errorType"] == "Runtime.UnknownEvent"
    assert api.response.is_whole


def test_the_next_event_waits_until_the_application_has_ended(api: FakeRuntimeApi) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await start(send)
        await body(send, b"all")
        for _ in range(20):
            await asyncio.sleep(0)
        seen.append(len(api.of_kind("next")))

    seen: list[int] = []
    api.give(rest_event())
    api.give(rest_event())

    serve(api, app)

    assert seen == [1, 2]
