"""The one HTTP client: sends a request to its provider and reads the answer, good or bad."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx

from openmind_llm import __version__
from openmind_llm.domain import json_body
from openmind_llm.domain.answers import Answer, StreamedAnswer
from openmind_llm.domain.attempts import table
from openmind_llm.domain.attempts.target import Patience, Target
from openmind_llm.domain.catalogue import Provider
from openmind_llm.domain.requests import ChatRequest
from openmind_llm.providers import dialect, refusals, replies, transport
from openmind_llm.providers.sse import EventTooLongError
from openmind_llm.providers.streams import Clocks, EventSource

logger = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 5.0
MAX_ANSWER_BYTES = 16 * 1024 * 1024
EVENT_STREAM = "text/event-stream"
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL)
"""Failures after which it is certain that no model has seen the request."""


class AnswerTooLongError(Exception):
    """The provider's answer is longer than any that is taken."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a provider sent, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpUpstream:
    """See domain.ports.Upstream. No call takes longer than the clocks say, whatever patience it is asked with."""

    def __init__(self, client: httpx.AsyncClient, clocks: Clocks) -> None:
        self._client = client
        self._clocks = clocks

    async def complete(self, target: Target, request: ChatRequest, patience: Patience) -> Answer:
        outgoing, adjusted = await self._outgoing(target, request, accept="application/json")
        provider = target.route.provider
        async with _our_errors(provider, outgoing), asyncio.timeout(self._clocks.within(patience).total_s):
            reply = await read(await self._client.send(outgoing, stream=True), MAX_ANSWER_BYTES)
        return Answer(_answer_body(provider, reply), adjusted, replies.passed_on(reply.headers))

    @asynccontextmanager
    async def stream(self, target: Target, request: ChatRequest, patience: Patience) -> AsyncIterator[StreamedAnswer]:
        outgoing, adjusted = await self._outgoing(target, request, accept=EVENT_STREAM)
        response, source = await self._begin(target.route.provider, outgoing, self._clocks.within(patience))
        try:
            async with aclosing(source.chunks()) as chunks:
                yield StreamedAnswer(chunks, adjusted, replies.passed_on(response.headers))
        finally:
            # In one piece: a cancellation within would lose the connection for good.
            await asyncio.shield(_released(source, response))

    async def _begin(
        self, provider: Provider, outgoing: httpx.Request, clocks: Clocks
    ) -> tuple[httpx.Response, EventSource]:
        """The response, with its first chunk in. Whatever fails up to here has a status of its own."""
        started, first_s = asyncio.get_running_loop().time(), min(clocks.first_s, clocks.total_s)
        async with _our_errors(provider, outgoing), asyncio.timeout(first_s):
            response = await self._client.send(outgoing, stream=True)
            try:
                await _require_events(provider, response)
                source = EventSource(provider, response, clocks, started)
                await source.begin()
            except BaseException:
                await response.aclose()
                raise
        return response, source

    async def _outgoing(
        self, target: Target, request: ChatRequest, *, accept: str
    ) -> tuple[httpx.Request, tuple[str, ...]]:
        """Raises InvalidRequestError."""
        body, adjusted = dialect.adjust(request.body, target.route)
        payload = json_body.dump(body)
        provider = target.route.provider
        async with _our_errors(provider):
            outgoing = self._client.build_request(
                "POST",
                f"{provider.base_url}/chat/completions",
                content=payload,
                headers=_headers(target.key.secret, accept),
            )
        return outgoing, adjusted


async def _released(source: EventSource, response: httpx.Response) -> None:
    await source.finish()
    await response.aclose()


def client() -> httpx.AsyncClient:
    """Kept connections, no redirects, no cookies from one caller to the next, and nothing read from the environment."""
    limits = httpx.Limits(max_connections=1000, max_keepalive_connections=100, keepalive_expiry=60)
    return httpx.AsyncClient(
        timeout=httpx.Timeout(None, connect=CONNECT_TIMEOUT_S),
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        transport=transport.SteadyTransport(verify=ssl.create_default_context(), limits=limits, trust_env=False),
        trust_env=False,
    )


TOO_LONG = (AnswerTooLongError, EventTooLongError)


@asynccontextmanager
async def _our_errors(provider: Provider, outgoing: httpx.Request | None = None) -> AsyncIterator[None]:
    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, *TOO_LONG) as error:
        # The text of such an error may hold a header's value, and so a key: only its class is told.
        logger.warning("provider unreachable", extra={"provider": provider.name, "cause": type(error).__name__})
        was_sent = outgoing is not None and transport.is_sent(outgoing)
        raise table.unavailable(provider.name, _meaning(error), was_sent=was_sent) from None


def _meaning(error: Exception) -> str:
    if isinstance(error, NEVER_SENT):
        return "unreachable"
    if isinstance(error, TOO_LONG):
        return "too_large"
    return "timeout" if isinstance(error, TimeoutError) else "broken"


async def read(response: httpx.Response, most_bytes: int) -> Reply:
    """All of it, and closes it. Raises AnswerTooLongError, and what httpx raises."""
    content = bytearray()
    async with aclosing(response):
        async for part in response.aiter_bytes():
            content += part
            if len(content) > most_bytes:
                raise AnswerTooLongError
    body = replies.without_our_key(bytes(content), response.request)
    return Reply(response.status_code, response.headers, body)


async def _require_events(provider: Provider, response: httpx.Response) -> None:
    """Raises the refusal in a response that is no stream. A whole answer where a stream was asked for is one too."""
    media_type = response.headers.get("content-type", "")
    if response.is_success and media_type.lower().startswith(EVENT_STREAM):
        return
    _answer_body(provider, await read(response, MAX_ANSWER_BYTES))
    raise table.unavailable(provider.name, "broken")


def _answer_body(provider: Provider, reply: Reply) -> dict[str, Any]:
    parsed = refusals.parse(reply.body)
    if httpx.codes.is_success(reply.status) and not isinstance(parsed, dict):
        raise table.unavailable(provider.name, "broken")
    status = refusals.hidden_status(parsed) if httpx.codes.is_success(reply.status) else reply.status
    if status is not None:
        raise replies.refusal(provider, status, reply.headers, reply.body)
    return dict(parsed)


def _headers(key: str, accept: str) -> dict[str, str]:
    """Events are taken as they come: a compressing provider may hold them back."""
    encoding = {"accept-encoding": "identity"} if accept == EVENT_STREAM else {}
    return encoding | {
        "authorization": f"Bearer {key}",
        "content-type": "application/json",
        "accept": accept,
        "user-agent": f"openmind-llm/{__version__}",
    }
