"""`POST /api/core/{provider}/chat/completions` as a plain ASGI application, without a framework."""

from openmind_llm.api.asgi import Receive, Scope, Send, header, headers, joined, read_body, send_json
from openmind_llm.api.event_stream import EventStream
from openmind_llm.domain import cache_control, fallbacks, telemetry
from openmind_llm.domain.attempts import budget
from openmind_llm.domain.caching import Asked, Caching
from openmind_llm.domain.completions import Call
from openmind_llm.errors import UnsupportedMediaTypeError


class CompletionsEndpoint:
    """Needs `state.caller` and `state.request_id` and `path_params.provider` in the scope. Raises GatewayError."""

    def __init__(self, completions: Caching, max_body_bytes: int, keep_alive_s: float) -> None:
        self._completions = completions
        self._max_body_bytes = max_body_bytes
        self._keep_alive_s = keep_alive_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        state = scope["state"]
        require_json(scope)
        body = await read_body(receive, self._max_body_bytes)
        call = Call(
            caller=state["caller"],
            provider=scope["path_params"]["provider"],
            raw=body,
            request_id=state["request_id"],
            noted=_noted(scope),
            timeout=joined(scope, budget.TIMEOUT_HEADER),
            fallback=joined(scope, fallbacks.HEADER),
        )
        async with self._completions.open(call, _asked(scope)) as reply:
            if reply.is_stream:
                await EventStream(reply, receive, send, self._keep_alive_s).relay()
            else:
                await send_json(send, 200, await anext(reply.payloads), reply.headers)


def _noted(scope: Scope) -> dict[str, str]:
    """What others call the request: API Gateway, or the function URL, in its logs, the client in its traces."""
    told = {
        "gateway_request_id": scope.get("aws.event", {}).get("requestContext", {}).get("requestId"),
        "trace_id": telemetry.trace_id(header(scope, "traceparent")),
    }
    return {name: value for name, value in told.items() if value}


def _asked(scope: Scope) -> Asked:
    return Asked(_idempotency_key(scope), joined(scope, cache_control.HEADER))


def _idempotency_key(scope: Scope) -> str | None:
    """None without the header, which asks for nothing to be stored. Of two headers none counts: an empty text."""
    values = [value.strip() for name, value in headers(scope) if name == "idempotency-key"]
    return None if not values else values[0] if len(values) == 1 else ""


def require_json(scope: Scope) -> None:
    """Raises UnsupportedMediaTypeError."""
    media_type, *parameters = (part.strip() for part in header(scope, "content-type").lower().split(";"))
    charsets = {part.removeprefix("charset=").strip('"') for part in parameters if part.startswith("charset=")}
    if media_type != "application/json" or not charsets <= {"utf-8", "utf8"}:
        raise UnsupportedMediaTypeError("Content-Type must be application/json")
