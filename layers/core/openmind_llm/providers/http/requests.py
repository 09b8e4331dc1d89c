"""A request as it goes over the wire."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import urlsplit

from openmind_llm.providers.http.errors import BadRequestError

_PORTS = {"http": 80, "https": 443}
_NOT_FOR_A_TARGET = re.compile(r"[^\x21-\x7e]")
_NOT_FOR_A_VALUE = re.compile(r"[^\t\x20-\x7e\x80-\xff]")
"""With a line break in it, a key would be a header of its own."""


class Origin(NamedTuple):
    """Where connections go."""

    scheme: str
    host: str
    port: int


class Request:
    """One request. `is_sent` from the moment on in which something of it may be on its way."""

    __slots__ = ("body", "head", "is_sent", "origin")

    def __init__(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> None:
        """Raises BadRequestError."""
        self.origin, host, target = _split(url)
        self.head = _head(f"{method} {target} HTTP/1.1\r\nhost: {host}\r\n", headers, len(body))
        self.body = body
        self.is_sent = False


def _head(start: str, headers: Mapping[str, str], length: int) -> bytes:
    for name, value in headers.items():
        if _NOT_FOR_A_VALUE.search(value):
            raise BadRequestError(f"the header {name} has a character that none may have")
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    framing = f"content-length: {length}\r\n" if length else ""
    return f"{start}{lines}{framing}\r\n".encode("latin-1")


@lru_cache(maxsize=64)
def _split(url: str) -> tuple[Origin, str, str]:
    """The origin, the value of `host`, the target."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise BadRequestError("no URL") from None
    if parts.scheme not in _PORTS or not host or "@" in parts.netloc or _NOT_FOR_A_TARGET.search(url):
        raise BadRequestError("no URL of a provider")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Origin(parts.scheme, host, _PORTS[parts.scheme] if port is None else port), parts.netloc.lower(), target
