"""Moments as text, in UTC. `seconds` are since the epoch."""

from datetime import UTC, datetime


def text(seconds: float) -> str:
    """ISO 8601, to the millisecond."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def day(seconds: float) -> str:
    """`YYYY-MM-DD`."""
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()
