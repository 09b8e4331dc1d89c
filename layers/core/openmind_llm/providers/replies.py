"""What a provider's response means beyond its answer: the headers that go on to the client, the refusal in it."""

import logging
from collections.abc import Mapping

from openmind_llm.domain.catalogue import Provider
from openmind_llm.errors import GatewayError, ProviderNotConfiguredError
from openmind_llm.providers import refusals

logger = logging.getLogger(__name__)

PASSED_ON = ("openai-processing-ms", "x-openmind-simulated")
"""Prefixes of the provider's response headers that the client gets to see under their own names."""

LIMITS, OURS_FOR_LIMITS = "x-ratelimit-", "x-openmind-provider-ratelimit-"
"""The provider's limits are those of all our clients together: under their own names a client sees its own."""


def without_our_key(body: bytes, secret: str) -> bytes:
    """A provider may quote the key that it was sent, and not every key has a shape to be known by."""
    return body.replace(secret.encode(), b"[redacted]")


def passed_on(headers: Mapping[str, str]) -> dict[str, str]:
    passed = {name: value for name, value in headers.items() if name.startswith(PASSED_ON)}
    limits = {name: value for name, value in headers.items() if name.startswith(LIMITS)}
    passed |= {OURS_FOR_LIMITS + name.removeprefix(LIMITS): value for name, value in limits.items()}
    request_id = _request_id(headers)
    return passed | ({"x-openmind-provider-request-id": request_id} if request_id else {})


def refusal(provider: Provider, status: int, headers: Mapping[str, str], body: bytes) -> GatewayError:
    """The error to raise for a response with an error status. Leaves a line in the log: an error if we must act."""
    error = refusals.to_error(provider, status, headers, body)
    error.headers = passed_on(headers)
    facts = {"provider": provider.name, "provider_status": status, "error_class": type(error).__name__}
    level = logging.ERROR if isinstance(error, ProviderNotConfiguredError) else logging.WARNING
    logger.log(level, "provider refused", extra=facts | {"provider_request_id": _request_id(headers)})
    return error


def _request_id(headers: Mapping[str, str]) -> str | None:
    return headers.get("x-request-id") or headers.get("x-generation-id")
