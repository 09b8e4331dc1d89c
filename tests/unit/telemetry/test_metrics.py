"""The metrics in a line, checked against the specification of CloudWatch's embedded metric format."""

import time
from typing import Any

import pytest
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import AmazonCloudWatchEMFProvider

from openmind_llm.telemetry.metrics import OURS, Metrics, embedded
from tests.unit.telemetry.telling import attempt, errors_of_all_kinds, line_of, lines, told

UNITS = {"Milliseconds", "Seconds", "Count"}
USED = {
    "input_tokens": 10, "cached_input_tokens": 20, "cache_write_tokens": 0, "output_tokens": 5, "reasoning_tokens": 7,
    "charge": 1200, "cost": 300,
}  # fmt: skip


def checked(made: dict[str, Any]) -> list[dict[str, Any]]:
    """The directives of a line. Fails where the specification's schema would."""
    root = made["_aws"]
    assert set(root) == {"Timestamp", "CloudWatchMetrics"}
    assert isinstance(root["Timestamp"], int)
    assert abs(root["Timestamp"] / 1000 - time.time()) < 60
    assert root["CloudWatchMetrics"]
    for directive in root["CloudWatchMetrics"]:
        assert set(directive) == {"Namespace", "Dimensions", "Metrics"}
        assert 0 < len(directive["Namespace"]) <= 1024
        _check_dimensions(directive["Dimensions"], made)
        _check_metrics(directive["Metrics"], made)
    return list(root["CloudWatchMetrics"])


def _check_dimensions(sets: list[list[str]], made: dict[str, Any]) -> None:
    assert sets
    for names in sets:
        assert 0 < len(names) <= 30
        for name in names:
            assert 0 < len(name) <= 250
            assert isinstance(made[name], str)
            assert 0 < len(made[name]) <= 1024


def _check_metrics(metrics: list[dict[str, str]], made: dict[str, Any]) -> None:
    names = [metric["Name"] for metric in metrics]
    assert 0 < len(names) <= 100
    assert len(names) == len(set(names))
    for metric in metrics:
        assert set(metric) == {"Name", "Unit"}
        assert metric["Unit"] in UNITS
        assert isinstance(made[metric["Name"]], int | float)
        assert not isinstance(made[metric["Name"]], bool)


def values(made: dict[str, Any]) -> dict[str, float]:
    return {metric["Name"]: made[metric["Name"]] for one in checked(made) for metric in one["Metrics"]}


def test_an_answer_is_counted_by_stage_provider_and_model() -> None:
    (directive,) = checked(line_of(told()))

    assert directive["Namespace"] == "OpenMind"
    assert directive["Dimensions"] == [["stage"], ["stage", "provider"], ["stage", "provider", "model"]]


def test_dimensions_have_the_values_of_the_request() -> None:
    made = line_of(told())

    assert (made["stage"], made["provider"], made["model"]) == ("prod", "openai", "gpt-4o")


def test_a_request_whose_provider_is_unknown_is_counted_by_stage() -> None:
    made = line_of(told(provider="", model=""))

    assert [one["Dimensions"] for one in checked(made)] == [[["stage"]]]


def test_only_what_is_known_is_measured() -> None:
    assert values(line_of(told())) == {"Requests": 1, "Errors": 0, "Duration": 700}


def test_tokens_and_money_are_measured() -> None:
    measured = values(line_of(told(**USED)))

    assert (measured["InputTokens"], measured["OutputTokens"]) == (30, 12)
    assert (measured["CostMicroUsd"], measured["ChargeMicroOmcu"]) == (300, 1200)


def test_times_are_milliseconds() -> None:
    made = line_of(told(overhead_ms=12, first_ms=90))
    (directive,) = checked(made)

    assert (made["Overhead"], made["TimeToFirstToken"]) == (12, 90)
    assert {"Name": "Overhead", "Unit": "Milliseconds"} in directive["Metrics"]


@pytest.mark.parametrize(
    ("fact", "metric"),
    [("open_holds", "HoldsOpen"), ("breaker_open", "BreakerOpen")],
)
@pytest.mark.parametrize("count", [0, 3])
def test_a_count_is_measured_where_it_is_told(fact: str, metric: str, count: int) -> None:
    assert values(line_of(told(**{fact: count})))[metric] == count


@pytest.mark.parametrize(("means", "count"), [("provider_key", 1), ("provider_credit", 1), ("rate", 0), ("outage", 0)])
def test_keys_that_are_of_no_use_are_counted(means: str, count: int) -> None:
    assert values(line_of(told(attempt(means), attempt())))["ProviderKeySetAside"] == count


def test_whoever_sets_keys_aside_knows_better_how_many() -> None:
    assert values(line_of(told(attempt(), keys_set_aside=3)))["ProviderKeySetAside"] == 3


@pytest.mark.parametrize(("cache", "hits"), [("hit", 1), ("miss", 0)])
def test_hits_of_the_cache_are_counted(cache: str, hits: int) -> None:
    assert values(line_of(told(cache=cache)))["CacheHits"] == hits


def test_attempts_after_the_first_are_retries() -> None:
    assert values(line_of(told(attempt("rate"), attempt("outage"), attempt())))["Retries"] == 2


@pytest.mark.parametrize(
    ("tried", "fallbacks"),
    [
        ([attempt()], 0),
        ([attempt("outage"), attempt()], 0),
        ([attempt("outage"), attempt(model="gpt-4o-mini")], 1),
        ([attempt("outage"), attempt(provider="xai")], 1),
        ([attempt("outage"), attempt("outage", provider="xai")], 0),
    ],
)
def test_an_answer_of_another_route_is_a_fallback(tried: list[Any], fallbacks: int) -> None:
    assert values(line_of(told(*tried)))["FallbackAnswers"] == fallbacks


def test_an_error_is_counted_by_its_class_beside_the_rest() -> None:
    made = line_of(told(status=429, error_class="RateLimitError"))
    usual, by_class = checked(made)

    assert made["Errors"] == 1
    assert ["stage", "error_class"] not in usual["Dimensions"]
    assert by_class["Dimensions"] == [["stage", "error_class"]]
    assert [metric["Name"] for metric in by_class["Metrics"]] == ["Errors"]


@pytest.mark.parametrize("error_class", OURS)
def test_an_error_of_the_gateways_own_is_counted_by_stage_alone(error_class: str) -> None:
    made = line_of(told(status=500, error_class=error_class))
    *_, own = checked(made)

    assert (own["Dimensions"], own["Metrics"]) == ([["stage"]], [{"Name": "ServerErrors", "Unit": "Count"}])
    assert made["ServerErrors"] == 1


NOT_OURS = {"ProviderNotConfiguredError", "ModelNotServedError", "IdentityUnavailableError", "DeadlineExceededError",
            "ProviderUnavailableError", "StreamBrokenError", "FiltersChangedError", "GatewayError"}  # fmt: skip
"""Of a provider, of a setting that has an alarm of its own, of logins, of a time that a client has set, or passing."""


def test_every_error_that_is_no_callers_is_ours_or_known_to_be_anothers() -> None:
    assert {error.__name__ for error in errors_of_all_kinds() if error.status >= 500} == {*OURS} | NOT_OURS


@pytest.mark.parametrize("error_class", sorted(NOT_OURS | {"RateLimitError", "CreditError"}))
def test_no_other_error_is_counted_as_the_gateways_own(error_class: str) -> None:
    assert "ServerErrors" not in line_of(told(status=503, error_class=error_class))


def test_neither_key_nor_account_nor_request_is_a_dimension() -> None:
    made = line_of(told(attempt(), error_class="RateLimitError", upstream_model="what-the-client-wrote", **USED))
    names = {name for directive in checked(made) for one in directive["Dimensions"] for name in one}

    assert names == {"stage", "provider", "model", "error_class"}


@pytest.mark.parametrize(("finest", "sets"), [("stage", [["stage"]]), ("provider", [["stage"], ["stage", "provider"]])])
def test_an_operator_may_have_them_coarser(finest: str, sets: list[list[str]]) -> None:
    (directive,) = checked(line_of(told(), lines(metrics=Metrics("prod", finest))))

    assert directive["Dimensions"] == sets


def test_an_operator_may_have_none() -> None:
    made = line_of(told(), lines(metrics=Metrics("prod", "off")))

    assert made["message"] == "completion"
    assert not {"_aws", "Requests", "Duration"} & set(made)


def test_one_request_leaves_nothing_to_the_next() -> None:
    telemetry = lines()
    line_of(told(attempt("rate"), attempt(), **USED), telemetry)

    assert values(line_of(told(), telemetry)) == {"Requests": 1, "Errors": 0, "Duration": 700}


def test_the_object_is_what_powertools_would_build() -> None:
    sets = [{"stage": "prod"}, {"stage": "prod", "provider": "openai"}]
    measures = [("Requests", "Count", 1.0), ("Duration", "Milliseconds", 2.5)]
    theirs = AmazonCloudWatchEMFProvider(namespace="OpenMind", service="")
    theirs.add_dimension("stage", "prod")
    theirs.add_dimensions(stage="prod", provider="openai")
    for name, unit, value in measures:
        theirs.add_metric(name, unit, value)
    expected: dict[str, Any] = {**theirs.serialize_metric_set()}

    made = embedded((sets, measures))

    assert made["_aws"]["CloudWatchMetrics"] == expected["_aws"]["CloudWatchMetrics"]
    assert {**made, "_aws": 0} == {**expected, "_aws": 0, "Requests": 1.0, "Duration": 2.5}  # theirs are lists of one
