"""The one HTTP client: sends a request to its provider and reads the answer, good or bad."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpx

from openmind_llm import __version__
from openmind_llm.domain import json_body
from openmind_llm.domain.answers import Answer
from openmind_llm.domain.catalogue import Provider, Route
from openmind_llm.domain.ports import ProviderKeys
from openmind_llm.domain.requests import ChatRequest
from openmind_llm.errors import GatewayError, ProviderNotConfiguredError, ProviderUnavailableError
from openmind_llm.providers import dialect, refusals

logger = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 5.0
MAX_ANSWER_BYTES = 16 * 1024 * 1024
PASSED_ON = ("x-ratelimit-", "openai-processing-ms", "x-openmind-simulated")
"""Prefixes of the provider's response headers that the client gets to see under their own names."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a provider sent, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpUpstream:
    """`timeout_s` bounds a whole exchange, from connecting to the last byte."""

    def __init__(self, keys: ProviderKeys, client: httpx.AsyncClient, timeout_s: float) -> None:
        self._keys = keys
        self._client = client
        self._timeout_s = timeout_s

    async def complete(self, route: Route, request: ChatRequest) -> Answer:
        """See domain.ports.Upstream."""
        body, adjusted = dialect.adjust(request.body, route)
        payload = json_body.dump(body)
        key = await asyncio.to_thread(self._keys.get, route.provider.name)
        if not key:
            raise ProviderNotConfiguredError(f"{route.provider.name} API key not configured")
        async with _our_errors(route.provider), asyncio.timeout(self._timeout_s):
            reply = await self._post(route.provider, key, payload)
        return Answer(_answer_body(route.provider, reply), adjusted, _passed_on(reply.headers))

    async def _post(self, provider: Provider, key: str, payload: bytes) -> Reply:
        url = f"{provider.base_url}/chat/completions"
        async with self._client.stream("POST", url, content=payload, headers=_headers(key)) as reply:
            read = bytearray()
            async for part in reply.aiter_bytes():
                read += part
                if len(read) > MAX_ANSWER_BYTES:
                    raise httpx.ReadError("the answer is too large")
            return Reply(reply.status_code, reply.headers, bytes(read))


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
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        # The text of such an error may hold a header's value, and so a key: only its class is told.
        logger.warning("provider unreachable", extra={"provider": provider.name, "cause": type(error).__name__})
        raise ProviderUnavailableError(provider.name) from None


def _answer_body(provider: Provider, reply: Reply) -> dict[str, Any]:
    parsed = refusals.parse(reply.body)
    status = refusals.hidden_status(parsed) if httpx.codes.is_success(reply.status) else reply.status
    if status is not None:
        raise _refusal(provider, status, reply)
    return dict(parsed)


def _refusal(provider: Provider, status: int, reply: Reply) -> GatewayError:
    error = refusals.to_error(provider, status, reply.headers, reply.body)
    error.headers = _passed_on(reply.headers)
    facts = {"provider": provider.name, "provider_status": status, "error_class": type(error).__name__}
    level = logging.ERROR if isinstance(error, ProviderNotConfiguredError) else logging.WARNING
    logger.log(level, "provider refused", extra=facts | {"provider_request_id": _request_id(reply.headers)})
    return error


def _headers(key: str) -> dict[str, str]:
    return {
        "authorization": f"Bearer {key}",
        "content-type": "application/json",
        "accept": "application/json",
        "user-agent": f"openmind-llm/{__version__}",
    }


def _passed_on(headers: Mapping[str, str]) -> dict[str, str]:
    passed = {name: value for name, value in headers.items() if name.startswith(PASSED_ON)}
    request_id = _request_id(headers)
    return passed | ({"x-openmind-provider-request-id": request_id} if request_id else {})


def _request_id(headers: Mapping[str, str]) -> str | None:
    return headers.get("x-request-id") or headers.get("x-generation-id")
