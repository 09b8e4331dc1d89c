"""The one HTTP client: sends a request to its provider and reads the answer, good or bad."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from typing import Any

from openmind_llm import __version__
from openmind_llm.classes import dataclass
from openmind_llm.domain import json_body
from openmind_llm.domain.answers import Answer, StreamedAnswer
from openmind_llm.domain.attempts import table
from openmind_llm.domain.attempts.target import Patience, Target
from openmind_llm.domain.catalogue import Provider
from openmind_llm.domain.requests import ChatRequest
from openmind_llm.errors import ProviderUnavailableError
from openmind_llm.providers import dialect, refusals, replies
from openmind_llm.providers.http.client import SUCCESS, HttpClient, Response
from openmind_llm.providers.http.errors import AnswerTooLongError, BadRequestError, HttpError, UnreachableError
from openmind_llm.providers.http.requests import Request
from openmind_llm.providers.sse import EventTooLongError
from openmind_llm.providers.streams import Clocks, EventSource

logger = logging.getLogger(__name__)

MAX_ANSWER_BYTES = 16 * 1024 * 1024
EVENT_STREAM = "text/event-stream"
NEVER_SENT = (UnreachableError, BadRequestError)
"""Failures after which it is certain that no model has seen the request."""

TOO_LONG = (AnswerTooLongError, EventTooLongError)
FAILURES = (HttpError, EventTooLongError, TimeoutError)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a provider sent, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_success(self) -> bool:
        return self.status in SUCCESS


class HttpUpstream:
    """See domain.ports.Upstream. No call takes longer than the clocks say, whatever patience it is asked with."""

    def __init__(self, client: HttpClient, clocks: Clocks) -> None:
        self._client = client
        self._clocks = clocks

    async def complete(self, target: Target, request: ChatRequest, patience: Patience) -> Answer:
        outgoing, adjusted = _outgoing(target, request, accept="application/json")
        provider = target.route.provider
        deadline = asyncio.get_running_loop().time() + self._clocks.within(patience).total_s
        try:
            reply = await exchange(self._client, outgoing, target.key.secret, MAX_ANSWER_BYTES, deadline)
        except FAILURES as error:
            raise _unavailable(provider, error, was_sent=outgoing.is_sent) from None
        return Answer(_answer_body(provider, reply), adjusted, replies.passed_on(reply.headers))

    @asynccontextmanager
    async def stream(self, target: Target, request: ChatRequest, patience: Patience) -> AsyncIterator[StreamedAnswer]:
        outgoing, adjusted = _outgoing(target, request, accept=EVENT_STREAM)
        response, source = await self._begin(target, outgoing, self._clocks.within(patience))
        try:
            async with aclosing(source.chunks()) as chunks:
                yield StreamedAnswer(chunks, adjusted, replies.passed_on(response.headers))
            await source.finish()
        finally:
            response.close()

    async def _begin(self, target: Target, outgoing: Request, clocks: Clocks) -> tuple[Response, EventSource]:
        """The response, with its first chunk in. Whatever fails up to here has a status of its own."""
        provider, secret = target.route.provider, target.key.secret
        started = asyncio.get_running_loop().time()
        deadline = started + min(clocks.first_s, clocks.total_s)
        try:
            response = await self._client.send(outgoing, deadline)
            try:
                await _require_events(provider, response, secret, deadline)
                source = EventSource(provider, response, secret, clocks, started)
                await source.begin(deadline)
            except BaseException:
                response.close()
                raise
        except FAILURES as error:
            raise _unavailable(provider, error, was_sent=outgoing.is_sent) from None
        return response, source


async def exchange(http: HttpClient, request: Request, secret: str, most_bytes: int, deadline: float) -> Reply:
    """Asks, and reads all of the answer. Raises HttpError, TimeoutError."""
    response = await http.send(request, deadline)
    try:
        return await _read(response, secret, most_bytes, deadline)
    finally:
        response.close()


def _outgoing(target: Target, request: ChatRequest, *, accept: str) -> tuple[Request, tuple[str, ...]]:
    """Raises InvalidRequestError, ProviderUnavailableError."""
    body, adjusted = dialect.adjust(request.body, target.route)
    payload = json_body.dump(body)
    provider = target.route.provider
    try:
        url = f"{provider.base_url}/chat/completions"
        return Request("POST", url, _headers(target.key.secret, accept), payload), adjusted
    except BadRequestError as error:
        raise _unavailable(provider, error, was_sent=False) from None


def _unavailable(provider: Provider, error: Exception, *, was_sent: bool) -> ProviderUnavailableError:
    """Tells the error's class alone."""
    logger.warning("provider unreachable", extra={"provider": provider.name, "cause": type(error).__name__})
    return table.unavailable(provider.name, _meaning(error), was_sent=was_sent)


def _meaning(error: Exception) -> str:
    if isinstance(error, NEVER_SENT):
        return "unreachable"
    if isinstance(error, TOO_LONG):
        return "too_large"
    return "timeout" if isinstance(error, TimeoutError) else "broken"


async def _read(response: Response, secret: str, most_bytes: int, deadline: float) -> Reply:
    body = await response.read(most_bytes, deadline)
    return Reply(response.status, response.headers, replies.without_our_key(body, secret))


async def _require_events(provider: Provider, response: Response, secret: str, deadline: float) -> None:
    """Raises the refusal in a response that is no stream. A whole answer where a stream was asked for is one too."""
    media_type = response.headers.get("content-type", "")
    if response.is_success and media_type.lower().startswith(EVENT_STREAM):
        return
    _answer_body(provider, await _read(response, secret, MAX_ANSWER_BYTES, deadline))
    raise table.unavailable(provider.name, "broken")


def _answer_body(provider: Provider, reply: Reply) -> dict[str, Any]:
    parsed = refusals.parse(reply.body)
    if reply.is_success and not isinstance(parsed, dict):
        raise table.unavailable(provider.name, "broken")
    status = refusals.hidden_status(parsed) if reply.is_success else reply.status
    if status is not None:
        raise replies.refusal(provider, status, reply.headers, reply.body)
    answer: dict[str, Any] = parsed
    return answer


def _headers(key: str, accept: str) -> dict[str, str]:
    """Answers are taken as they come: a compressing provider may hold events back."""
    return {
        "authorization": f"Bearer {key}",
        "content-type": "application/json",
        "accept": accept,
        "accept-encoding": "identity",
        "user-agent": f"openmind-llm/{__version__}",
    }
