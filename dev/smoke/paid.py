"""Rows that ask the provider. Together they cost some twenty short answers."""

import statistics
import uuid
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

from dev.smoke import pacing
from dev.smoke.contract import status
from dev.smoke.table import Row, UnmetError
from dev.smoke.target import SHORT, Target
from dev.smoke.wire import Answer, Door

TOLD = ("x-request-id", "x-openmind-cost", "x-openmind-overhead-ms")
SETTLED_WITHIN_S = 60.0
"""Of a stream whose client left: it is read on for 30 s."""

TIMES = 5
MOST_OVERHEAD_MS = 250
AT_ONCE = 8


def _whole(target: Target) -> str:
    return _told(target.whole)


def _whole_url(target: Target) -> str:
    return _told(target.complete(target.second_door))


def _told(answer: Answer) -> str:
    status(answer, 200)
    missing = [name for name in TOLD if not answer.headers.get(name)]
    if missing:
        raise UnmetError(f"200 without {', '.join(missing)}")
    if not answer.body["choices"][0]["message"]["content"]:
        raise UnmetError("200 with an empty answer")
    cost, overhead = answer.headers["x-openmind-cost"], answer.headers["x-openmind-overhead-ms"]
    return f"200, cost {cost} OMCU, overhead {overhead} ms"


def _stream(target: Target) -> str:
    return _streamed(target, target.api)


def _stream_url(target: Target) -> str:
    return _streamed(target, target.second_door)


def _streamed(target: Target, door: Door) -> str:
    streamed = target.stream(door)
    status(streamed.whole, 200)
    pace = pacing.pace(streamed.pieces)
    if fault := pacing.fault(pace):
        raise UnmetError(f"{fault}: {pace}")
    if pacing.events(streamed.whole.raw)[-1] != b"[DONE]":
        raise UnmetError(f"does not end with [DONE]: {pace}")
    return str(pace)


def _cut(target: Target) -> str:
    return _left(target, target.api)


def _cut_url(target: Target) -> str:
    return _left(target, target.second_door)


def _left(target: Target, door: Door) -> str:
    """Lambda may not tell a function that its client is gone: the answer is paid all the same, as a whole one."""
    streamed = target.stream(door, leave_after=1)
    status(streamed.whole, 200)
    row = target.usage(streamed.headers["x-request-id"], SETTLED_WITHIN_S)
    seen = f"{row['outcome']}, {row['charge_omcu']} OMCU"
    if row["outcome"] not in {"client_gone", "completed"} or Decimal(row["charge_omcu"]) <= 0:
        raise UnmetError(seen)
    return seen if row["outcome"] == "client_gone" else f"{seen} (the function was not told, or was done)"


def _usage(target: Target) -> str:
    headers = target.whole.headers
    row = target.usage(headers["x-request-id"], 10)
    if Decimal(row["charge_omcu"]) != Decimal(headers["x-openmind-cost"]):
        raise UnmetError(f"{row['charge_omcu']} charged, {headers['x-openmind-cost']} told")
    return f"{row['outcome']}, {row['charge_omcu']} OMCU as told"


def _idempotency(target: Target) -> str:
    headers, body = {"idempotency-key": f"smoke-{uuid.uuid4()}"}, target.body(SHORT, 50)
    first, second = (target.send(target.api, body, headers) for _ in range(2))
    status(first, 200)
    status(second, 200)
    told = {name: second.headers.get(f"x-openmind-{name}") for name in ("idempotent-replay", "cost")}
    if told["idempotent-replay"] != "true" or first.raw != second.raw or Decimal(told["cost"] or "1"):
        raise UnmetError(f"replay {told['idempotent-replay']}, cost {told['cost']}, same {first.raw == second.raw}")
    return "replayed, byte for byte, for 0 OMCU"


def _overhead(target: Target) -> str:
    answers = [target.complete(target.api) for _ in range(TIMES)]
    for answer in answers:
        status(answer, 200)
    median = statistics.median(int(answer.headers["x-openmind-overhead-ms"]) for answer in answers)
    if median > MOST_OVERHEAD_MS and not target.is_emulated:
        raise UnmetError(f"median {median:g} ms")
    return f"median {median:g} ms of {TIMES}"


def _at_once(target: Target) -> str:
    """Several writes to one account's item meet."""
    with ThreadPoolExecutor(AT_ONCE) as threads:
        answers = list(threads.map(lambda _: target.complete(target.api), range(AT_ONCE)))
    for answer in answers:
        status(answer, 200)
    slowest = max(int(answer.headers["x-openmind-overhead-ms"]) for answer in answers)
    return f"{len(answers)} answered, largest overhead {slowest} ms"


ROWS: tuple[Row[Target], ...] = (
    Row("whole", "200 with request id, cost and overhead", _whole),
    Row("whole-url", "the same by the function URL", _whole_url),
    Row("usage", "the request is found; its charge is the header's", _usage),
    Row("stream", "streams; ends with [DONE]", _stream),
    Row("stream-url", "the same by the function URL", _stream_url),
    Row("cut", "a stream that its client leaves is charged", _cut),
    Row("cut-url", "the same by the function URL", _cut_url),
    Row("idempotency", "the same request once more is replayed for 0", _idempotency),
    Row("overhead", f"warm: a median of {MOST_OVERHEAD_MS} ms at most", _overhead),
    Row("at-once", f"{AT_ONCE} requests at once are all answered", _at_once),
)
