"""HTTP requests out of events: API Gateway's REST proxy events (v1) and those of function URLs (v2)."""

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, urlencode

from openmind_llm.runtime.asgi import VERSIONS

type Event = dict[str, Any]

_PATH_SAFE = "/%:@!$&'()*+,;=~"
"""What may stand in a path as it is. The percent sign too: what is escaped already stays so."""


class UnknownEventError(Exception):
    """The event is not an HTTP request, or not one of a form that is known here."""


@dataclass(frozen=True, slots=True)
class Request:
    """An ASGI scope, without state and context, the body that goes with it, and a need of the response.

    `joins_headers`: whoever sent the event knows no response header with several values.
    """

    scope: dict[str, Any]
    body: bytes
    joins_headers: bool


def parse(raw: bytes) -> Request:
    """Raises UnknownEventError."""
    try:
        event = json.loads(raw)
        is_url = "rawPath" in event
        scope = _url_scope(event) if is_url else _rest_scope(event)
        return Request(scope | {"aws.event": event}, _body(event), joins_headers=is_url)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UnknownEventError from error


def _rest_scope(event: Event) -> dict[str, Any]:
    fields = event.get("multiValueHeaders") or _listed(event.get("headers"))
    query = event.get("multiValueQueryStringParameters") or _listed(event.get("queryStringParameters"))
    headers = [(name, value) for name, values in fields.items() for value in values or ()]
    context = event["requestContext"]
    return _scope(
        method=event["httpMethod"],
        path=event["path"],
        query=urlencode({name: values for name, values in query.items() if values}, doseq=True),
        headers=headers,
        client=(context.get("identity") or {}).get("sourceIp"),
    )


def _url_scope(event: Event) -> dict[str, Any]:
    context = event["requestContext"]
    fields = dict(event.get("headers") or {})
    if cookies := event.get("cookies"):
        fields |= {"cookie": "; ".join(cookies)}
    return _scope(
        method=context["http"]["method"],
        path=event["rawPath"],
        query=event.get("rawQueryString") or "",
        headers=fields.items(),
        client=context["http"].get("sourceIp"),
    )


def _scope(
    *, method: str, path: str, query: str, headers: Iterable[tuple[str, str]], client: str | None
) -> dict[str, Any]:
    fields = [(name.lower().encode(), value.encode()) for name, value in headers]
    host = next((value.decode() for name, value in fields if name == b"host"), None)
    return {
        "type": "http",
        "asgi": VERSIONS,
        "http_version": "1.1",
        "method": method.upper(),
        "scheme": "https",
        "path": unquote(path),
        "raw_path": quote(path, safe=_PATH_SAFE).encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": fields,
        "client": (client, 0) if client else None,
        "server": (host or "localhost", 443),
    }


def _listed(fields: dict[str, str] | None) -> dict[str, list[str]]:
    return {name: [value] for name, value in (fields or {}).items() if value is not None}


def _body(event: Event) -> bytes:
    body = event.get("body") or ""
    return base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode()
