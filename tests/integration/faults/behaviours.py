"""What a provider can do to a request, each as a function from one call to what the provider sends."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.fake_upstream import (
    DONE,
    EVENTS,
    HANG_UP,
    SILENCE,
    USAGE,
    HangUpError,
    Reply,
    Stream,
    chunk,
    completion,
    event,
    json_reply,
)


@dataclass(frozen=True)
class Asked:
    """One call of a request. `number` counts the request's calls to this provider, from 1.

    `is_first_key`: it is the key of the first of them. `stopping` is set when the provider is taken down.
    """

    number: int
    is_first_key: bool
    is_stream: bool
    stopping: threading.Event


type Behaviour = Callable[[Asked], Reply | Stream]

NO = {"error": {"message": "no"}}
FIRST = event(chunk({"role": "assistant", "content": "Hello"}))
JSON = {"content-type": "application/json"}
TRUNCATED = b'{"id": "chatcmpl-upstream", "choices": [{"index": 0, "mess'


def healthy(asked: Asked) -> Reply | Stream:
    return Stream(EVENTS) if asked.is_stream else json_reply(completion())


def says(status: int, body: Any = NO, **headers: str) -> Behaviour:
    return lambda _: json_reply(body, status, **headers)


out_of_quota = says(429, {"error": {"message": "no", "code": "insufficient_quota"}})


def closes(_: Asked) -> Reply:
    return HANG_UP


def hangs(_: Asked) -> Reply:
    return SILENCE


def hangs_after_its_headers(asked: Asked) -> Stream:
    return _stream(asked, _silent(asked))


def answers_in_html(_: Asked) -> Reply:
    return Reply(200, b"<html>Welcome</html>", {"content-type": "text/html"})


def chooses_nothing(asked: Asked) -> Reply | Stream:
    if asked.is_stream:
        return Stream((event(chunk(choices=[])), DONE))
    return json_reply(completion(choices=[], usage=None))


def chooses_nothing_and_bills(asked: Asked) -> Reply | Stream:
    if asked.is_stream:
        return Stream((event(chunk(choices=[], usage=USAGE)), DONE))
    return json_reply(completion(choices=[]))


def cuts_its_json(asked: Asked) -> Reply | Stream:
    return Stream((b"data: " + TRUNCATED + b"\n\n",)) if asked.is_stream else Reply(200, TRUNCATED, JSON)


def begins_with_an_error(_: Asked) -> Stream:
    return Stream((event({"error": {"code": 500, "message": "no"}}),))


def ends_at_once(_: Asked) -> Stream:
    return Stream(())


def dies_in_the_middle(_: Asked) -> Stream:
    return Stream(_dying())


def stalls_in_the_middle(asked: Asked) -> Stream:
    return Stream(_silent(asked, FIRST))


def never_comes_to_an_end(asked: Asked) -> Stream:
    return Stream(_dripping(asked))


def fails_in_the_middle(_: Asked) -> Stream:
    return Stream((FIRST, event({"error": {"code": 500, "message": "no"}})))


def gives_no_finish_reason(_: Asked) -> Stream:
    return Stream((FIRST, DONE))


def once(behaviour: Behaviour) -> Behaviour:
    """At the first call, and never again."""
    return lambda asked: behaviour(asked) if asked.number == 1 else healthy(asked)


def first_key(behaviour: Behaviour) -> Behaviour:
    """To one of the keys, whichever comes first."""
    return lambda asked: behaviour(asked) if asked.is_first_key else healthy(asked)


def _stream(asked: Asked, pieces: Iterator[bytes]) -> Stream:
    return Stream(pieces) if asked.is_stream else Stream(pieces, JSON)


def _silent(asked: Asked, *pieces: bytes) -> Iterator[bytes]:
    yield from pieces
    asked.stopping.wait()
    raise HangUpError


def _dying() -> Iterator[bytes]:
    yield FIRST
    raise HangUpError


def _dripping(asked: Asked) -> Iterator[bytes]:
    yield FIRST
    while not asked.stopping.wait(0.2):
        yield b": processing\n\n"
    raise HangUpError
