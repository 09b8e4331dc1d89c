"""What the provider of a soak does wrong: for each fault, what goes over the wire, and how often.

A script is what is done in answer to one call: bytes are sent, a number is waited for (seconds), CUT closes the
connection there. After a script that ends without CUT the connection is kept.
"""

import json
import math
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tests.fake_upstream import DONE, chunk, completion, event


class Cut:
    """Closes the connection."""


CUT = Cut()
HANG = math.inf
SILENCE_S = 3.0
"""Longer than IDLE_TIMEOUT_S: see tests.soak.stack."""

FAULTY = 0.3
"""Of all calls."""

type Script = list[bytes | float | Cut]
type Chance = random.Random


@dataclass(frozen=True)
class Fault:
    """`share`: in relation to the others. A `needs_second_key` one is met by calls with that key alone."""

    share: int
    script: Callable[[Chance], Script]
    needs_second_key: bool = False


def good(chance: Chance, *, is_stream: bool) -> Script:
    """At once or slowly, a few words or many, nearly always with its usage."""
    used = _usage(chance)
    if not is_stream:
        return [chance.uniform(0, 0.05), _json(200, completion(usage=used))]
    gap_s = chance.choice((0, 0, 0.005, 0.05))
    script = [_head(), *_paced(_words(chance), gap_s), _event(chunk(finish_reason="stop"))]
    told = [] if used is None else [_event(chunk(choices=[], usage=used))]
    return [*script, *told, _piece(DONE), _END]


def _json(status: int, body: object, **headers: str) -> bytes:
    raw = json.dumps(body).encode()
    return _start(status, {"content-length": str(len(raw)), "content-type": "application/json"} | headers) + raw


def _start(status: int, headers: dict[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} as-said", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def _head() -> bytes:
    return _start(200, {"content-type": "text/event-stream", "transfer-encoding": "chunked"})


def _piece(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


_END = _piece(b"")


def _event(body: object) -> bytes:
    return _piece(event(body))


def _words(chance: Chance) -> list[bytes]:
    return [_event(chunk({"content": f"word {number} "})) for number in range(chance.randint(2, 15))]


def _paced(pieces: Iterable[bytes], gap_s: float) -> Script:
    return [step for piece in pieces for step in (gap_s, piece)]


def _usage(chance: Chance) -> dict[str, int] | None:
    if chance.random() < 0.1:
        return None
    prompt, written = chance.randint(5, 50), chance.randint(1, 80)
    return {"prompt_tokens": prompt, "completion_tokens": written, "total_tokens": prompt + written}


def _refusal(status: int, **headers: str) -> Callable[[Chance], Script]:
    return lambda _: [_json(status, {"error": {"message": "as the soak says", "type": "fault"}}, **headers)]


def _cut_body(_: Chance) -> Script:
    """The length says that there is more to come."""
    return [_json(200, completion())[:-30], CUT]


def _half_json(_: Chance) -> Script:
    """Whole on the wire, and no JSON."""
    half = json.dumps(completion()).encode()[:-30]
    return [_start(200, {"content-length": str(len(half)), "content-type": "application/json"}) + half]


def _error_event() -> bytes:
    return _event({"error": {"message": "as the soak says", "type": "server_error", "code": 500}})


_ANY: dict[str, Fault] = {
    "500": Fault(4, _refusal(500)),
    "503, retry-after": Fault(3, _refusal(503, retry_after="1")),
    "429": Fault(3, _refusal(429)),
    "429, retry-after": Fault(2, _refusal(429, retry_after="1")),
    "401 of one key": Fault(4, _refusal(401), needs_second_key=True),
    "closed": Fault(3, lambda _: [CUT]),
    "hang": Fault(2, lambda _: [HANG]),
}

WHOLE: dict[str, Fault] = _ANY | {
    "answer cut off": Fault(4, _cut_body),
    "truncated JSON": Fault(4, _half_json),
    "hang after headers": Fault(2, lambda _: [_json(200, completion())[:-30], HANG]),
}

STREAM: dict[str, Fault] = _ANY | {
    "no event": Fault(2, lambda _: [_head(), _END]),
    "error before an event": Fault(2, lambda _: [_head(), _error_event(), _END]),
    "error after an event": Fault(2, lambda chance: [_head(), *_words(chance), _error_event(), _END]),
    "cut after an event": Fault(2, lambda chance: [_head(), *_words(chance), CUT]),
    "stall": Fault(2, lambda chance: [_head(), *_words(chance), SILENCE_S, CUT]),
}


def drawn(chance: Chance, *, is_stream: bool, is_second_key: bool) -> tuple[str, Script]:
    """The name of a fault, empty for none, and what it looks like."""
    if chance.random() >= FAULTY:
        return "", good(chance, is_stream=is_stream)
    faults = STREAM if is_stream else WHOLE
    met = {name: fault for name, fault in faults.items() if is_second_key or not fault.needs_second_key}
    name = chance.choices(list(met), [fault.share for fault in met.values()])[0]
    return name, met[name].script(chance)
