"""Reads a provider's error, in whichever of the five shapes it comes, and says what it means for the client.

Shapes: OpenAI's object, OpenRouter's object with an integer code, xAI's `error` as a string, Gemini's list,
and no JSON at all (HTML from a proxy, an empty body).
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from openmind_llm import redaction
from openmind_llm.domain import messages
from openmind_llm.domain.attempts import table
from openmind_llm.domain.catalogue import ErrorRule, Provider
from openmind_llm.errors import (
    GatewayError,
    InvalidRequestError,
    ModelNotServedError,
    ProviderNotConfiguredError,
    RateLimitError,
)

DEFAULT_RETRY_S = 2
"""For a 429 that does not say how long."""

MAX_RETRY_S = 24 * 60 * 60
"""For a provider that asks for more, or names a number that no clock can hold."""

NO_TEXT = "the request was refused without a reason"

_COMMON_RULES = (
    ErrorRule(400, "model_not_found", "model"),
    ErrorRule(403, "model_not_found", "model"),  # the key's project may not use it, and is good for others
    ErrorRule(429, "insufficient_quota", "provider_credit"),
)

_ERROR_STATUSES = range(400, 600)
_BAD_GATEWAY = 502
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
"""xAI names the team and the key."""

type Builder = Callable[[Provider, str, int | None], GatewayError]

_ERRORS: dict[str, Builder] = {
    "input": lambda provider, text, _: InvalidRequestError(f"{provider.name}: {_quoted(text)}"),
    "provider_key": lambda provider, _, __: ProviderNotConfiguredError(f"{provider.name} API key not configured"),
    "provider_credit": lambda provider, _, __: ProviderNotConfiguredError(f"{provider.name} account is out of credit"),
    "forbidden": lambda provider, _, __: ProviderNotConfiguredError(f"{provider.name} API key not configured"),
    "too_dear": lambda provider, _, __: ProviderNotConfiguredError(f"{provider.name} account is out of credit"),
    "model": lambda provider, _, __: ModelNotServedError(provider.name),
    "rate": lambda provider, _, wait: RateLimitError(
        f"{provider.name} rate limit reached", retry_after_s=wait or DEFAULT_RETRY_S
    ),
}
"""All else is an outage to the caller."""

MEANINGS = frozenset(table.RULES)


def to_error(provider: Provider, status: int, headers: Mapping[str, str], body: bytes) -> GatewayError:
    """The error to raise for an answer with an error status."""
    parsed = parse(body)
    text = message(parsed)
    wait = retry_after_s(headers, parsed)
    means = meaning(provider, status, told(body))
    if means == "provider_credit" and wait is not None:
        means = "rate"  # OpenRouter's limit on what is in flight: it heals
    if means not in _ERRORS:
        return table.unavailable(provider.name, means, wait)
    error = _ERRORS[means](provider, text, wait)
    error.means, error.told_wait_s = means, wait
    return error


def meaning(provider: Provider, status: int, told: str) -> str:
    """A row of domain.attempts.table: by the provider's own rules first, then by all providers', then by status.

    `told` is the provider's text, and its code.
    """
    lowered = told.lower()
    for rule in (*provider.error_rules, *_COMMON_RULES):
        if rule.status == status and rule.contains in lowered:
            return rule.means
    return table.meaning(status)


def told(body: bytes) -> str:
    """The text of a provider's error, and its code: what rules look into."""
    parsed = parse(body)
    return f"{message(parsed)} {_code(parsed)}"


def _quoted(text: str) -> str:
    return redaction.shown(_UUID.sub("[redacted]", text) or NO_TEXT)


def hidden_status(body: Any) -> int | None:
    """The status of an error that came with status 200, whole or in a choice; None for an answer."""
    if not isinstance(body, dict):
        return _BAD_GATEWAY
    failed = [
        choice
        for choice in messages.objects(body.get("choices"))
        if choice.get("finish_reason") == "error" or choice.get("error")
    ]
    error = body.get("error") or (failed[0].get("error") if failed else None)
    if not error and not failed:
        return None
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, int) and code in _ERROR_STATUSES else _BAD_GATEWAY


def parse(body: bytes) -> Any:
    """The JSON value, or None. What JSON has no number for becomes null: some providers write it, no client may."""
    try:
        return _DECODER.decode(body.decode(json.detect_encoding(body), "surrogatepass"))
    except (ValueError, RecursionError):
        return None


def message(body: Any) -> str:
    """The provider's text, or an empty one."""
    root = _root(body)
    error = root.get("error")
    found = error.get("message") if isinstance(error, dict) else error or root.get("message")
    return found if isinstance(found, str) else ""


def _root(body: Any) -> dict[str, Any]:
    """Gemini sends its only object in a list."""
    root = body[0] if isinstance(body, list) and body else body
    return root if isinstance(root, dict) else {}


def _error(body: Any) -> dict[str, Any]:
    error = _root(body).get("error")
    return error if isinstance(error, dict) else {}


def _code(body: Any) -> str:
    """OpenAI's codes are steadier than its texts."""
    code = _error(body).get("code")
    return code if isinstance(code, str) else ""


def retry_after_s(headers: Mapping[str, str], body: Any) -> int | None:
    """Whole seconds to wait, from the headers or from Gemini's RetryInfo; None when nothing says so."""
    milliseconds = _number(headers.get("retry-after-ms", ""))
    found = _seconds(headers.get("retry-after", "")) if milliseconds is None else milliseconds / 1000
    found = _retry_info(body) if found is None else found
    return None if found is None else max(1, math.ceil(min(found, MAX_RETRY_S)))


def _number(text: str) -> float | None:
    """Infinity for what is too large."""
    return float(text) if _NUMBER.fullmatch(text.strip()) else None


def _seconds(text: str) -> float | None:
    """From a number or a date; a date without a zone is in UTC."""
    number = _number(text)
    if number is not None:
        return number
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    zoned = date if date.tzinfo else date.replace(tzinfo=UTC)
    return (zoned - datetime.now(UTC)).total_seconds()


def _retry_info(body: Any) -> float | None:
    """`[{"error": {"details": [{"@type": "…RetryInfo", "retryDelay": "17s"}]}}]`, as a list or its only object."""
    details = _error(body).get("details")
    for detail in details if isinstance(details, list) else ():
        delay = detail.get("retryDelay") if isinstance(detail, dict) else None
        if isinstance(delay, str) and delay.endswith("s"):
            return _number(delay.removesuffix("s"))
    return None


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


_DECODER = json.JSONDecoder(parse_constant=lambda _: None, parse_float=_finite)
"""What `json.loads` would make anew for each text."""
