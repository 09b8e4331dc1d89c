"""Errors on demand: the last user message asks for one by a line of its own. The table is in `app`."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from dev.simulator.messages import last_user_text
from dev.simulator.refusals import RefusedError
from dev.simulator.request import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What goes wrong with an answer; by default nothing. `hidden_error` comes within a status 200."""

    refusal: RefusedError | None = None
    hidden_error: RefusedError | None = None
    delay_s: float = 0
    hangs: bool = False
    is_cut: bool = False
    has_usage: bool = True


def asked(request: Request) -> Fault:
    """Raises RefusedError for a line that is not in the table."""
    line = _LINE.search(last_user_text(request.messages))
    if line is None:
        return Fault()
    for pattern, build in _FAULTS.items():
        found = re.fullmatch(pattern, line[1])
        if found:
            return build(request, found)
    raise RefusedError(400, f"simulate: '{line[1]}' is not one of: {_KNOWN}")


def _refused(request: Request, found: re.Match[str]) -> Fault:
    status = int(found["status"])
    own = _OWN.get((request.quirks.name, status)) or _COMMON.get(status)
    refusal = own or RefusedError(status, f"Simulated error {status}.", "server_error")
    wait = found["wait"] or (request.quirks.default_retry_s if refusal.status == _TOO_MANY else None)
    text = refusal.text.replace("{model}", request.model)
    return Fault(refusal=replace(refusal, text=text, retry_after_s=None if wait is None else int(wait)))


_LINE = re.compile(r"^[ \t]*simulate:[ \t]*(\S.*?)[ \t]*\r?$", re.MULTILINE)
_TOO_MANY = 429

_FAULTS: dict[str, Callable[[Request, re.Match[str]], Fault]] = {
    r"(?P<status>[45]\d\d)( retry-after=(?P<wait>\d{1,6}))?": _refused,
    r"timeout": lambda _request, _found: Fault(hangs=True),
    r"200-error": lambda _request, _found: Fault(
        hidden_error=RefusedError(502, "Simulated error within status 200.", "server_error", code="502")
    ),
    r"cut": lambda _request, _found: Fault(is_cut=True),
    r"slow (\d{1,3}(?:\.\d+)?)s": lambda _request, found: Fault(delay_s=float(found[1])),
    r"no-usage": lambda _request, _found: Fault(has_usage=False),
}
_KNOWN = "<status>, <status> retry-after=<seconds>, timeout, 200-error, cut, slow <seconds>s, no-usage"

_COMMON: dict[int, RefusedError] = {
    401: RefusedError(401, "Incorrect API key provided: sk-simulated.", code="invalid_api_key"),
    402: RefusedError(402, "Insufficient credits. Add more to go on.", "insufficient_credits", code="no_credits"),
    403: RefusedError(403, "Your request is not allowed here.", "request_forbidden"),
    404: RefusedError(
        404,
        "The model `{model}` does not exist or you do not have access to it.",
        code="model_not_found",
    ),
    429: RefusedError(429, "Rate limit reached for requests.", "requests", code="rate_limit_exceeded"),
    500: RefusedError(500, "The server had an error while processing your request.", "server_error"),
    503: RefusedError(503, "The server is overloaded. Please try again later.", "service_unavailable"),
}

_OWN: dict[tuple[str, int], RefusedError] = {
    ("openai", 402): RefusedError(
        429,
        "You exceeded your current quota, please check your plan and billing details.",
        "insufficient_quota",
        code="insufficient_quota",
    ),
    ("deepseek", 401): RefusedError(
        401,
        "Authentication Fails, Your api key: ****ated is invalid",
        "authentication_error",
    ),
    ("deepseek", 402): RefusedError(402, "Insufficient Balance", "unknown_error"),
    ("deepseek", 404): RefusedError(
        400,
        "The supported API model names are deepseek-v4-pro or deepseek-v4-flash, but you passed {model}.",
    ),
    ("gemini", 401): RefusedError(
        401,
        "Request had invalid authentication credentials. Expected OAuth 2 access token or other valid credential.",
    ),
    ("gemini", 402): RefusedError(
        429,
        "You exceeded your current quota, please check your plan and billing details.",
    ),
    ("gemini", 404): RefusedError(
        404,
        "models/{model} is not found for API version v1main, or is not supported for generateContent.",
    ),
    ("xai", 401): RefusedError(
        400,
        "Incorrect API key provided: si***ed. You can obtain an API key from https://console.x.ai.",
    ),
    ("xai", 402): RefusedError(
        429,
        "Your team has either used all available credits or reached its monthly spending limit.",
    ),
    ("nearai", 429): RefusedError(429, "All backends are overloaded.", "service_overloaded"),
    ("openrouter", 403): RefusedError(403, "Your input was flagged by moderation.", "moderation"),
    ("openrouter", 404): RefusedError(404, "No endpoints found for {model}."),
}
