"""What there is to watch: the metrics that the gateway tells, and those of AWS that alarms and dashboard may name."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openmind_llm.telemetry.metrics import Metrics
from tests.unit.telemetry.telling import attempt, errors_of_all_kinds, told

PACKAGE = Path(__file__).parents[2] / "layers" / "core" / "openmind_llm"
OURS = "OpenMind"

type Kind = tuple[str, frozenset[str]]
"""The name of a metric, and of its dimensions."""

_FACTS = dict.fromkeys(
    ("overhead_ms", "first_ms", "cost", "charge", "open_holds", "breaker_open", "input_tokens", "output_tokens"), 1
)

_FUNCTION, _API, _TABLE = frozenset({"FunctionName"}), frozenset({"ApiName", "Stage"}), frozenset({"TableName"})

OF_AWS: dict[str, set[Kind]] = {
    "AWS/Lambda": {
        *((name, _FUNCTION) for name in ("Invocations", "Errors", "Throttles", "Duration", "ConcurrentExecutions")),
        ("IteratorAge", _FUNCTION),
        *((name, _FUNCTION) for name in ("UrlRequestCount", "Url4xxCount", "Url5xxCount")),
        ("ConcurrentExecutions", frozenset()),
    },
    "AWS/ApiGateway": {(name, _API) for name in ("Count", "4XXError", "5XXError", "Latency", "IntegrationLatency")},
    "AWS/DynamoDB": {
        *((name, _TABLE) for name in ("ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits")),
        *((name, _TABLE) for name in ("ReadThrottleEvents", "WriteThrottleEvents")),
        ("SystemErrors", _TABLE | {"Operation"}),
    },
    "AWS/SQS": {("ApproximateNumberOfMessagesVisible", frozenset({"QueueName"}))},
}
"""As the services' own documents name them. Throttles and errors by Operation have no sum over all operations."""


@dataclass(frozen=True)
class Watched:
    """One metric that somebody watches. Values of dimensions are as CloudFormation has them."""

    namespace: str
    name: str
    dimensions: dict[str, Any]

    @property
    def kind(self) -> Kind:
        return self.name, frozenset(self.dimensions)


def told_of_requests(finest: str = "stage") -> set[Kind]:
    """By running it: once for each class of error."""
    summaries = [
        told(attempt(), attempt("outage"), cache="hit", error_class=name, **_FACTS) for name in error_classes()
    ]
    lines = [Metrics("dev", finest).fields(summary) for summary in summaries]
    made = [one for line in lines for one in line["_aws"]["CloudWatchMetrics"]]
    return {(m["Name"], frozenset(names)) for one in made for names in one["Dimensions"] for m in one["Metrics"]}


def told_as_signals() -> set[Kind]:
    """Every name in capitals that a module which tells signals writes down: by reading it."""
    sources = (path.read_text() for path in PACKAGE.rglob("*.py"))
    telling = [source for source in sources if re.search(r"(signals|told)\.tell\(", source)]
    names = {name for source in telling for name in _capitals(ast.parse(source))}
    return {(name, frozenset({"stage"})) for name in names}


def error_classes() -> set[str]:
    return {kind.__name__ for kind in errors_of_all_kinds()}


def told_of_all(finest: str = "stage") -> set[Kind]:
    return told_of_requests(finest) | told_as_signals()


def _capitals(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(r"[A-Z]\w+", node.value):
            yield node.value
