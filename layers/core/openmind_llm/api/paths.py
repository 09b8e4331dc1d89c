"""The paths of a door that serves completions and nothing else, without a framework to find them."""

import re

from openmind_llm.api.asgi import App, Receive, Scope, Send, send_json
from openmind_llm.errors import MethodNotAllowedError, NotFoundError

_CHAT = re.compile(r"/api/core/([^/]+)/chat/completions")


class CompletionsAlone:
    """Serves the completions endpoint and `/health`. Raises NotFoundError and MethodNotAllowedError for the rest."""

    def __init__(self, completions: App) -> None:
        self._completions = completions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/health":
            _require_method(scope, "GET")
            await send_json(send, 200, b'{"status":"ok"}', {})
            return
        found = _CHAT.fullmatch(scope["path"])
        if found is None:
            raise NotFoundError("Not found")
        _require_method(scope, "POST")
        scope["path_params"] = {"provider": found[1]}
        await self._completions(scope, receive, send)


def _require_method(scope: Scope, allowed: str) -> None:
    if scope["method"] != allowed:
        error = MethodNotAllowedError("Method not allowed")
        error.headers = {"allow": allowed}
        raise error
