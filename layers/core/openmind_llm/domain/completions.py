"""The use case: one completion request from bytes to answer."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from openmind_llm.domain import answers, requests, usage
from openmind_llm.domain.answers import Answer, Promised
from openmind_llm.domain.catalogue import Catalogue, Route
from openmind_llm.domain.keys import Caller
from openmind_llm.domain.ports import Upstream
from openmind_llm.domain.requests import ChatRequest
from openmind_llm.domain.usage import Usage
from openmind_llm.errors import (
    GatewayError,
    InvalidRequestError,
    ModelNotServedError,
    ProviderUnavailableError,
    UnknownModelError,
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Completion:
    """What the client gets, and what it took."""

    body: dict[str, Any]
    headers: dict[str, str]
    usage: Usage


class Completions:
    """`now` gives seconds since the epoch."""

    def __init__(self, catalogue: Catalogue, upstream: Upstream, now: Callable[[], float]) -> None:
        self._catalogue = catalogue
        self._upstream = upstream
        self._now = now

    async def create(self, caller: Caller, provider: str, raw: bytes, request_id: str) -> Completion:
        """Raises GatewayError. Every call leaves one line in the log, without content."""
        started = self._now()
        facts: dict[str, Any] = {
            "request_id": request_id,
            "key_id": caller.key_id,
            "account_id": caller.account_id,
        }
        try:
            completion = await self._create(provider, raw, request_id, facts)
            facts |= {"status": 200} | _token_facts(completion.usage)
        except GatewayError as error:
            facts |= {"status": error.status, "error_class": type(error).__name__}
            raise
        finally:
            facts["duration_ms"] = round((self._now() - started) * 1000)
            logger.info("completion", extra=facts)
        return completion

    async def _create(self, provider: str, raw: bytes, request_id: str, facts: dict[str, Any]) -> Completion:
        facts["provider"] = self._catalogue.provider(provider).name
        request = requests.parse(raw)
        if request.is_stream:
            raise InvalidRequestError("stream: true is not available; send stream: false")
        route = self._catalogue.resolve(provider, request.model)
        facts |= {"model": route.model.name, "upstream_model": route.upstream_id}
        answer = await self._ask(route, request)
        return self._complete(route, request, answer, request_id)

    async def _ask(self, route: Route, request: ChatRequest) -> Answer:
        """A model that only the client named is the client's mistake; one that the catalogue names is ours."""
        try:
            return await self._upstream.complete(route, request)
        except ModelNotServedError as error:
            if route.is_exact:
                raise
            prefixes = self._catalogue.prefixes(route.provider.name)
            unknown = UnknownModelError(request.model, route.provider.name, prefixes)
            unknown.headers = error.headers
            raise unknown from None

    def _complete(self, route: Route, request: ChatRequest, answer: Answer, request_id: str) -> Completion:
        if not answer.choices:
            raise ProviderUnavailableError(route.provider.name)
        reported = usage.read(answer.body.get("usage"))
        counted = reported or usage.estimate(request.body, answers.texts(answer.choices))
        promised = Promised(f"chatcmpl-{request_id}", int(self._now()), route.upstream_id)
        return Completion(answers.whole(answer, promised, counted), answers.headers(answer, counted), counted)


def _token_facts(counted: Usage) -> dict[str, Any]:
    return {
        "input_tokens": counted.input,
        "cached_input_tokens": counted.cached_input,
        "cache_write_tokens": counted.cache_write,
        "output_tokens": counted.output,
        "reasoning_tokens": counted.reasoning,
        "usage_is_exact": counted.is_exact,
    }
