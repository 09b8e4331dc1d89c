"""Callers of one request each, who do not wait for each other."""

import asyncio
import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import httpx

from openmind_llm.domain import money
from tests import canaries
from tests.integration.faults.outcomes import MODEL, Outcome
from tests.integration.faults.rows import Row
from tests.integration.faults.stage import Stage

TIMEOUT_S = 30
SETTLED_WITHIN_S = 5

DONE = b"data: [DONE]"


@dataclass(frozen=True)
class Crowd:
    """How many requests may be under way at once, and how many seconds lie between the beginnings of two.

    How long a request takes is to be the provider's doing, and not the crowd's.
    """

    at_once: int
    every_s: float


@dataclass(frozen=True)
class Situation:
    """Of one request."""

    is_stream: bool
    keys: int
    has_fallback: bool


SITUATIONS = [
    Situation(is_stream, number, has_fallback)
    for is_stream in (False, True)
    for number in (1, 2)
    for has_fallback in (False, True)
]


@dataclass(frozen=True)
class Cell:
    """One request to come. `marker` is always as long, so that its question is always as dear."""

    marker: str
    row: Row
    situation: Situation


@dataclass(frozen=True)
class Heard:
    """What its caller got."""

    status: int
    headers: dict[str, str]
    raw: bytes
    took_s: float


@dataclass(frozen=True)
class Observed:
    """`books` are what has to hold of its account: see `_books`."""

    cell: Cell
    heard: Heard
    outcome: Outcome
    books: dict[str, int] = field(default_factory=dict)


def numbered(pairs: Iterable[tuple[Row, Situation]], prefix: str) -> list[Cell]:
    return [Cell(f"{prefix}-{number:04}", *pair) for number, pair in enumerate(pairs)]


def play(stage: Stage, cells: list[Cell], crowd: Crowd) -> list[Observed]:
    for cell in cells:
        primary, fallback = cell.row.providers
        stage.provider.behaviours[cell.marker] = {primary: cell.row.primary, fallback: cell.row.others}
    heard = asyncio.run(_all(stage, cells, crowd))
    until = time.monotonic() + SETTLED_WITHIN_S
    while stage.store.holds and time.monotonic() < until:  # a stream is settled when it has ended
        time.sleep(0.01)
    return [_observed(stage, cell, one) for cell, one in zip(cells, heard, strict=True)]


async def _all(stage: Stage, cells: list[Cell], crowd: Crowd) -> list[Heard]:
    places = asyncio.Semaphore(crowd.at_once)
    async with httpx.AsyncClient(timeout=TIMEOUT_S, limits=httpx.Limits(max_keepalive_connections=0)) as client:
        return await asyncio.gather(
            *(_one(client, stage, cell, at * crowd.every_s, places) for at, cell in enumerate(cells))
        )


async def _one(client: httpx.AsyncClient, stage: Stage, cell: Cell, after_s: float, places: asyncio.Semaphore) -> Heard:
    provider = cell.row.providers[0]
    url = f"{stage.doors[cell.situation.keys].url}/api/core/{provider}/chat/completions"
    body = {"model": MODEL, "messages": [{"role": "user", "content": cell.marker}], "stream": cell.situation.is_stream}
    headers = _headers(cell) | {"authorization": f"Bearer {stage.open_account(cell.marker)}"}
    await asyncio.sleep(after_s)
    async with places:
        started = time.monotonic()
        reply = await client.post(url, json=body, headers=headers)
        took_s = time.monotonic() - started
    canaries.look_through("answer", [reply.text])
    return Heard(reply.status_code, dict(reply.headers), reply.content, took_s)


def _headers(cell: Cell) -> dict[str, str]:
    fallback = f"{cell.row.providers[1]}/{MODEL}" if cell.situation.has_fallback else "none"
    deadline_s = cell.row.deadline_s
    deadline = {} if deadline_s is None else {"x-request-timeout-ms": str(round(deadline_s * 1000))}
    return {"x-openmind-fallback": fallback} | deadline


def _observed(stage: Stage, cell: Cell, heard: Heard) -> Observed:
    (entry,) = [entry for entry in stage.store.entries.values() if entry.hold.account_id == cell.marker]
    content, error, code = _said(heard)
    calls = stage.provider.calls(cell.marker)
    outcome = Outcome(
        status=heard.status,
        content=content,
        error=error,
        code=code,
        attempts=int(heard.headers["x-openmind-attempts"]),
        reached=(calls[cell.row.providers[0]], calls[cell.row.providers[1]]),
        charge=entry.charge,
        ending=entry.outcome,
        served_by=heard.headers.get("x-openmind-served-by", ""),
        may_retry=heard.headers.get("x-should-retry") != "false",
        retry_after=heard.headers.get("retry-after", ""),
    )
    return Observed(cell, heard, outcome, _books(stage, cell, heard))


def _books(stage: Stage, cell: Cell, heard: Heard) -> dict[str, int]:
    """Micro-OMCU. `told` is the cost in the answer's headers; a stream cannot tell it there."""
    counters = stage.store.counters(cell.marker)
    told = heard.headers.get("x-openmind-cost")
    return {name: counters[name] for name in ("granted", "balance", "held", "charged")} | (
        {} if told is None else {"told": money.micro(told)}
    )


def _said(heard: Heard) -> tuple[str, str, str]:
    """Content, error and its code."""
    if not heard.headers["content-type"].startswith("text/event-stream"):
        body = json.loads(heard.raw)
        return (_content(body["choices"], "message"), "", "") if heard.status == 200 else ("", _only_error(body), "")
    *events, last = [line for line in heard.raw.split(b"\n") if line.startswith(b"data: ")]
    content = "".join(_content(json.loads(event.removeprefix(b"data: "))["choices"], "delta") for event in events)
    if last == DONE:
        return content, "", ""
    error = json.loads(last.removeprefix(b"data: "))["error"]
    return content, error["message"], error["code"]


def _content(choices: list[dict[str, Any]], of: str) -> str:
    return "".join(choice[of].get("content") or "" for choice in choices)


def _only_error(body: dict[str, Any]) -> str:
    """In the contract's form, and no other."""
    (error,) = body.values()
    assert list(body) == ["error"], body
    return str(error)
