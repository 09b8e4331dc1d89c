"""Requests to be told of, and lines as the functions write them."""

import importlib
import io
import itertools
import json
import pkgutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from aws_lambda_powertools import Logger

from openmind_llm import domain
from openmind_llm.domain.attempts.trail import Attempt
from openmind_llm.domain.telemetry import Summary
from openmind_llm.errors import GatewayError
from openmind_llm.telemetry import line
from openmind_llm.telemetry.line import Lines
from openmind_llm.telemetry.metrics import Metrics
from openmind_llm.telemetry.xray import Segments

ROOT = "1-5759e988-bd862e3fe1be46a994272793"
PARENT = "53995c3f42cd8ad8"
SAMPLED = f"Root={ROOT};Parent={PARENT};Sampled=1"

_services = itertools.count()

FACTS = {
    "request_id": "request-1",
    "key_id": "c0ffee00c0ffee00",
    "account_id": "account-1",
    "provider": "openai",
    "model": "gpt-4o",
    "status": 200,
    "duration_ms": 700,
}


def attempt(means: str = "", provider: str = "openai", model: str = "gpt-4o", started: float = 1000.5) -> Attempt:
    return Attempt(provider, model, f"{model}-upstream", "main", started, 250, None if means else 90, means)


def told(*attempts: Attempt, **facts: Any) -> Summary:
    return Summary(FACTS | facts, attempts)


def lines(header: str = "", metrics: Metrics | None = None, daemon: tuple[str, int] | None = None) -> Lines:
    return Lines(metrics or Metrics("prod", "model"), Segments(daemon), lambda: header)


@contextmanager
def written(level: str = "INFO") -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Each line so far, as the Logger of a function writes it."""
    out = io.StringIO()
    service = f"test-{next(_services)}"  # the Loggers of one service share the output of the first
    (handler,) = Logger(service=service, stream=out, level=level).handlers
    before = line.logger.level
    line.logger.addHandler(handler)
    line.logger.setLevel(level)
    try:
        yield lambda: [json.loads(one) for one in out.getvalue().splitlines()]
    finally:
        line.logger.removeHandler(handler)
        line.logger.setLevel(before)


def line_of(summary: Summary, telemetry: Lines | None = None) -> dict[str, Any]:
    """The one line that a request leaves."""
    with written() as output:
        (telemetry or lines()).tell(summary)
        (made,) = output()
    return made


def errors_of_all_kinds() -> set[type[GatewayError]]:
    """The whole tree, with those that stand beside their rules."""
    for module in pkgutil.walk_packages(domain.__path__, f"{domain.__name__}."):
        importlib.import_module(module.name)
    found, kinds = {GatewayError}, [GatewayError]
    while kinds:
        below = kinds.pop().__subclasses__()
        found.update(below)
        kinds.extend(below)
    return {kind for kind in found if kind.__module__.startswith("openmind_llm.")}
