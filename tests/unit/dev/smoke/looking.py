"""A target whose doors and stack say what a test wants."""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Self

from dev.smoke.stack import Stack
from dev.smoke.table import Result, Row, run
from dev.smoke.target import Clock, Target
from dev.smoke.wire import Answer, Door, Piece, Streamed
from tests.fakes import FakeClock

NOW = 1_795_673_839.0
JSON = {"content-type": "application/json", "x-request-id": "r-1"}


def answer(status: int = 200, body: Any = None, **headers: str) -> Answer:
    """In JSON, with a request id; header names with _ for -."""
    named = JSON | {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, named, body if isinstance(body, bytes) else json.dumps(body).encode())


def refused(status: int, text: str = "no", **headers: str) -> Answer:
    return answer(status, {"error": text}, **headers)


def whole(**headers: str) -> Answer:
    told = {"x_openmind_cost": "0.5", "x_openmind_overhead_ms": "12"} | headers
    return answer(200, {"choices": [{"message": {"content": "Hello!"}}]}, **told)


def pieces(*times: float, done: bool = True) -> tuple[Piece, ...]:
    """An event at each of these seconds; the last is the end."""
    texts = [b'data: {"n": 1}\n\n'] * (len(times) - done) + [b"data: [DONE]\n\n"] * done
    return tuple(Piece(at, text) for at, text in zip(times, texts, strict=True))


class FakeDoor(Door):
    """Gives these answers in their order, and the last one for ever; remembers what was asked."""

    def __init__(self, *answers: Answer, url: str = "https://api.example", streamed: Streamed | None = None) -> None:
        super().__init__(url)
        self._answers = list(answers)
        self._streamed = streamed
        self.asked: list[tuple[str, str, Mapping[str, str], bytes]] = []

    def ask(self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Answer:
        self.asked.append((method, path, headers or {}, body))
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]

    def stream(self, path: str, headers: Mapping[str, str], body: bytes, leave_after: int = 0) -> Streamed:
        self.asked.append(("POST", path, headers, body))
        assert self._streamed is not None
        return self._streamed


class FakeSession:
    """Boto3's session and clients in one: each operation gives what it was told, or raises it."""

    region_name = "us-east-1"

    def __init__(self, **answers: Any) -> None:
        self._answers = answers

    def client(self, _: str) -> Self:
        return self

    def get_paginator(self, operation: str) -> "Pages":
        return Pages(self._answers[operation])

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**_: Any) -> Any:
            said = self._answers[operation]
            if isinstance(said, Exception):
                raise said
            return said

        return call


class Pages:
    def __init__(self, pages: list[Any]) -> None:
        self._pages = pages

    def paginate(self, **_: Any) -> list[Any]:
        return self._pages


def stack(
    resources: Mapping[str, str] | None = None, parameters: Mapping[str, str] | None = None, **said: Any
) -> Stack:
    """`resources`: kinds by logical id; the physical id is the same in lower case. `said`: see FakeSession."""
    described = {
        "Outputs": [{"OutputKey": "TableName", "OutputValue": "table"}],
        "Parameters": [{"ParameterKey": name, "ParameterValue": value} for name, value in (parameters or {}).items()],
        "CreationTime": datetime(2026, 1, 1, tzinfo=UTC),
    }
    listed = [
        {"LogicalResourceId": name, "ResourceType": kind, "PhysicalResourceId": name.lower()}
        for name, kind in (resources or {}).items()
    ]
    told = {"describe_stacks": {"Stacks": [described]}, "list_stack_resources": [{"StackResourceSummaries": listed}]}
    return Stack("a-stack", FakeSession(**(told | said)))


def logged(*lines: Any) -> list[Any]:
    """Pages of filter_log_events."""
    return [{"events": [{"message": line if isinstance(line, str) else json.dumps(line)} for line in lines]}]


def target(door: Door, stack: Stack | None = None, url_door: Door | None = None) -> Target:
    ticking = FakeClock()
    ticking.now = NOW

    def sleep(seconds: float) -> None:
        ticking.now += seconds

    made = Target(door, url_door, "om1_live_key", "openai", "gpt-4o-mini", stack, clock=Clock(ticking, sleep))
    made.started = NOW
    return made


def look(rows: Iterable[Row[Target]], name: str, target: Target) -> Result:
    (row,) = (row for row in rows if row.name == name)
    (result,) = run([row], target, lambda _: None)
    return result
