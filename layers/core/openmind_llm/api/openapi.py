"""What FastAPI cannot read off the code of the routes: the raw body, the refusals, the two ways to send a key."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from openmind_llm.api import schemas

PROVIDERS = {"enum": ["openai", "deepseek", "gemini", "xai", "nearai", "openrouter"]}


def _refusal(description: str, **headers: str) -> dict[str, Any]:
    described = {name: {"description": text, "schema": {"type": "string"}} for name, text in headers.items()}
    return {"model": schemas.ErrorBody, "description": description, "headers": described}


REFUSALS: dict[int | str, dict[str, Any]] = {
    401: _refusal("The API key is missing or not valid"),
    405: _refusal("The path does not know this method"),
    500: _refusal("Server-side processing error"),
}

NOT_FOUND: dict[int | str, dict[str, Any]] = {404: _refusal("Unsupported provider or model")}

_CHAT_REFUSALS: dict[int | str, dict[str, Any]] = {
    400: _refusal("Invalid JSON or malformed request"),
    409: _refusal(
        "The request with this Idempotency-Key is still running, or its answer was too large to be stored",
        **{"retry-after": "Seconds to wait, while it is running"},
    ),
    413: _refusal("The body is larger than 6 MB"),
    415: _refusal("The body is not declared as JSON"),
    422: _refusal("This Idempotency-Key was sent before with another body or provider"),
    429: _refusal("The provider asks for patience", **{"retry-after": "Seconds to wait"}),
    503: _refusal("Provider API unavailable or not configured"),
}

_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key with the same body gets the stored answer for 24 hours, charged once. "
    "Only with this header is an answer stored.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$"},
}

CHAT_OPERATION: dict[str, Any] = {
    "response_model": schemas.ChatCompletion,
    "response_description": "The completion, or the events of its stream",
    "responses": REFUSALS | NOT_FOUND | _CHAT_REFUSALS,
    "openapi_extra": {
        "parameters": [_IDEMPOTENCY_KEY],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schemas.CHAT_REQUEST, "example": schemas.CHAT_EXAMPLE}},
        },
        "responses": {"200": {"content": {"text/event-stream": {"schema": schemas.EVENTS}}}},
    },
}

_SECURITY_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "Authorization: Bearer om1_live_…"},
    "apiKey": {"type": "apiKey", "in": "header", "name": "x-api-key"},
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
            if path.startswith("/api/"):
                operation["security"] = [{"bearer": []}, {"apiKey": []}]
    return schema
