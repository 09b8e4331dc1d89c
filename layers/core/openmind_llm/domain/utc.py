"""Moments as text, in UTC. `seconds` are since the epoch."""

from datetime import UTC, datetime
from functools import lru_cache

_DAY_S = 86_400


def text(seconds: float) -> str:
    """ISO 8601, to the millisecond."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def day(seconds: float) -> str:
    """`YYYY-MM-DD`."""
    return _day(int(seconds // _DAY_S))


@lru_cache(maxsize=4)
def _day(number: int) -> str:
    return datetime.fromtimestamp(number * _DAY_S, UTC).date().isoformat()
