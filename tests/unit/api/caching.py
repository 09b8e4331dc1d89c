"""Requests that ask for the cache, or for none of it."""

from collections.abc import Iterable
from typing import Any

from tests.unit.api.repeating import Answer, Gateway


def ask(gateway: Gateway, control: str | Iterable[str] | None = "max-age=60", **more: Any) -> Answer:
    """With one header for each of `control`, and without an `Idempotency-Key` but where one is given."""
    values = [] if control is None else [control] if isinstance(control, str) else list(control)
    headers = [("cache-control", value) for value in values] + more.pop("headers", [])
    return gateway.ask(more.pop("key", None), headers=headers, **more)


def told(answer: Answer) -> str | None:
    return answer.headers.get("x-openmind-cache")
