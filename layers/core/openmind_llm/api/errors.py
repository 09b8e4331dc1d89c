"""Errors on the wire: `{"error": "text"}`, and headers that tell a client whether to try again."""

from openmind_llm.api.asgi import Send, send_json
from openmind_llm.domain import json_body
from openmind_llm.errors import GatewayError


def body(error: GatewayError) -> dict[str, str]:
    return {"error": error.message}


def headers(error: GatewayError) -> dict[str, str]:
    """`x-should-retry` is what the openai SDK obeys; without it, it retries every 5xx."""
    hint = {} if error.may_retry else {"x-should-retry": "false"}
    wait = {} if error.retry_after_s is None else {"retry-after": str(error.retry_after_s)}
    return {**error.headers, **hint, **wait}


async def send(send: Send, error: GatewayError) -> None:
    await send_json(send, error.status, json_body.text(body(error)), headers(error))
