"""A streamed answer on the wire, with a client and a provider that do as the test says."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from openmind_llm.api import event_stream
from openmind_llm.api.asgi import Message
from openmind_llm.api.event_stream import DONE, KEEP_ALIVE, EventStream
from openmind_llm.domain.completions import Reply
from openmind_llm.errors import StreamBrokenError

NEVER = 3600.0

type Payloads = Callable[["Client"], AsyncIterator[bytes]]


class Client:
    """Keeps what it gets; leaves when told to."""

    def __init__(self) -> None:
        self.start: Message = {}
        self.body: list[bytes] = []
        self.has_ended = False
        self.has_left = asyncio.Event()
        self.got = asyncio.Event()

    async def receive(self) -> Message:
        await self.has_left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.start = message
            return
        self.body.append(message["body"])
        self.has_ended = not message["more_body"]
        self.got.set()
        if self.has_ended:  # a server tells of a disconnect at the end of a response, too
            self.has_left.set()
            await asyncio.sleep(0)
            await asyncio.sleep(0)


async def relayed(
    payloads: Payloads,
    *,
    keep_alive_s: float = NEVER,
    drain_s: float = NEVER,
    total_s: float | None = None,
    client: Client | None = None,
) -> tuple[Client, Reply]:
    client = client or Client()
    reply = Reply({"x-a": "b"}, is_stream=True, payloads=payloads(client), drain_s=drain_s, total_s=total_s)
    await EventStream(reply, client.receive, client.send, keep_alive_s).relay()
    return client, reply


async def two(_: Client) -> AsyncIterator[bytes]:
    yield b'{"a":1}'
    yield b'{"b":2}'


def test_each_payload_is_an_event_and_done_the_last() -> None:
    client, reply = asyncio.run(relayed(two))

    assert client.body == [b'data: {"a":1}\n\n', b'data: {"b":2}\n\n', DONE]
    assert client.has_ended
    assert not reply.is_client_gone


def test_the_headers_tell_of_events_and_of_the_exchange() -> None:
    client, _ = asyncio.run(relayed(two))

    headers = dict(client.start["headers"])
    assert (client.start["status"], headers[b"x-a"]) == (200, b"b")
    assert headers[b"content-type"] == b"text/event-stream; charset=utf-8"
    assert headers[b"cache-control"] == b"no-cache"


def test_a_stream_that_breaks_ends_with_an_error_and_without_done() -> None:
    async def breaking(_: Client) -> AsyncIterator[bytes]:
        yield b'{"a":1}'
        raise StreamBrokenError("openai", "broke off")

    client, _ = asyncio.run(relayed(breaking))

    error = json.loads(client.body[-1].removeprefix(b"data: "))
    assert error == {"error": {"message": "openai broke off", "type": "api_error", "code": "stream_broken"}}
    assert DONE not in client.body
    assert client.has_ended


def test_a_fault_of_ours_ends_the_stream_with_an_error_too() -> None:
    client = Client()

    async def faulty(_: Client) -> AsyncIterator[bytes]:
        yield b'{"a":1}'
        raise KeyError("secret")

    with pytest.raises(KeyError):
        asyncio.run(relayed(faulty, client=client))

    error = json.loads(client.body[-1].removeprefix(b"data: "))["error"]
    assert (error["message"], error["code"]) == ("Internal server error", "internal_error")
    assert client.has_ended


def test_silences_are_filled() -> None:
    async def silent(client: Client) -> AsyncIterator[bytes]:
        yield b'{"a":1}'
        while client.body.count(KEEP_ALIVE) < 3:
            client.got.clear()
            await client.got.wait()
        yield b'{"b":2}'

    client, _ = asyncio.run(relayed(silent, keep_alive_s=0.01))

    assert client.body[:4] == [b'data: {"a":1}\n\n', KEEP_ALIVE, KEEP_ALIVE, KEEP_ALIVE]
    assert client.body[-2:] == [b'data: {"b":2}\n\n', DONE]


def test_a_client_that_leaves_is_read_on_for_and_gets_no_more() -> None:
    read = []

    async def leaving(client: Client) -> AsyncIterator[bytes]:
        yield b'{"a":1}'
        client.has_left.set()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for number in range(3):
            read.append(number)
            yield b'{"b":2}'

    client, reply = asyncio.run(relayed(leaving))

    assert client.body == [b'data: {"a":1}\n\n']
    assert (reply.is_client_gone, read) == (True, [0, 1, 2])


def test_a_client_that_leaves_in_a_silence_is_not_waited_for_beyond_the_bound() -> None:
    async def silent(client: Client) -> AsyncIterator[bytes]:
        yield b'{"a":1}'
        client.has_left.set()
        await asyncio.Event().wait()

    client, reply = asyncio.run(relayed(silent, keep_alive_s=0.001, drain_s=0.01))

    assert [event for event in client.body if event != KEEP_ALIVE] == [b'data: {"a":1}\n\n']
    assert reply.is_client_gone


def test_a_server_that_cannot_send_any_more_says_that_the_client_left() -> None:
    class Broken(Client):
        async def send(self, message: Message) -> None:
            await super().send(message)
            if len(self.body) == 1:
                raise BrokenPipeError

    async def play() -> tuple[Client, Reply]:
        return await relayed(two, client=Broken())

    client, reply = asyncio.run(play())

    assert client.body == [b'data: {"a":1}\n\n']
    assert reply.is_client_gone


def test_a_stream_whose_time_is_up_says_so_before_it_ends() -> None:
    async def endless(client: Client) -> AsyncIterator[bytes]:
        yield b'{"a":1}'
        await asyncio.Event().wait()

    async def play(client: Client) -> None:
        task = asyncio.create_task(relayed(endless, client=client))
        await client.got.wait()
        task.cancel()
        await task

    async def cancelled() -> Client:
        client = Client()
        with pytest.raises(asyncio.CancelledError):
            await play(client)
        return client

    client = asyncio.run(cancelled())

    error: Any = json.loads(client.body[-1].removeprefix(b"data: "))
    assert error["error"]["code"] == "deadline_exceeded"
    assert client.has_ended


class Stuck(Client):
    """Reads the head of the response, and no more."""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()


def test_a_client_that_does_not_read_is_not_waited_for_beyond_the_whole_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "LAST_WORDS_S", 0.01)

    client, reply = asyncio.run(relayed(two, total_s=0.01, client=Stuck()))

    assert client.body == []
    assert not reply.is_client_gone


def test_a_client_that_does_not_read_does_not_hold_up_a_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "LAST_WORDS_S", 0.01)

    async def cancelled() -> None:
        task = asyncio.create_task(relayed(two, client=Stuck()))
        await asyncio.sleep(0.01)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(asyncio.wait_for(cancelled(), 5))


def test_a_whole_time_that_is_up_is_told() -> None:
    async def endless(_: Client) -> AsyncIterator[bytes]:
        yield b'{"a":1}'
        await asyncio.Event().wait()

    client, _ = asyncio.run(relayed(endless, total_s=0.01))

    assert json.loads(client.body[-1].removeprefix(b"data: "))["error"]["code"] == "deadline_exceeded"


def test_a_time_out_of_ours_is_not_taken_for_an_end() -> None:
    async def faulty(_: Client) -> AsyncIterator[bytes]:
        yield b'{"a":1}'
        raise TimeoutError

    with pytest.raises(TimeoutError):
        asyncio.run(relayed(faulty))


def test_events_are_not_mixed_with_what_fills_silences() -> None:
    class Slow(Client):
        sending = 0

        async def send(self, message: Message) -> None:
            self.sending += 1
            assert self.sending == 1
            await asyncio.sleep(0.005)
            self.sending -= 1
            await super().send(message)

    async def many(_: Client) -> AsyncIterator[bytes]:
        for number in range(20):
            await asyncio.sleep(0.003)
            yield b"%d" % number

    async def play() -> tuple[Client, Reply]:
        return await relayed(many, keep_alive_s=0.001, client=Slow())

    client, _ = asyncio.run(play())

    assert [event for event in client.body if event != KEEP_ALIVE] == [b"data: %d\n\n" % n for n in range(20)] + [DONE]
