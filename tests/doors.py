"""The doors to the one application, all with one handle: a request in, an answer out."""

import asyncio
import base64
import http.client
import json
import socket
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self
from urllib.parse import parse_qs, unquote, urlsplit

import uvicorn
import yaml

from openmind_llm.api.asgi import App
from openmind_llm.api.middleware import LOGIN_PATHS, PUBLIC_PATHS
from tests import canaries

ROOT = Path(__file__).parent.parent

type Headers = dict[str, str]
type Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


@dataclass(frozen=True)
class Answer:
    """What came back; header names are in lower case."""

    status: int
    headers: Headers
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw)

    @property
    def error(self) -> str:
        """The text of an error in the contract's form, and of no other."""
        assert set(self.body) == {"error"}, self.body
        assert isinstance(self.body["error"], str)
        assert self.headers["content-type"].startswith("application/json")
        assert self.headers["x-request-id"]
        return str(self.body["error"])


class Door(Protocol):
    """One way to the application."""

    def request(self, method: str, path: str, headers: Headers, body: bytes) -> Answer: ...


class HttpDoor:
    """A server on a port of loopback; `prefix` goes before every path."""

    def __init__(self, port: int, prefix: str = "") -> None:
        self.port = port
        self.prefix = prefix
        self.url = f"http://127.0.0.1:{port}{prefix}"

    def request(self, method: str, path: str, headers: Headers, body: bytes) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, self.prefix + path, body or None, headers)
            reply = connection.getresponse()
            named = {name.lower(): value for name, value in reply.getheaders()}
            return _seen(Answer(reply.status, named, reply.read()))
        finally:
            connection.close()


class UvicornDoor(HttpDoor):
    """A real server on a real socket.

    On asyncio's own loop: uvloop's cannot be closed while an application keeps connections to a provider.
    """

    def __init__(self, app: App) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        super().__init__(self._listener.getsockname()[1])
        config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off", loop="asyncio")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([self._listener],))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()


class ApiGatewayDoor:
    """What API Gateway does around the functions: authorizer first, own responses as the template has them.

    `stream` answers POST on the completions path, as the template has it; without it `route` answers that, too.
    """

    def __init__(
        self,
        auth: Handler,
        route: Handler,
        loop: asyncio.AbstractEventLoop,
        stream: Callable[[dict[str, Any]], Answer] | None = None,
    ) -> None:
        self._auth = auth
        self._route = route
        self._loop = loop
        self._stream = stream
        self._responses = _gateway_responses()

    def request(self, method: str, path: str, headers: Headers, body: bytes) -> Answer:
        event = _event(method, path, headers)
        if event["path"] not in PUBLIC_PATHS | LOGIN_PATHS:
            refusal = self._authorize(event)
            if refusal is not None:
                return _seen(refusal)
        event |= {"body": base64.b64encode(body).decode() or None, "isBase64Encoded": bool(body)}
        if self._stream and method == "POST" and path.endswith("/chat/completions"):
            return self._stream(event)
        asyncio.set_event_loop(self._loop)  # other tests may have taken it away
        reply = self._route(event, None)
        content = reply["body"].encode()
        raw = base64.b64decode(content) if reply.get("isBase64Encoded") else content
        named = {name.lower(): value[-1] for name, value in _multi(reply).items()}
        return _seen(Answer(reply["statusCode"], named, raw))

    def _authorize(self, event: dict[str, Any]) -> Answer | None:
        request = event | {"type": "REQUEST", "methodArn": _method_arn(event)}
        try:
            policy = self._auth(request, None)
        except Exception as error:  # noqa: BLE001 - API Gateway sees but the text
            kind = "UNAUTHORIZED" if str(error) == "Unauthorized" else "AUTHORIZER_FAILURE"
            return self._own_response(kind, event)
        event["requestContext"]["authorizer"] = policy["context"] | {"principalId": policy["principalId"]}
        return None

    def _own_response(self, kind: str, event: dict[str, Any]) -> Answer:
        response = self._responses[kind]
        text = response["ResponseTemplates"]["application/json"]
        headers = {"content-type": "application/json", "x-request-id": event["requestContext"]["requestId"]}
        return Answer(int(response["StatusCode"]), headers, text.encode())


def _event(method: str, path: str, headers: Headers) -> dict[str, Any]:
    """A REST proxy event, made from a recorded one."""
    event: dict[str, Any] = json.loads((ROOT / "events" / "route_chat.json").read_text())
    parts = urlsplit(path)
    context = event["requestContext"] | {"httpMethod": method, "requestId": str(uuid.uuid4())}
    context.pop("authorizer", None)
    query = parse_qs(parts.query) or None
    return event | {
        "httpMethod": method,
        "path": unquote(parts.path, errors="replace"),
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": {name: values[-1] for name, values in query.items()} if query else None,
        "multiValueQueryStringParameters": query,
        "requestContext": context,
    }


def _method_arn(event: dict[str, Any]) -> str:
    return f"arn:aws:execute-api:us-east-1:123456789012:api1234567/dev/{event['httpMethod']}{event['path']}"


def _multi(reply: dict[str, Any]) -> dict[str, list[str]]:
    single = {name: [value] for name, value in (reply.get("headers") or {}).items()}
    return single | (reply.get("multiValueHeaders") or {})


def _gateway_responses() -> dict[str, Any]:
    class Loader(yaml.SafeLoader):
        """CloudFormation's short forms do not matter here."""

    Loader.add_multi_constructor("!", lambda _, __, node: node.value)
    template = yaml.load((ROOT / "template.yaml").read_text(), Loader=Loader)  # noqa: S506 - a SafeLoader
    apis = (r for r in template["Resources"].values() if r["Type"] == "AWS::Serverless::Api")
    responses: dict[str, Any] = next(apis)["Properties"]["GatewayResponses"]
    return responses


def _seen(answer: Answer) -> Answer:
    canaries.look_through("answer", [answer.raw.decode(errors="replace"), repr(answer.headers)])
    return answer
