"""Lets pages of another origin call the API, where the operator says so."""

from openmind_llm.api.asgi import App, Message, Receive, Scope, Send, header, send_start

METHODS = "GET, POST, OPTIONS"
PREFLIGHT_MAX_AGE_S = 600


class Cors:
    """Answers preflights itself, without a key, as browsers ask them; names the origin on every other answer.

    `origin` is one origin or `*`. Browsers need no more: keys travel in headers, never in cookies.
    """

    def __init__(self, app: App, origin: str) -> None:
        self._app = app
        self._named = {"access-control-allow-origin": origin, "vary": "origin"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["method"] == "OPTIONS" and header(scope, "access-control-request-method"):
            await self._answer_preflight(scope, send)
        else:
            await self._app(scope, receive, self._naming(send))

    async def _answer_preflight(self, scope: Scope, send: Send) -> None:
        allowed = {
            "access-control-allow-methods": METHODS,
            "access-control-allow-headers": header(scope, "access-control-request-headers") or "*",
            "access-control-max-age": str(PREFLIGHT_MAX_AGE_S),
        }
        await send_start(send, 204, self._named | allowed)
        await send({"type": "http.response.body", "body": b""})

    def _naming(self, send: Send) -> Send:
        exposed = self._named | {"access-control-expose-headers": "*"}
        added = [(name.encode(), value.encode("latin-1")) for name, value in exposed.items()]

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *added]
            await send(message)

        return named
