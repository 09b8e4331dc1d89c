"""Clients that leave before the response has ended."""

import asyncio
import json
import socket
import threading

import pytest

from openmind_llm.runtime.asgi import App, Receive, Scope, Send
from openmind_llm.runtime.connection import Connection
from openmind_llm.runtime.response import ClientDisconnectedError
from tests.fake_runtime_api import TIMEOUT_S, FakeRuntimeApi, HangUp, OnChunk, Received
from tests.unit.runtime.serving import body, hello, rest_event, serve, start

REFUSAL = b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"


def _hangs_up(received: Received, _: socket.socket) -> None:
    if b"half" in received.chunks:
        raise HangUp


def _refuses_early(received: Received, connection: socket.socket) -> None:
    if b"half" in received.chunks:
        connection.sendall(REFUSAL)


def _accepts_and_hangs_up(received: Received, connection: socket.socket) -> None:
    if b"half" in received.chunks:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        raise HangUp


LEAVING = [_hangs_up, _refuses_early, _accepts_and_hangs_up]


class Told:
    """Waits for the disconnect in the middle of its first response."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.send_errors: list[Exception] = []
        self.nexts_at_its_end = 0

    async def serve_path(self, api: FakeRuntimeApi, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] != "/leave":
            return await hello(scope, receive, send)
        await receive()
        await start(send)
        await body(send, b"half", more=True)
        self.messages.append((await receive())["type"])
        try:
            await body(send, b"more", more=True)
        except OSError as error:
            self.send_errors.append(error)
        self.nexts_at_its_end = len(api.of_kind("next"))
        return None

    def app(self, api: FakeRuntimeApi) -> App:
        return lambda scope, receive, send: self.serve_path(api, scope, receive, send)


@pytest.fixture(params=LEAVING)
def leaving(request: pytest.FixtureRequest, api: FakeRuntimeApi) -> FakeRuntimeApi:
    on_chunk: OnChunk = request.param
    api.on_chunk = on_chunk
    api.give(rest_event(path="/leave"))
    return api


def test_the_application_is_told(leaving: FakeRuntimeApi) -> None:
    told = Told()

    serve(leaving, told.app(leaving))

    assert told.messages == ["http.disconnect"]


def test_sending_is_an_error_from_then_on(leaving: FakeRuntimeApi) -> None:
    told = Told()

    serve(leaving, told.app(leaving))

    assert [type(error) for error in told.send_errors] == [ClientDisconnectedError]


def test_the_application_may_go_on_before_the_next_event_is_taken(leaving: FakeRuntimeApi) -> None:
    leaving.give(rest_event())
    told = Told()

    serve(leaving, told.app(leaving))

    assert told.nexts_at_its_end == 1
    assert leaving.of_kind("response")[-1].payload == [b"hello"]


def test_nothing_more_is_sent_or_reported(leaving: FakeRuntimeApi, capsys: pytest.CaptureFixture[str]) -> None:
    told = Told()

    serve(leaving, told.app(leaving))

    assert (leaving.response.payload, leaving.response.is_whole) == ([b"half"], False)
    assert (leaving.of_kind("error"), _logged(capsys)) == ([], [])


def _logged(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The errors, but for the Runtime API's own word."""
    types = [json.loads(line)["errorType"] for line in capsys.readouterr().err.splitlines()]
    return [name for name in types if name != "Runtime.ResponseRefused"]


async def _sends_on(scope: Scope, receive: Receive, send: Send) -> None:
    """Never asks whether anybody is there."""
    await start(send)
    await body(send, b"half", more=True)
    while True:
        await body(send, b"more", more=True)


def test_an_application_that_only_sends_gets_to_know(
    leaving: FakeRuntimeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    serve(leaving, _sends_on)

    assert (leaving.of_kind("error"), _logged(capsys)) == ([], [])


def test_a_failure_for_a_client_that_has_gone_is_logged_alone(
    leaving: FakeRuntimeApi, capsys: pytest.CaptureFixture[str]
) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await start(send)
        await body(send, b"half", more=True)
        await receive()
        raise KeyError

    serve(leaving, app)

    assert (leaving.of_kind("error"), _logged(capsys)) == ([], ["KeyError"])


def test_a_refusal_of_the_response_is_logged(api: FakeRuntimeApi, capsys: pytest.CaptureFixture[str]) -> None:
    api.on_chunk = _refuses_early
    api.give(rest_event())

    serve(api, _sends_on)

    assert json.loads(capsys.readouterr().err)["message"] == "The Runtime API refused the response: 413"


def test_to_accept_before_the_end_is_not_to_leave(api: FakeRuntimeApi) -> None:
    """As cargo-lambda does with every response."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await start(send)
        await body(send, b"half", more=True)
        assert await asyncio.to_thread(has_answered.wait, TIMEOUT_S)
        for _ in range(10):
            await body(send, b"more", more=True)
        await body(send, b"")

    def on_chunk(received: Received, connection: socket.socket) -> None:
        if received.chunks[-1] == b"half":
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            has_answered.set()

    has_answered = threading.Event()
    api.on_chunk = on_chunk
    api.give(rest_event())

    serve(api, app)

    assert api.response.whole.wait(TIMEOUT_S)
    assert len(api.response.payload) == 11


@pytest.mark.parametrize("is_last", [False, True])
def test_a_refusal_releases_a_writer_that_waits(api: FakeRuntimeApi, *, is_last: bool) -> None:
    """The reader has refused, reads no more, and does not close the connection either."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await start(send)
        await body(send, b"half", more=True)
        is_writing.set()
        try:
            await body(send, bytes(64 * 1024 * 1024), more=not is_last)
        finally:
            was_released.set()

    def on_chunk(received: Received, connection: socket.socket) -> None:
        if b"half" in received.chunks:
            assert is_writing.wait(TIMEOUT_S)
            connection.sendall(REFUSAL)
            in_time.append(was_released.wait(TIMEOUT_S / 2))
            raise HangUp

    in_time: list[bool] = []
    is_writing, was_released = threading.Event(), threading.Event()
    api.on_chunk = on_chunk
    api.give(rest_event())

    serve(api, app)

    assert in_time == [True]


@pytest.fixture
def lost(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Set when the runtime has seen the end of a connection."""
    event, ended = asyncio.Event(), Connection.connection_lost

    def told(self: Connection, error: Exception | None) -> None:
        ended(self, error)
        event.set()

    monkeypatch.setattr(Connection, "connection_lost", told)
    return event


def test_a_response_that_cannot_be_opened_is_a_client_that_has_gone(
    api: FakeRuntimeApi, lost: asyncio.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection that the event came on is lost, and there is no other one."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await start(send)
        with monkeypatch.context() as patch:
            patch.setattr(asyncio.get_running_loop(), "create_connection", refused)
            await asyncio.wait_for(lost.wait(), TIMEOUT_S)
            try:
                await body(send, b"half", more=True)
            except ClientDisconnectedError:
                seen.append((await receive())["type"])

    async def refused(*_: object, **__: object) -> None:
        raise ConnectionRefusedError

    seen: list[str] = []
    api.closes_after_events = True
    api.give(rest_event())

    serve(api, app)

    assert seen == ["http.disconnect"]


def test_a_response_takes_a_new_connection_where_that_of_its_event_is_lost(
    api: FakeRuntimeApi, lost: asyncio.Event
) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.wait_for(lost.wait(), TIMEOUT_S)
        await hello(scope, receive, send)

    api.closes_after_events = True
    api.give(rest_event())

    serve(api, app)

    assert api.response.payload == [b"hello"]


def test_sending_after_the_end_is_an_error(api: FakeRuntimeApi) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await hello(scope, receive, send)
        with pytest.raises(ClientDisconnectedError):
            await body(send, b"more")
        was_refused.append(True)

    was_refused: list[bool] = []
    api.give(rest_event())

    serve(api, app)

    assert (was_refused, api.response.payload) == ([True], [b"hello"])
