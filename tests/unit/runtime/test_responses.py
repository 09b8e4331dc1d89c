"""What goes to the Runtime API, chunk by chunk."""

import asyncio
import json
import socket
import threading
from http import HTTPStatus

import pytest

from openmind_llm.runtime.asgi import Receive, Scope, Send
from openmind_llm.runtime.connection import Connection
from tests.fake_runtime_api import TIMEOUT_S, FakeRuntimeApi, Received
from tests.unit.runtime.serving import body, hello, rest_event, serve, start, url_event


def test_a_response_is_streamed_in_lambdas_form(api: FakeRuntimeApi) -> None:
    api.give(rest_event(), aws_request_id="r-1")

    serve(api, hello)

    assert api.response.path == "/2018-06-01/runtime/invocation/r-1/response"
    assert api.response.headers == {
        "host": api.address,
        "content-type": "application/vnd.awslambda.http-integration-response",
        "lambda-runtime-function-response-mode": "streaming",
        "transfer-encoding": "chunked",
        "trailer": "Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body",
    }


def test_prelude_and_delimiter_are_chunks_of_their_own(api: FakeRuntimeApi) -> None:
    api.give(rest_event())

    serve(api, hello)

    first, second, third = api.response.chunks
    assert json.loads(first) == {"statusCode": 200, "headers": {"content-type": "text/plain"}, "cookies": []}
    assert (second, third, api.response.is_whole) == (bytes(8), b"hello", True)


def test_each_body_message_is_one_chunk(api: FakeRuntimeApi) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await start(send)
        for number in range(5):
            await body(send, b"%d" % number, more=True)
        await body(send, b"end")

    api.give(rest_event())

    serve(api, app)

    assert api.response.payload == [b"0", b"1", b"2", b"3", b"4", b"end"]


def test_a_chunk_leaves_before_the_next_one_is_made(api: FakeRuntimeApi) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await start(send)
        for number in range(3):
            await body(send, b"%d" % number, more=True)
            assert await asyncio.to_thread(arrived.acquire, timeout=TIMEOUT_S)
        await body(send, b"")

    def on_chunk(received: Received, _: socket.socket) -> None:
        if len(received.chunks) > 2:
            arrived.release()

    arrived = threading.Semaphore(0)
    api.on_chunk = on_chunk
    api.give(rest_event())

    serve(api, app)

    assert api.response.payload == [b"0", b"1", b"2"]


def test_an_empty_message_is_no_chunk(api: FakeRuntimeApi) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await start(send)
        await body(send, b"", more=True)
        await body(send, b"text", more=True)
        await body(send, b"", more=True)
        await send({"type": "http.response.body"})

    api.give(rest_event())

    serve(api, app)

    assert (api.response.payload, api.response.is_whole) == ([b"text"], True)


@pytest.mark.parametrize("has_body_message", [True, False])
def test_a_response_without_a_body_has_a_prelude(api: FakeRuntimeApi, *, has_body_message: bool) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await start(send, HTTPStatus.NO_CONTENT)
        if has_body_message:
            await body(send, b"")

    api.give(rest_event())

    serve(api, app)

    assert (api.response.prelude["statusCode"], api.response.payload) == (204, [])
    assert (api.response.is_whole, api.response.trailers) == (True, {})


def test_an_empty_first_message_sends_the_prelude(api: FakeRuntimeApi) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await start(send)
        await body(send, b"", more=True)
        assert await asyncio.to_thread(arrived.wait, TIMEOUT_S)
        await body(send, b"late")

    def on_chunk(received: Received, _: socket.socket) -> None:
        if received.chunks[-1] == bytes(8):
            arrived.set()

    arrived = threading.Event()
    api.on_chunk = on_chunk
    api.give(rest_event())

    serve(api, app)

    assert api.response.payload == [b"late"]


def test_repeated_headers_are_given_apart(api: FakeRuntimeApi) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await start(send, 200, [(b"X-One", b"1"), (b"x-many", b"a"), (b"X-Many", b"b")])
        await body(send, b"")

    api.give(rest_event())

    serve(api, app)

    headers = {"headers": {"x-one": "1"}, "multiValueHeaders": {"x-many": ["a", "b"]}}
    assert api.response.prelude == {"statusCode": 200, "cookies": []} | headers


def test_for_a_function_url_repeated_headers_are_joined(api: FakeRuntimeApi) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await start(send, 200, [(b"x-many", b"a"), (b"X-Many", b"b")])
        await body(send, b"")

    api.give(url_event())

    serve(api, app)

    assert api.response.prelude == {"statusCode": 200, "headers": {"x-many": "a, b"}, "cookies": []}


def test_cookies_are_given_apart(api: FakeRuntimeApi) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await start(send, 200, [(b"set-cookie", b"a=1"), (b"Set-Cookie", b"b=2")])
        await body(send, b"")

    api.give(rest_event())

    serve(api, app)

    assert api.response.prelude == {"statusCode": 200, "headers": {}, "cookies": ["a=1", "b=2"]}


@pytest.mark.parametrize("value", [b"a\0b", b"a\r\nx: b", b"a\nb"])
def test_a_header_with_a_control_character_is_a_fault(api: FakeRuntimeApi, value: bytes) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await start(send, 200, [(b"x", value)])
        await body(send, b"")

    api.give(rest_event())

    serve(api, app)

    assert (api.error.json["errorType"], api.of_kind("response")) == ("ValueError", [])


def test_any_other_header_leaves_no_nul_in_the_prelude(api: FakeRuntimeApi) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await start(send, 200, [(b"x", bytes(set(range(256)) - {0, 10, 13}))])
        await body(send, b"")

    api.give(rest_event())

    serve(api, app)

    assert b"\0" not in api.response.chunks[0]


def test_a_body_may_hold_anything(api: FakeRuntimeApi) -> None:
    everything = bytes(range(256)) * 1000

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await start(send)
        await body(send, everything)

    api.give(rest_event())

    serve(api, app)

    assert api.response.payload == [everything]


def test_two_tasks_may_send(api: FakeRuntimeApi) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await start(send)
        await asyncio.gather(*(body(send, b"x", more=True) for _ in range(10)))
        await body(send, b"")

    api.give(rest_event())

    serve(api, app)

    assert api.response.payload == [b"x"] * 10


def test_a_slow_reader_holds_back_the_application_but_not_its_other_tasks(api: FakeRuntimeApi) -> None:
    """The reader reads on only when the other task has seen that sending has come to a halt."""
    chunk, sent, has_ended = bytes(1024 * 1024), 0, False

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal has_ended
        await start(send)
        observer = asyncio.create_task(observe())
        await produce(send)
        has_ended = True
        await observer

    async def produce(send: Send) -> None:
        nonlocal sent
        for _ in range(64):
            await body(send, chunk, more=True)
            sent += 1
        await body(send, b"")

    async def observe() -> None:
        """A hundred turns of the loop without progress: sending waits."""
        before, turns = -1, 0
        while turns < 100:
            turns, before = (turns + 1, before) if sent == before else (0, sent)
            await asyncio.sleep(0.001)
        seen.append(has_ended)
        may_read.set()

    def on_chunk(received: Received, _: socket.socket) -> None:
        if len(received.chunks) > 2:
            assert may_read.wait(TIMEOUT_S)

    seen: list[bool] = []
    may_read = threading.Event()
    api.on_chunk = on_chunk
    api.give(rest_event())

    serve(api, app)

    assert seen == [False]
    assert (len(api.response.payload), api.response.is_whole) == (64, True)


def test_an_application_that_only_sends_lets_others_run(api: FakeRuntimeApi) -> None:
    """Such as its deadline, and the watch for a client that leaves."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        counting = asyncio.create_task(count())
        await start(send)
        for _ in range(1600):
            await body(send, b"x", more=True)
        has_sent.set()
        await body(send, b"")
        await counting

    async def count() -> None:
        while not has_sent.is_set():
            turns.append(len(turns))
            await asyncio.sleep(0)

    turns: list[int] = []
    has_sent = asyncio.Event()
    api.give(rest_event())

    serve(api, app)

    assert len(turns) >= 100


def test_chunks_are_not_held_back_by_the_kernel(api: FakeRuntimeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nagle's algorithm would keep a small chunk until the one before is acknowledged."""
    opened = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await start(send)
        await body(send, b"")

    made = Connection.connection_made

    def watched(self: Connection, transport: asyncio.BaseTransport) -> None:
        made(self, transport)
        opened.append(transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    monkeypatch.setattr(Connection, "connection_made", watched)
    api.give(rest_event())

    serve(api, app)

    assert opened
    assert all(opened)


def test_event_and_response_share_a_connection(api: FakeRuntimeApi) -> None:
    api.give(rest_event())
    api.give(rest_event())

    serve(api, hello)

    assert {received.connection for received in api.received} == {1}
