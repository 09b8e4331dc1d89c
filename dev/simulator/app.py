"""The stand-in for a provider without a key. IT EXISTS ONLY IN LOCAL DEVELOPMENT and is never deployed.

Every response announces it: `x-openmind-simulated: true`. No model runs here; answers are made from the request,
the same from the same. `POST /{provider}/chat/completions` speaks the wire form of each of the six providers and
refuses what that provider refuses; `GET /{provider}/models` is its list (`lists.py`); every other path is a 404. Keys
are not looked at and any model name goes.

Served by `uvicorn dev.simulator.app:app`. The last user message may ask for an error by a line of its own:

| line | what comes back |
|---|---|
| `simulate: 401` | the refusal of a wrong key (xai: status 400) |
| `simulate: 402` | the refusal of an account without credit (openai, gemini, xai: status 429) |
| `simulate: 403` | the refusal of a request that is not allowed |
| `simulate: 404` | the refusal of an unknown model (deepseek: status 400) |
| `simulate: 429` | the refusal of too many requests |
| `simulate: 429 retry-after=7` | the same, with the wait in seconds (gemini: in the body, no header) |
| `simulate: 500` | an outage; any other status from 400 to 599 goes as well |
| `simulate: timeout` | nothing, until the client hangs up |
| `simulate: 200-error` | status 200 with an error in the body; in a stream, after half of the answer |
| `simulate: cut` | half of the answer, then the connection is closed |
| `simulate: slow 3s` | the answer, that many seconds late |
| `simulate: no-usage` | the answer without its usage |

Refusals have the provider's own shape, and its own status where the table says so.
"""

import asyncio
import json
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from dev.simulator import completion, faults, lists, refusals, stream
from dev.simulator.answer import Answer, compose
from dev.simulator.faults import Fault
from dev.simulator.quirks import PROVIDERS, Quirks
from dev.simulator.refusals import RefusedError
from dev.simulator.request import parse
from openmind_llm.domain import utc

type Scope = MutableMapping[str, Any]
type Message = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]


class Simulator:
    """An ASGI application. `pause_s` lies between two events of a stream; clock, waits and ids may be replaced."""

    def __init__(
        self,
        *,
        pause_s: float = 0.02,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        new_id: Callable[[], str] = lambda: f"req_{uuid.uuid4().hex}",
    ) -> None:
        self._pause_s = pause_s
        self._now = now
        self._sleep = sleep
        self._new_id = new_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        quirks = _provider(scope)
        reply = _Reply(send, {"x-request-id": self._new_id(), **(quirks.headers if quirks else {})})
        raw = await _read(receive)
        listed = _listed(scope, self._now())
        if listed is not None:
            await reply.json(200, listed, {})
            return
        if quirks is None:
            refusal = RefusedError(404, f"Invalid URL ({scope['method']} {scope['path']})")
            await reply.json(404, refusals.openai(refusal), {})
            return
        try:
            await self._complete(quirks, raw, receive, reply)
        except RefusedError as refusal:
            body, headers = refusals.SHAPES[quirks.name](refusal), refusals.headers(refusal, quirks.name)
            await reply.json(refusal.status, body, headers)

    async def _complete(self, quirks: Quirks, raw: bytes, receive: Receive, reply: "_Reply") -> None:
        request = parse(quirks, raw)
        fault = faults.asked(request)
        if fault.hangs:
            await _hung_up(receive)
            return
        if fault.refusal:
            raise fault.refusal
        answer = compose(request)
        if fault.delay_s:
            await self._sleep(fault.delay_s)
        await (self._stream if request.is_stream else self._send)(answer, fault, reply)

    async def _send(self, answer: Answer, fault: Fault, reply: "_Reply") -> None:
        quirks = answer.request.quirks
        body: Any = completion.body(answer, int(self._now()), has_usage=fault.has_usage)
        if fault.hidden_error:
            body = refusals.SHAPES[quirks.name](fault.hidden_error)
        await reply.json(200, body, {}, prefix=quirks.body_prefix, is_cut=fault.is_cut)

    async def _stream(self, answer: Answer, fault: Fault, reply: "_Reply") -> None:
        created = int(self._now())
        events = stream.events(answer, created, has_usage=fault.has_usage)
        if fault.hidden_error:
            events = stream.failed(answer, created, fault.hidden_error)
        await reply.start(200, {"content-type": "text/event-stream", "cache-control": "no-cache"})
        for event in stream.half(events) if fault.is_cut else events:
            await reply.piece(event)
            await self._sleep(self._pause_s)
        if not fault.is_cut:
            await reply.end()


class _Reply:
    """One HTTP response. A response that does not end makes the server close the connection."""

    def __init__(self, send: Send, headers: Mapping[str, str]) -> None:
        self._send = send
        self._headers = {"x-openmind-simulated": "true", **headers}

    async def start(self, status: int, headers: Mapping[str, str]) -> None:
        fields = {**self._headers, **headers}.items()
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields]
        await self._send({"type": "http.response.start", "status": status, "headers": raw})

    async def piece(self, body: bytes) -> None:
        await self._send({"type": "http.response.body", "body": body, "more_body": True})

    async def end(self) -> None:
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def json(
        self, status: int, body: Any, headers: Mapping[str, str], *, prefix: bytes = b"", is_cut: bool = False
    ) -> None:
        """`prefix` goes before the JSON text; with `is_cut` only half of it comes, under the length of the whole."""
        text = prefix + json.dumps(body, ensure_ascii=False).encode(errors="replace")
        await self.start(status, {"content-type": "application/json", "content-length": str(len(text)), **headers})
        if is_cut:
            await self.piece(text[: len(text) // 2])
        else:
            await self.piece(text)
            await self.end()


def _provider(scope: Scope) -> Quirks | None:
    name, _, rest = str(scope["path"]).removeprefix("/").partition("/")
    is_ours = scope["method"] == "POST" and rest == "chat/completions"
    return PROVIDERS.get(name) if is_ours else None


def _listed(scope: Scope, now: float) -> Any:
    """None for all that is no list."""
    name, slash, rest = str(scope["path"]).removeprefix("/").partition("/")
    is_asked = scope["method"] == "GET" and name in PROVIDERS
    return lists.answer(name, slash + rest, utc.day(now)) if is_asked else None


async def _read(receive: Receive) -> bytes:
    body, has_more = b"", True
    while has_more:
        message = await receive()
        body += message.get("body", b"")
        has_more = message.get("more_body", False)
    return body


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _live(receive: Receive, send: Send) -> None:
    """Nothing to start, nothing to stop."""
    for stage in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{stage}.complete"})


app = Simulator()
