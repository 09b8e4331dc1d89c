"""Where the next page begins, in a text that is good for the report it was given with and for no other."""

import base64
import hashlib
import hmac
import json
import re

from openmind_llm.errors import InvalidRequestError

_FORM = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
_PURPOSE = b"cursor of a usage report"


def write(secret: bytes, report: tuple[str, ...], position: tuple[str, ...]) -> str:
    """`report` is all that makes it this one: whose it is, of which days, how it is grouped."""
    place = _base64(json.dumps(position).encode())
    return f"{place}.{_signature(secret, report, place)}"


def read(secret: bytes, report: tuple[str, ...], cursor: str) -> tuple[str, ...]:
    """The position. Raises InvalidRequestError for a cursor of another report, and for one that nobody gave."""
    found = _FORM.fullmatch(cursor)
    if found is None or not hmac.compare_digest(found[2], _signature(secret, report, found[1])):
        raise InvalidRequestError("cursor must be the one that a page before gave, with the same from, to and group_by")
    return tuple(json.loads(base64.urlsafe_b64decode(found[1] + "==")))


def _signature(secret: bytes, report: tuple[str, ...], place: str) -> str:
    own = hmac.digest(secret, _PURPOSE, hashlib.sha256)
    return _base64(hmac.digest(own, json.dumps([*report, place]).encode(), hashlib.sha256))


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
