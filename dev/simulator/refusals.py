"""The errors of the six providers, each in the provider's own shape."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

type Body = dict[str, Any]


@dataclass(eq=False)
class RefusedError(Exception):
    """What a provider says no with. `kind` and `code` are OpenAI's `type` and `code`."""

    status: int
    text: str
    kind: str = "invalid_request_error"
    param: str | None = None
    code: str | None = None
    retry_after_s: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


_BAD_REQUEST = 400

_GOOGLE_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}

_XAI_CODES = {
    400: "Client specified an invalid argument",
    403: "The caller does not have permission to execute the specified operation",
    404: "Some requested entity was not found",
    429: "Some resource has been exhausted",
}


def openai(refusal: RefusedError) -> Body:
    return {
        "error": {
            "message": refusal.text,
            "type": refusal.kind,
            "param": refusal.param,
            "code": refusal.code,
        }
    }


def deepseek(refusal: RefusedError) -> Body:
    """OpenAI's object; `param` is never filled and `code` repeats the class of the error."""
    code = refusal.code or "invalid_request_error"
    return {"error": {"message": refusal.text, "type": refusal.kind, "param": None, "code": code}}


def gemini(refusal: RefusedError) -> list[Body]:
    status = _GOOGLE_STATUSES.get(refusal.status, "UNKNOWN")
    error: Body = {"code": refusal.status, "message": refusal.text, "status": status}
    if refusal.retry_after_s is not None:
        kind = "type.googleapis.com/google.rpc.RetryInfo"
        error["details"] = [{"@type": kind, "retryDelay": f"{refusal.retry_after_s}s"}]
    elif refusal.status == _BAD_REQUEST:
        kind = "type.googleapis.com/google.rpc.BadRequest"
        error["details"] = [{"@type": kind, "fieldViolations": [{"description": refusal.text}]}]
    return [{"error": error}]


def xai(refusal: RefusedError) -> Body:
    code = _XAI_CODES.get(refusal.status, "The service is currently unavailable")
    return {"code": code, "error": refusal.text}


def openrouter(refusal: RefusedError) -> Body:
    metadata = {"provider_name": "Simulator", "raw": refusal.text, "error_type": refusal.kind}
    error = {"code": refusal.status, "message": refusal.text, "metadata": metadata}
    return {"error": error, "user_id": "user_simulated"}


type Shape = Callable[[RefusedError], Body | list[Body]]

SHAPES: dict[str, Shape] = {
    "openai": openai,
    "deepseek": deepseek,
    "gemini": gemini,
    "xai": xai,
    "nearai": openai,
    "openrouter": openrouter,
}


def headers(refusal: RefusedError, provider: str) -> dict[str, str]:
    """Gemini tells the wait in the body alone."""
    wait = refusal.retry_after_s
    told = {} if wait is None or provider == "gemini" else {"retry-after": str(wait)}
    return {**refusal.headers, **told}
