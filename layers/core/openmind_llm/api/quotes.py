"""`POST /api/core/{provider}/chat/completions/quote`: reads the same body as a completion, and does not send it."""

import asyncio

from openmind_llm.api import report_bodies
from openmind_llm.api.asgi import Receive, Scope, Send, joined, read_body, send_json
from openmind_llm.api.completions import require_json
from openmind_llm.domain import fallbacks, json_body
from openmind_llm.domain.quotes import Quotes


class QuotesEndpoint:
    """Needs what CompletionsEndpoint does in the scope. Raises GatewayError."""

    def __init__(self, quotes: Quotes, max_body_bytes: int) -> None:
        self._quotes = quotes
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        state, provider = scope["state"], scope["path_params"]["provider"]
        require_json(scope)
        raw = await read_body(receive, self._max_body_bytes)
        fallback = joined(scope, fallbacks.HEADER)
        quote = await asyncio.to_thread(self._quotes.get, state["caller"], provider, raw, state["request_id"], fallback)
        await send_json(send, 200, json_body.text(report_bodies.quote(quote)), {"cache-control": "no-store"})
