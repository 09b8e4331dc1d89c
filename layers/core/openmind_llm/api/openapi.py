"""What FastAPI cannot read off the code of the routes: the raw body, the refusals, keys and logins."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from openmind_llm.api import schemas
from openmind_llm.api.middleware import LOGIN_PATHS, USAGE_PATH

PROVIDERS = {"enum": ["openai", "deepseek", "gemini", "xai", "nearai", "openrouter"]}


def refusal(description: str, **headers: str) -> dict[str, Any]:
    described = {name: {"description": text, "schema": {"type": "string"}} for name, text in headers.items()}
    return {"model": schemas.ErrorBody, "description": description, "headers": described}


REFUSALS: dict[int | str, dict[str, Any]] = {
    401: refusal("The API key is missing or not valid"),
    405: refusal("The path does not know this method"),
    500: refusal("Server-side processing error"),
}

NOT_FOUND: dict[int | str, dict[str, Any]] = {404: refusal("Unsupported provider or model")}

_CHAT_REFUSALS: dict[int | str, dict[str, Any]] = {
    400: refusal("Invalid JSON or malformed request; more input than the plan allows; blocked by a content filter"),
    402: refusal("The credit, or the budget of the API key, does not cover the request"),
    403: refusal("This API key, or its account, may not use this model"),
    409: refusal(
        "The request with this Idempotency-Key is still running, or its answer was too large to be stored",
        **{"retry-after": "Seconds to wait, while it is running"},
    ),
    413: refusal("The body is larger than 6 MB, or than the plan allows"),
    415: refusal("The body is not declared as JSON"),
    422: refusal("This Idempotency-Key was sent before with another body or provider"),
    429: refusal("The plan, the API key or the provider asks for patience", **{"retry-after": "Seconds to wait"}),
    503: refusal("Provider API unavailable or not configured; the account's content filters cannot be applied"),
}

QUOTE_REFUSALS: dict[int | str, dict[str, Any]] = {
    **{status: described for status, described in _CHAT_REFUSALS.items() if status in {400, 413, 415}},
    503: refusal("The ledger cannot be read at the moment, or the account's content filters cannot be applied"),
}


def _header(name: str, description: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": False, "description": description, "schema": schema}


_HEADERS = [
    _header(
        "Idempotency-Key",
        "The same key with the same body gets the stored answer for 24 hours, charged once. "
        "Only with this header, or with `Cache-Control`, is an answer stored.",
        type="string",
        minLength=1,
        maxLength=255,
        pattern="^[!-~]([ -~]*[!-~])?$",
    ),
    _header(
        "x-request-timeout-ms",
        "Milliseconds that the whole request may take, retries and fallbacks included",
        type="string",
        pattern="^[1-9][0-9]{0,9}$",
        examples=["30000"],
    ),
    _header(
        "x-openmind-fallback",
        "Up to three models (provider/model, with commas between) that may answer where the one that is asked for "
        "cannot; none to do without those of the catalogue",
        type="string",
        examples=["none", "xai/grok-4"],
    ),
    _header(
        "Cache-Control",
        "`max-age=N`: an answer to the same request may be given again for N seconds, 86400 at most, and is stored for "
        "that; `no-cache`, `no-store`: not from the cache, not into it, whatever is usual for the API key. "
        "`x-openmind-cache` tells what came of it.",
        type="string",
        examples=["max-age=3600"],
    ),
]

CHAT_OPERATION: dict[str, Any] = {
    "response_model": schemas.ChatCompletion,
    "response_description": "The completion, or the events of its stream",
    "responses": REFUSALS | NOT_FOUND | _CHAT_REFUSALS,
    "openapi_extra": {
        "parameters": _HEADERS,
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schemas.CHAT_REQUEST, "example": schemas.CHAT_EXAMPLE}},
        },
        "responses": {"200": {"content": {"text/event-stream": {"schema": schemas.EVENTS}}}},
    },
}

NO_USER: dict[int | str, dict[str, Any]] = {404: refusal("The login has no account here")}

_SECURITY_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "Authorization: Bearer om1_live_…"},
    "apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key"},
    "login": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A user's login, from the issuer that the operator trusts. Not an API key.",
    },
}

_FRAMEWORKS_422 = "Validation Error"


def describe(app: FastAPI) -> None:
    """Replaces FastAPI's document by one that tells the truth about keys and validation."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _document(app: FastAPI) -> dict[str, Any]:
    schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    schema["components"]["securitySchemes"] = _SECURITY_SCHEMES
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            # FastAPI answers a bad path parameter with 422; ours are never refused by type.
            if operation["responses"].get("422", {}).get("description") == _FRAMEWORKS_422:
                del operation["responses"]["422"]
            if path in LOGIN_PATHS:
                operation["security"] = [{"login": []}]
            elif path.startswith("/api/"):
                shown = ("bearer", "apiKey", "login") if path.startswith(USAGE_PATH) else ("bearer", "apiKey")
                operation["security"] = [{scheme: []} for scheme in shown]
    return schema
