"""Applications that are still at it when their time is up. Each test takes as long as its deadline lets it."""

import asyncio
import socket
import threading
import time

import pytest

from openmind_llm.runtime import invocations
from openmind_llm.runtime.asgi import App, Receive, Scope, Send
from openmind_llm.runtime.response import ClientDisconnectedError
from tests.fake_runtime_api import TIMEOUT_S, FakeRuntimeApi, Received
from tests.unit.runtime.serving import body, hello, rest_event, serve, start

TIME_S = 1.0


class ExitError(BaseException):
    """Where the process would have ended."""


@pytest.fixture
def given(api: FakeRuntimeApi) -> FakeRuntimeApi:
    return _give(api, TIME_S)


def _give(api: FakeRuntimeApi, time_s: float) -> FakeRuntimeApi:
    api.give(rest_event(), deadline_ms=str(int((time.time() + time_s) * 1000)))
    return api


@pytest.fixture(autouse=True)
def _exits(monkeypatch: pytest.MonkeyPatch) -> None:
    def leave() -> None:
        raise ExitError

    monkeypatch.setattr(invocations, "_exit", leave)


def _silent_until_cancelled(*, starts: bool) -> App:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if starts:
            await start(send)
            await body(send, b"half", more=True)
        await asyncio.Event().wait()

    return app


def test_an_application_that_ends_in_time_is_left_alone(given: FakeRuntimeApi) -> None:
    serve(given, hello)

    assert (given.response.payload, given.response.trailers) == ([b"hello"], {})


def test_without_a_response_a_deadline_is_lambdas_error(given: FakeRuntimeApi) -> None:
    serve(given, _silent_until_cancelled(starts=False))

    assert given.error.json["errorType"] == "Runtime.DeadlineExceeded"


def test_within_a_response_a_deadline_is_told_in_trailers(given: FakeRuntimeApi) -> None:
    serve(given, _silent_until_cancelled(starts=True))

    assert given.response.payload == [b"half"]
    assert given.response.trailing_error["errorType"] == "Runtime.DeadlineExceeded"


def test_the_application_may_send_last_words(given: FakeRuntimeApi) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await start(send)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await body(send, b"last words")
            raise

    serve(given, app)

    assert (given.response.payload, given.response.trailers) == ([b"last words"], {})


def test_cancellation_comes_before_the_deadline(given: FakeRuntimeApi) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            left.append(scope["aws.context"].deadline - time.monotonic())

    left: list[float] = []

    serve(given, app, margin_s=0.2)

    assert 0 < left[0] <= 0.2


def test_the_margin_is_at_most_a_quarter_of_the_time(given: FakeRuntimeApi) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        began = time.monotonic()
        try:
            await asyncio.Event().wait()
        finally:
            spent.append(time.monotonic() - began)

    spent: list[float] = []

    serve(given, app, margin_s=60)

    assert spent[0] > TIME_S / 2


def test_an_application_that_fails_when_cancelled_is_told_by_its_own_error(given: FakeRuntimeApi) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise KeyError

    serve(given, app)

    assert given.error.json["errorType"] == "KeyError"


@pytest.mark.parametrize("starts", [False, True])
def test_an_application_that_does_not_stop_ends_the_process(given: FakeRuntimeApi, *, starts: bool) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if starts:
            await start(send)
            await body(send, b"half", more=True)
        while not may_end:
            try:
                await asyncio.sleep(0.01)
            except asyncio.CancelledError:
                continue

    may_end: list[bool] = []

    with pytest.raises(ExitError):
        _serve_then(given, app, lambda: may_end.append(True))

    assert len(given.of_kind("next")) == 1
    if starts:
        assert given.response.trailing_error["errorType"] == "Runtime.DeadlineExceeded"
    else:
        assert given.error.json["errorType"] == "Runtime.DeadlineExceeded"


def _serve_then(api: FakeRuntimeApi, app: App, release: object) -> None:
    """`release` lets the application end, when the runtime has given up on it: the test's loop has to close."""

    async def releasing(scope: Scope, receive: Receive, send: Send) -> None:
        asyncio.get_running_loop().call_at(asyncio.get_running_loop().time() + TIME_S, release)  # type: ignore[arg-type]
        await app(scope, receive, send)

    serve(api, releasing)


def test_an_application_that_stops_late_does_not_end_the_process(api: FakeRuntimeApi) -> None:
    """Its response has been ended for it; it is told so, and ends."""
    given = _give(api, 3 * TIME_S)  # it has a sixteenth of the time to end

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] != "/things":
            return await hello(scope, receive, send)
        await start(send)
        await body(send, b"half", more=True)
        await receive()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.append((await receive())["type"])
        with pytest.raises(ClientDisconnectedError):
            await body(send, b"late", more=True)
        return None

    seen: list[str] = []
    given.give(rest_event(path="/next"))

    serve(given, app)

    first, second = given.of_kind("response")
    assert (seen, first.trailing_error["errorType"]) == (["http.disconnect"], "Runtime.DeadlineExceeded")
    assert second.payload == [b"hello"]


def test_a_last_chunk_that_the_deadline_interrupts_arrives_all_the_same(given: FakeRuntimeApi) -> None:
    """Even if the Runtime API has accepted the response by then."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await start(send)
        await body(send, b"x", more=True)
        try:
            await body(send, bytes(16 * 1024 * 1024))
        finally:
            may_read.set()

    def on_chunk(received: Received, connection: socket.socket) -> None:
        if received.chunks[-1] == b"x":
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            assert may_read.wait(TIMEOUT_S)

    may_read = threading.Event()
    given.on_chunk = on_chunk

    serve(given, app)

    assert given.response.whole.wait(TIMEOUT_S)
    assert len(given.response.payload[1]) == 16 * 1024 * 1024


def test_a_reader_that_does_not_read_does_not_hold_the_process(given: FakeRuntimeApi) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await start(send)
        while True:
            await body(send, bytes(1024 * 1024), more=True)

    def on_chunk(received: Received, _: socket.socket) -> None:
        if len(received.chunks) > 2:
            may_read.wait(TIMEOUT_S)

    may_read = threading.Event()
    given.on_chunk = on_chunk

    try:
        with pytest.raises(ExitError):
            serve(given, app)
    finally:
        may_read.set()
