"""A runtime in this process against the fake Runtime API, and events for it."""

import asyncio
from collections.abc import MutableMapping
from typing import Any

from openmind_llm.runtime.api import RuntimeApi
from openmind_llm.runtime.asgi import App, Receive, Scope, Send
from openmind_llm.runtime.invocations import Runtime
from tests.fake_runtime_api import TIMEOUT_S, FakeRuntimeApi

new_loop = asyncio.new_event_loop

type Headers = list[tuple[bytes, bytes]]


def serve(
    api: FakeRuntimeApi,
    app: App,
    *,
    state: dict[str, Any] | None = None,
    environ: MutableMapping[str, str] | None = None,
    margin_s: float = 2.0,
) -> None:
    """Until all that has been given to `api` is answered."""

    async def session() -> None:
        client = RuntimeApi(api.address)
        runtime = Runtime(client, app, state=state or {}, environ={} if environ is None else environ, margin_s=margin_s)
        loop = asyncio.get_running_loop()
        api.on_idle = lambda: loop.call_soon_threadsafe(runtime.stop)
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await runtime.serve()
        finally:
            client.close()

    asyncio.run(session(), loop_factory=new_loop)


async def start(send: Send, status: int = 200, headers: Headers | None = None) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers or []})


async def body(send: Send, data: bytes, *, more: bool = False) -> None:
    await send({"type": "http.response.body", "body": data, "more_body": more})


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    await start(send, 200, [(b"content-type", b"text/plain")])
    await body(send, b"hello")


def rest_event(**changes: Any) -> dict[str, Any]:
    """As API Gateway's REST proxy integration sends it."""
    return {
        "resource": "/{proxy+}",
        "path": "/things",
        "httpMethod": "GET",
        "headers": {"Host": "api.example.com"},
        "multiValueHeaders": {"Host": ["api.example.com"]},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "requestContext": {"identity": {"sourceIp": "203.0.113.7"}, "requestId": "r"},
        "body": None,
        "isBase64Encoded": False,
    } | changes


def url_event(**changes: Any) -> dict[str, Any]:
    """As a function URL sends it."""
    return {
        "version": "2.0",
        "rawPath": "/things",
        "rawQueryString": "",
        "headers": {"host": "url.example.com"},
        "requestContext": {"http": {"method": "GET", "path": "/things", "sourceIp": "203.0.113.8"}},
        "isBase64Encoded": False,
    } | changes
