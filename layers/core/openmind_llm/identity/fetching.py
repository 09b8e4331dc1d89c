"""JSON from an issuer: by https or from this machine, short, without redirects and without proxies."""

import ipaddress
import json
from contextlib import closing
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import SplitResult, urlsplit

TIMEOUT_S = 3
MAX_BYTES = 1024 * 1024
_OK = 200


class UnreadableError(Exception):
    """The text is ours and quotes nothing of an answer."""


def json_object(url: str) -> dict[str, Any]:
    """What a GET of `url` answers. Raises UnreadableError."""
    try:
        parsed = json.loads(_body(urlsplit(url)))
    except (OSError, HTTPException, ValueError, RecursionError) as error:
        raise UnreadableError(type(error).__name__) from None
    if not isinstance(parsed, dict):
        raise UnreadableError("not a JSON object")
    return parsed


def _body(url: SplitResult) -> bytes:
    with closing(_connection(url)) as connection:
        connection.request("GET", f"{url.path or '/'}{'?' if url.query else ''}{url.query}")
        response = connection.getresponse()
        if response.status != _OK:
            raise UnreadableError(f"status {response.status}")
        body = response.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        raise UnreadableError(f"longer than {MAX_BYTES} bytes")
    return body


def _connection(url: SplitResult) -> HTTPConnection:
    host = url.hostname or ""
    if url.scheme == "https":
        return HTTPSConnection(host, url.port, timeout=TIMEOUT_S)
    if url.scheme == "http" and _is_loopback(host):
        return HTTPConnection(host, url.port, timeout=TIMEOUT_S)
    raise UnreadableError("neither https nor on this machine")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
