"""What can go wrong with a stream, through both doors: what the client sees, what is written down, what comes next."""

import json
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from openmind_llm.domain import money
from tests.doors import HttpDoor
from tests.e2e.conftest import BEARER, JSON
from tests.e2e.streaming import KEEP_ALIVE, TIMEOUT_S, LedgerRows, asked
from tests.fake_upstream import (
    DONE,
    EVENTS,
    HANG_UP,
    USAGE,
    FakeUpstream,
    HangUpError,
    Reply,
    Stream,
    chunk,
    completion,
    event,
    json_reply,
)

FIRST = event(chunk({"role": "assistant", "content": "Hello"}))
LAST = event(chunk(finish_reason="stop"))
TOLD = event(chunk(choices=[], usage=USAGE))


@pytest.fixture
def rows(stream_door: HttpDoor, upstream: FakeUpstream) -> LedgerRows:
    """Made last, when all is quiet."""
    return LedgerRows()


def says_hello(door: HttpDoor, upstream: FakeUpstream) -> bool:
    """Whether the next request through the same door is answered as if nothing had happened."""
    upstream.reset()
    rows = LedgerRows()
    with asked(door) as answer:
        texts = [one["choices"][0]["delta"].get("content") for one in answer.chunks()]
    return texts == ["", "Hello", "!", None] and rows.one()["outcome"] == "completed"


def failing(*pieces: bytes) -> Iterator[bytes]:
    yield from pieces
    raise HangUpError


ERROR_EVENT = event({"error": {"code": 429, "message": "Rate limit exceeded", "metadata": {"raw": "the prompt"}}})

UNREACHABLE = "Failed to connect to openai server"
HTML = Reply(502, b"<html>")
NO = {"error": {"message": "no"}}

BEFORE: list[tuple[str, Callable[[], Reply | Stream], int, str, str]] = [
    (
        "an error status",
        lambda: json_reply({"error": {"message": "bad field"}}, 400),
        400,
        "openai: bad field",
        "refused",
    ),
    ("a refused key", lambda: json_reply(NO, 401), 503, "openai API key not configured", "refused"),
    ("patience", lambda: json_reply(NO, 429), 429, "openai rate limit reached", "refused"),
    ("an outage", lambda: HTML, 503, UNREACHABLE, "refused"),
    ("a 200 with an error", lambda: json_reply(NO), 503, UNREACHABLE, "refused"),
    ("an error event", lambda: Stream([ERROR_EVENT]), 429, "openai rate limit reached", "refused"),
    ("no event", lambda: Stream([b": processing\n\n", DONE]), 503, UNREACHABLE, "unanswered"),
    ("an end", lambda: Stream([]), 503, UNREACHABLE, "unanswered"),
    ("a closed connection", lambda: HANG_UP, 503, UNREACHABLE, "unanswered"),
    ("a break", lambda: Stream(failing(b": processing\n\n")), 503, UNREACHABLE, "unanswered"),
    ("broken JSON", lambda: Stream([b'data: {"id": \n\n']), 503, UNREACHABLE, "unanswered"),
    ("a whole answer", lambda: json_reply(completion()), 503, UNREACHABLE, "unanswered"),
]


@pytest.mark.parametrize(("reply", "status", "text", "outcome"), [pytest.param(*row[1:], id=row[0]) for row in BEFORE])
def test_a_failure_before_the_first_event_has_its_status(
    stream_door: HttpDoor,
    upstream: FakeUpstream,
    rows: LedgerRows,
    reply: Callable[[], Reply | Stream],
    status: int,
    text: str,
    outcome: str,
) -> None:
    upstream.answer = lambda _: reply()

    with asked(stream_door) as answer:
        body = json.load(answer.reply)

    assert (answer.status, body) == (status, {"error": text})
    assert answer.reply.headers["content-type"] == "application/json"
    row = rows.one()
    assert (row["outcome"], row["charge"] == 0) == (outcome, outcome == "refused")
    assert answer.reply.headers["x-openmind-cost"] == money.text(row["charge"])
    assert says_hello(stream_door, upstream)


def test_a_provider_that_is_silent_before_its_first_event_is_given_up(
    stream_door: HttpDoor, upstream: FakeUpstream, rows: LedgerRows
) -> None:
    answered = threading.Event()
    upstream.answer = lambda _: Stream(silence(answered))

    with asked(stream_door) as answer:
        body = json.load(answer.reply)
    answered.set()

    assert (answer.status, body) == (503, {"error": "Failed to connect to openai server"})
    row = rows.one()
    assert (row["outcome"], row["is_exact"], row["output"]) == ("unanswered", False, 0)
    assert says_hello(stream_door, upstream)


def silence(until: threading.Event, *pieces: bytes) -> Iterator[bytes]:
    yield from pieces
    until.wait(TIMEOUT_S)
    raise HangUpError


OUTAGE = event({"error": {"code": 502, "message": "x"}})
BROKE_OFF = "openai broke off in the middle of its answer"
ENDED = "openai ended its stream before its answer was complete"
FAILED = "openai failed in the middle of its answer"

AFTER: list[tuple[str, Callable[[], Stream], str, str]] = [
    ("closes", lambda: Stream(failing(FIRST)), BROKE_OFF, "stream_broken"),
    ("ends", lambda: Stream([FIRST]), ENDED, "stream_broken"),
    ("says done", lambda: Stream([FIRST, DONE]), ENDED, "stream_broken"),
    ("broken JSON", lambda: Stream([FIRST, b'data: {"a"\n\n']), FAILED, "stream_broken"),
    ("an outage", lambda: Stream([FIRST, OUTAGE]), FAILED, "stream_broken"),
    ("an error event", lambda: Stream([FIRST, ERROR_EVENT]), "openai rate limit reached", "rate_limit_exceeded"),
    ("an error choice", lambda: Stream([FIRST, event(chunk(finish_reason="error"))]), FAILED, "stream_broken"),
]


@pytest.mark.parametrize(("reply", "text", "code"), [pytest.param(*row[1:], id=row[0]) for row in AFTER])
def test_a_failure_after_the_first_event_is_an_error_event_and_no_done(
    stream_door: HttpDoor, upstream: FakeUpstream, rows: LedgerRows, reply: Callable[[], Stream], text: str, code: str
) -> None:
    upstream.answer = lambda _: reply()

    with asked(stream_door) as answer:
        chunks, error = answer.broken()

    assert answer.status == 200
    assert [one["choices"][0]["delta"]["content"] for one in chunks] == ["Hello"]
    assert (error["message"], error["code"]) == (text, code)
    row = rows.one()
    assert (row["outcome"], row["is_exact"], row["sk"]) == ("broken", False, answer.request_id)
    assert says_hello(stream_door, upstream)


def test_a_stall_is_an_error_event_after_a_while(
    stream_door: HttpDoor, upstream: FakeUpstream, rows: LedgerRows
) -> None:
    answered = threading.Event()
    upstream.answer = lambda _: Stream(silence(answered, FIRST))

    with asked(stream_door) as answer:
        _, error = answer.broken()
    answered.set()

    assert error["message"] == "openai sent nothing for 1.5 s"
    assert rows.one()["outcome"] == "broken"
    assert says_hello(stream_door, upstream)


def test_an_answer_that_takes_too_long_is_an_error_event(
    stream_door: HttpDoor, upstream: FakeUpstream, rows: LedgerRows
) -> None:
    ended = threading.Event()

    def endless() -> Iterator[bytes]:
        while not ended.wait(0.2):
            yield FIRST

    upstream.answer = lambda _: Stream(endless())

    with asked(stream_door) as answer:
        _, error = answer.broken()
    ended.set()

    assert error["message"] == "openai took longer than the request may take"
    assert rows.one()["outcome"] == "broken"
    assert says_hello(stream_door, upstream)


def test_silence_is_filled_with_comments(stream_door: HttpDoor, upstream: FakeUpstream, rows: LedgerRows) -> None:
    heard = threading.Event()

    def reasoning() -> Iterator[bytes]:
        yield FIRST
        assert heard.wait(TIMEOUT_S)
        yield from (LAST, TOLD, DONE)

    upstream.answer = lambda _: Stream(reasoning())

    with asked(stream_door) as answer:
        lines = iter(answer.reply.readline, b"")
        assert next(line for line in lines if line.startswith(b":")).rstrip() == KEEP_ALIVE
        heard.set()
        rest = list(lines)

    assert rest[-2:] == [b"data: [DONE]\n", b"\n"]
    assert rows.one()["outcome"] == "completed"


def test_half_a_character_at_a_border_is_made_whole(
    stream_door: HttpDoor, upstream: FakeUpstream, rows: LedgerRows
) -> None:
    text = "Grüße 🤖"
    body = json.dumps(chunk({"content": text}), ensure_ascii=False).encode()
    cut = body.index("🤖".encode()) + 2
    upstream.streams(b"data: " + body[:cut], body[cut:] + b"\n\n", LAST, DONE)

    with asked(stream_door) as answer:
        chunks = answer.chunks()

    assert chunks[0]["choices"][0]["delta"]["content"] == text
    assert rows.one()["outcome"] == "completed"


def test_an_event_of_64_kib_passes(stream_door: HttpDoor, upstream: FakeUpstream, rows: LedgerRows) -> None:
    upstream.streams(event(chunk({"content": "x" * 65_536})), LAST, TOLD, DONE)

    with asked(stream_door) as answer:
        chunks = answer.chunks()

    assert len(chunks[0]["choices"][0]["delta"]["content"]) == 65_536
    assert rows.one()["is_exact"] is True


def test_ten_thousand_pieces_of_one_byte_pass(stream_door: HttpDoor, upstream: FakeUpstream, rows: LedgerRows) -> None:
    whole = event(chunk({"content": "x" * 9_500})) + LAST + TOLD + DONE
    upstream.streams(FIRST, *(bytes([byte]) for byte in whole))

    with asked(stream_door) as answer:
        chunks = answer.chunks()

    assert len(whole) > 10_000
    assert len(chunks[1]["choices"][0]["delta"]["content"]) == 9_500
    assert rows.one()["is_exact"] is True


def test_a_client_that_leaves_at_once_is_paid_for_by_what_the_provider_tells(
    stream_door: HttpDoor, upstream: FakeUpstream, rows: LedgerRows
) -> None:
    reached, left = threading.Event(), threading.Event()

    def slow() -> Iterator[bytes]:
        reached.set()
        assert left.wait(TIMEOUT_S)
        yield from EVENTS

    upstream.answer = lambda _: Stream(slow())
    leave_before_the_answer(stream_door, reached)
    left.set()

    row = rows.one()
    assert (row["is_exact"], row["output"]) == (True, 18)
    assert says_hello(stream_door, upstream)


def leave_before_the_answer(door: HttpDoor, reached: threading.Event) -> None:
    body = b'{"model":"gpt-4o-mini","stream":true,"messages":[{"role":"user","content":"Hi"}]}'
    head = "\r\n".join([f"POST {door.prefix}/api/core/openai/chat/completions HTTP/1.1", "host: x", *fields(len(body))])
    with socket.create_connection(("127.0.0.1", door.port)) as connection:
        connection.sendall(head.encode() + b"\r\n\r\n" + body)
        assert reached.wait(TIMEOUT_S)


def fields(length: int) -> list[str]:
    return [f"{name}: {value}" for name, value in (BEARER | JSON).items()] + [f"content-length: {length}"]


def test_a_client_that_leaves_in_the_middle_is_paid_for_by_what_the_provider_tells(
    stream_door: HttpDoor, upstream: FakeUpstream, rows: LedgerRows
) -> None:
    left = threading.Event()

    def slow() -> Iterator[bytes]:
        yield FIRST
        assert left.wait(TIMEOUT_S)
        yield from (event(chunk({"content": "x" * 100_000})), LAST, TOLD, DONE)

    upstream.answer = lambda _: Stream(slow())

    with asked(stream_door) as answer:
        next(answer.events())
    left.set()

    row = rows.one()
    assert (row["outcome"], row["is_exact"], row["output"]) == ("client_gone", True, 18)
    assert says_hello(stream_door, upstream)


def test_a_client_that_leaves_a_silent_provider_is_waited_for_within_a_bound(
    stream_door: HttpDoor, upstream: FakeUpstream, rows: LedgerRows
) -> None:
    answered = threading.Event()
    upstream.answer = lambda _: Stream(silence(answered, FIRST))

    with asked(stream_door) as answer:
        next(answer.events())

    row = rows.one()
    answered.set()
    assert (row["outcome"], row["is_exact"]) == ("client_gone", False)
    assert says_hello(stream_door, upstream)


def test_a_client_that_leaves_after_the_last_chunk_has_missed_nothing(
    stream_door: HttpDoor, upstream: FakeUpstream, rows: LedgerRows
) -> None:
    with asked(stream_door) as answer:
        for data in answer.events():
            if data == b"[DONE]":
                break

    assert rows.one()["is_exact"] is True
    assert says_hello(stream_door, upstream)
