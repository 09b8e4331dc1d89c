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
from openmind_llm.domain.catalogue import Provider, Route
from openmind_llm.domain.ports import ProviderKeys
from openmind_llm.domain.requests import ChatRequest
from openmind_llm.errors import ProviderNotConfiguredError, ProviderUnavailableError
from openmind_llm.providers import dialect, refusals, replies
from openmind_llm.providers.sse import EventTooLongError
from openmind_llm.providers.streams import Clocks, EventSource

logger = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 5.0
MAX_ANSWER_BYTES = 16 * 1024 * 1024
EVENT_STREAM = "text/event-stream"
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.InvalidURL)
"""Failures after which it is certain that no model has seen the request."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a provider sent, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpUpstream:
    """See domain.ports.Upstream."""

    def __init__(self, keys: ProviderKeys, client: httpx.AsyncClient, clocks: Clocks) -> None:
        self._keys = keys
        self._client = client
        self._clocks = clocks

    async def complete(self, route: Route, request: ChatRequest) -> Answer:
        outgoing, adjusted = await self._outgoing(route, request, accept="application/json")
        async with _our_errors(route.provider), asyncio.timeout(self._clocks.total_s):
            reply = await _read(await self._client.send(outgoing, stream=True))
        return Answer(_answer_body(route.provider, reply), adjusted, replies.passed_on(reply.headers))

    @asynccontextmanager
    async def stream(self, route: Route, request: ChatRequest) -> AsyncIterator[StreamedAnswer]:
        outgoing, adjusted = await self._outgoing(route, request, accept=EVENT_STREAM)
        response, source = await self._begin(route.provider, outgoing)
        try:
            async with aclosing(source.chunks()) as chunks:
                yield StreamedAnswer(chunks, adjusted, replies.passed_on(response.headers))
        finally:
            # In one piece: a cancellation within would lose the connection for good.
            await asyncio.shield(_released(source, response))

    async def _begin(self, provider: Provider, outgoing: httpx.Request) -> tuple[httpx.Response, EventSource]:
        """The response, with its first chunk in. Whatever fails up to here has a status of its own."""
        started, first_s = asyncio.get_running_loop().time(), min(self._clocks.first_s, self._clocks.total_s)
        async with _our_errors(provider), asyncio.timeout(first_s):
            response = await self._client.send(outgoing, stream=True)
            try:
                await _require_events(provider, response)
                source = EventSource(provider, response, self._clocks, started)
                await source.begin()
            except BaseException:
                await response.aclose()
                raise
        return response, source

    async def _outgoing(
        self, route: Route, request: ChatRequest, *, accept: str
    ) -> tuple[httpx.Request, tuple[str, ...]]:
        """Raises ProviderNotConfiguredError, InvalidRequestError."""
        body, adjusted = dialect.adjust(request.body, route)
        payload = json_body.dump(body)
        key = await asyncio.to_thread(self._keys.get, route.provider.name)
        if not key or not (key.isascii() and key.isprintable()):
            raise ProviderNotConfiguredError(f"{route.provider.name} API key not configured")
        url = f"{route.provider.base_url}/chat/completions"
        async with _our_errors(route.provider):
            outgoing = self._client.build_request("POST", url, content=payload, headers=_headers(key, accept))
        return outgoing, adjusted


async def _released(source: EventSource, response: httpx.Response) -> None:
    await source.finish()
    await response.aclose()


def client() -> httpx.AsyncClient:
    """Kept connections, no redirects, no cookies from one caller to the next, and nothing read from the environment."""
    return httpx.AsyncClient(
        timeout=httpx.Timeout(None, connect=CONNECT_TIMEOUT_S),
        limits=httpx.Limits(max_connections=1000, max_keepalive_connections=100, keepalive_expiry=60),
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        verify=ssl.create_default_context(),
        trust_env=False,
    )


@asynccontextmanager
async def _our_errors(provider: Provider) -> AsyncIterator[None]:
    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, EventTooLongError) as error:
        # The text of such an error may hold a header's value, and so a key: only its class is told.
        logger.warning("provider unreachable", extra={"provider": provider.name, "cause": type(error).__name__})
        raise ProviderUnavailableError(provider.name, may_have_cost=not isinstance(error, NEVER_SENT)) from None


async def _read(response: httpx.Response) -> Reply:
    read = bytearray()
    async with aclosing(response):
        async for part in response.aiter_bytes():
            read += part
            if len(read) > MAX_ANSWER_BYTES:
                raise httpx.ReadError("the answer is too large")
    body = replies.without_our_key(bytes(read), response.request)
    return Reply(response.status_code, response.headers, body)


async def _require_events(provider: Provider, response: httpx.Response) -> None:
    """Raises the refusal in a response that is no stream. A whole answer where a stream was asked for is one too."""
    media_type = response.headers.get("content-type", "")
    if response.is_success and media_type.lower().startswith(EVENT_STREAM):
        return
    _answer_body(provider, await _read(response))
    raise ProviderUnavailableError(provider.name, may_have_cost=True)


def _answer_body(provider: Provider, reply: Reply) -> dict[str, Any]:
    parsed = refusals.parse(reply.body)
    if httpx.codes.is_success(reply.status) and not isinstance(parsed, dict):
        raise ProviderUnavailableError(provider.name, may_have_cost=True)
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
