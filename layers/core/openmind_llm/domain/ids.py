"""Ids that begin with their time (UUID version 7, RFC 9562): in the order of their ids, rows are in that of time."""

import secrets
import uuid

_RANDOM_BITS = 74


def new(now_ms: int) -> str:
    """`now_ms` is in milliseconds since the epoch."""
    random = secrets.randbits(_RANDOM_BITS)
    return _formed(now_ms, random >> 62, random & ((1 << 62) - 1))


def first(ms: int) -> str:
    """No id of this millisecond or later is before it."""
    return _formed(ms, 0, 0)


def _formed(ms: int, high: int, low: int) -> str:
    value = (ms & ((1 << 48) - 1)) << 80 | 7 << 76 | high << 64 | 2 << 62 | low
    return str(uuid.UUID(int=value))
