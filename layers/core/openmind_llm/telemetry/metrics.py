"""Metrics as fields of the request's own log line: CloudWatch's embedded metric format (EMF).

CloudWatch Logs makes metrics of them, so nothing has to be called or waited for. Powertools builds and checks the
object; every function has loaded it with its Logger. Its `Metrics` would print a line of its own and keep what it is
given in the class: its provider, made anew for each request, does neither.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import AmazonCloudWatchEMFProvider

from openmind_llm.domain.attempts import table
from openmind_llm.domain.attempts.trail import Attempt
from openmind_llm.domain.telemetry import Summary
from openmind_llm.domain.usage import INPUT_CLASSES, OUTPUT_CLASSES

NAMESPACE = "OpenMind"
DIMENSIONS = ("stage", "provider", "model")
"""From coarse to fine. What a client wrote, a key and an account are none: each value is paid for as a metric."""

OFF = "off"

OURS = ("InternalError", "LedgerUnavailableError", "FiltersUnreadableError", "CatalogueUnusableError")
"""Classes of errors that are the fault of neither the caller nor a provider, nor mended by setting something.

They are `ServerErrors`: told only where there is one, and by stage alone, so that it costs nothing while all is well.
"""

type Measure = tuple[str, str, float]
"""Name, unit, value."""

_OF_FACTS = (
    ("Overhead", "Milliseconds", "overhead_ms"),
    ("TimeToFirstToken", "Milliseconds", "first_ms"),
    ("Duration", "Milliseconds", "duration_ms"),
    ("CostMicroUsd", "Count", "cost"),
    ("ChargeMicroOmcu", "Count", "charge"),
    ("HoldsOpen", "Count", "open_holds"),
    ("BreakerOpen", "Count", "breaker_open"),
)


class Metrics:
    """`finest` is the last of DIMENSIONS to be told, or OFF."""

    def __init__(self, stage: str, finest: str) -> None:
        self._stage = stage
        self._told = () if finest == OFF else DIMENSIONS[: DIMENSIONS.index(finest) + 1]

    def fields(self, summary: Summary) -> dict[str, Any]:
        """To be merged into the root of the line. Raises what Powertools does of values that are none."""
        if not self._told:
            return {}
        known = {"stage": self._stage, **{name: summary.facts[name] for name in self._told if name in summary.facts}}
        names = [name for name in self._told if known.get(name)]
        sets = [{name: known[name] for name in names[: n + 1]} for n in range(len(names))]
        measures = list(_measures(summary))
        directives = [directive(sets, measures)]
        if error_class := summary.facts.get("error_class"):
            by_class = [{"stage": self._stage, "error_class": error_class}]
            directives.append(directive(by_class, [m for m in measures if m[0] == "Errors"]))
        if error_class in OURS:
            measures.append(("ServerErrors", "Count", 1))
            directives.append(directive(sets[:1], measures[-1:]))
        return _merged(directives) | {name: value for name, _, value in measures}


def _measures(summary: Summary) -> Iterator[Measure]:
    """Only what is known of this request."""
    facts = summary.facts
    yield "Requests", "Count", 1
    yield "Errors", "Count", int("error_class" in facts)
    yield from ((name, unit, facts[fact]) for name, unit, fact in _OF_FACTS if facts.get(fact) is not None)
    for name, classes in (("InputTokens", INPUT_CLASSES), ("OutputTokens", OUTPUT_CLASSES)):
        counts = [facts[f"{one}_tokens"] for one in classes if f"{one}_tokens" in facts]
        if counts:
            yield name, "Count", sum(counts)
    if "cache" in facts:
        yield "CacheHits", "Count", int(facts["cache"] == "hit")
    if summary.attempts:
        yield "Retries", "Count", len(summary.attempts) - 1
        yield "FallbackAnswers", "Count", int(_is_fallback(summary.attempts))
        yield "ProviderKeySetAside", "Count", facts.get("keys_set_aside", _set_aside(summary.attempts))


def _is_fallback(attempts: tuple[Attempt, ...]) -> bool:
    first, last = attempts[0], attempts[-1]
    return not last.means and (last.provider, last.model) != (first.provider, first.model)


def _set_aside(attempts: tuple[Attempt, ...]) -> int:
    """Keys that a provider refused, or that nobody pays for: they are not used for a while."""
    return sum(bool(table.rule(attempt.means).set_aside_s) for attempt in attempts)


def directive(sets: list[dict[str, str]], measures: list[Measure]) -> Mapping[str, Any]:
    """What makes metrics of the measures by each of these sets of dimensions, to be merged into the root of a line."""
    provider = AmazonCloudWatchEMFProvider(namespace=NAMESPACE, service="")  # without one it would be a dimension
    for dimension, told in sets[0].items():
        provider.add_dimension(dimension, told)
    for further in sets[1:]:
        provider.add_dimensions(**further)
    for name, unit, value in measures:
        provider.add_metric(name, unit, value)
    return provider.serialize_metric_set()


def _merged(directives: list[Mapping[str, Any]]) -> dict[str, Any]:
    """One object of several that are about the same moment."""
    fields = {name: value for one in directives for name, value in one.items()}
    made = [directive for one in directives for directive in one["_aws"]["CloudWatchMetrics"]]
    return fields | {"_aws": {"Timestamp": directives[0]["_aws"]["Timestamp"], "CloudWatchMetrics": made}}
