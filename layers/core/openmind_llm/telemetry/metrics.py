"""Metrics as fields of the request's own log line: CloudWatch's embedded metric format (EMF).

CloudWatch Logs makes metrics of them, so nothing has to be called or waited for. The object is built here: Powertools'
own, which checks and copies each value, took a third of a request's CPU. A test compares the two.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from openmind_llm.domain.attempts import table
from openmind_llm.domain.attempts.trail import Attempt
from openmind_llm.domain.rates import INPUT_CLASSES, OUTPUT_CLASSES
from openmind_llm.domain.telemetry import Summary

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

type Group = tuple[Sequence[Mapping[str, str]], Sequence[Measure]]
"""Sets of dimensions, from coarse to fine, the last with all that the others have; and what is measured by each set."""

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
        """To be merged into the root of the line."""
        if not self._told:
            return {}
        known = {"stage": self._stage, **{name: summary.facts[name] for name in self._told if name in summary.facts}}
        names = [name for name in self._told if known.get(name)]
        sets = [{name: known[name] for name in names[: n + 1]} for n in range(len(names))]
        return embedded((sets, list(_measures(summary))), *self._of_error(summary.facts.get("error_class")))

    def _of_error(self, error_class: str | None) -> Iterator[Group]:
        if error_class:
            yield [{"stage": self._stage, "error_class": error_class}], [("Errors", "Count", 1)]
        if error_class in OURS:
            yield [{"stage": self._stage}], [("ServerErrors", "Count", 1)]


def _measures(summary: Summary) -> Iterator[Measure]:
    """Only what is known of this request."""
    facts = summary.facts
    yield "Requests", "Count", 1
    yield "Errors", "Count", int("error_class" in facts)
    yield from [(name, unit, facts[fact]) for name, unit, fact in _OF_FACTS if facts.get(fact) is not None]
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


def embedded(*groups: Group) -> dict[str, Any]:
    """What makes metrics of the groups, to be merged into the root of a line."""
    fields: dict[str, Any] = {}
    for sets, measures in groups:
        fields.update(sets[-1])
        fields |= {name: value for name, _, value in measures}
    directives = [_directive(*group) for group in groups]
    return fields | {"_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": directives}}


def _directive(sets: Sequence[Mapping[str, str]], measures: Sequence[Measure]) -> dict[str, Any]:
    defined = [{"Name": name, "Unit": unit} for name, unit, _ in measures]
    return {"Namespace": NAMESPACE, "Dimensions": [list(one) for one in sets], "Metrics": defined}
