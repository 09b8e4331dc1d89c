"""`POST /api/core/{provider}/chat/completions` as a plain ASGI application, without a framework."""

from openmind_llm.api.asgi import Receive, Scope, Send, header, read_body, send_json
from openmind_llm.domain.completions import Completions
from openmind_llm.errors import UnsupportedMediaTypeError


class CompletionsEndpoint:
    """Needs `state.caller` and `state.request_id` and `path_params.provider` in the scope. Raises GatewayError."""

    def __init__(self, completions: Completions, max_body_bytes: int) -> None:
        self._completions = completions
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        state = scope["state"]
        _require_json(scope)
        body = await read_body(receive, self._max_body_bytes)
        completion = await self._completions.create(
            state["caller"], scope["path_params"]["provider"], body, state["request_id"]
        )
        await send_json(send, 200, completion.body, completion.headers)


def _require_json(scope: Scope) -> None:
    media_type, _, parameters = header(scope, "content-type").lower().partition(";")
    charset = parameters.replace(" ", "").replace('"', "")
    is_utf8 = "charset=" not in charset or charset.startswith(("charset=utf-8", "charset=utf8"))
    if media_type.strip() != "application/json" or not is_utf8:
        raise UnsupportedMediaTypeError("Content-Type must be application/json")
