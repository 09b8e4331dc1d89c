"""How costs are reckoned, and what is counted in the template."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dev.cost import data, requests, standing
from dev.cost.stack import Made

ROOT = Path(__file__).parents[3]
DATA = data.load()
WHOLE, WHOLE_URL, STREAM, STREAM_URL = requests.kinds(DATA)
MEMORY = {"stream": 1.0, "auth": 0.5}

PARAMETERS = {"Alarms": {"Default": "on"}, "Inspection": {"Default": "off"}}
CONDITIONS = {
    "HasAlarms": {"Fn::Equals": [{"Ref": "Alarms"}, "on"]},
    "HasInspection": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Inspection"}, "off"]}]},
    "HasBoth": {"Fn::And": [{"Condition": "HasAlarms"}, {"Condition": "HasInspection"}]},
    "HasEither": {"Fn::Or": [{"Condition": "HasAlarms"}, {"Condition": "HasInspection"}]},
}


def made(resources: dict[str, Any], **parameters: str) -> Made:
    return Made({"Parameters": PARAMETERS, "Conditions": CONDITIONS, "Resources": resources}, parameters)


def alarm(condition: str, *metrics: dict[str, Any]) -> dict[str, Any]:
    return {"Type": "AWS::CloudWatch::Alarm", "Condition": condition, "Properties": {"Metrics": list(metrics)}}


def schedule(expression: str, target: Any) -> dict[str, Any]:
    properties = {"ScheduleExpression": expression, "Targets": [{"Arn": target}]}
    return {"Type": "AWS::Events::Rule", "Properties": properties}


def per_million(asked: requests.Asked, memory: dict[str, float]) -> requests.Lines:
    return requests.per_million(asked, DATA, memory)


def test_a_stream_costs_what_its_environment_is_held_for() -> None:
    """20 s of 1 GB, and a little of our own."""
    waiting = 20 * DATA.usd["lambda_gb_s"] * requests.MILLION

    assert per_million(STREAM, MEMORY)["Lambda, waiting and working"] == pytest.approx(waiting, rel=0.01)


def test_half_the_memory_is_nearly_half_the_price_of_waiting() -> None:
    whole, half = (per_million(STREAM, MEMORY | {"stream": gb})["Lambda, waiting and working"] for gb in (1.0, 0.5))

    assert half / whole == pytest.approx(0.5, rel=0.01)


def test_the_function_url_needs_neither_api_gateway_nor_authorizer() -> None:
    lines = per_million(WHOLE_URL, MEMORY)

    assert (lines["API Gateway"], lines["Lambda, the authorizer"]) == (0, 0)
    assert lines["Logs"] < per_million(WHOLE, MEMORY)["Logs"]


def test_writes_are_those_of_the_ledger() -> None:
    assert per_million(STREAM_URL, MEMORY)["DynamoDB, writes"] == pytest.approx(10.0)


def test_memory_is_cpu_up_to_one_vcpu() -> None:
    assert requests.share(1769 / 1024) == 1
    assert requests.share(10) == 1
    assert requests.share(0.5) == pytest.approx(0.29, abs=0.01)


def test_only_what_is_made_by_default_is_counted() -> None:
    resources = {name: alarm(name) for name in CONDITIONS}

    assert made(resources).of_kind("AWS::CloudWatch::Alarm").keys() == {"HasAlarms", "HasEither"}
    assert made(resources, Inspection="on").of_kind("AWS::CloudWatch::Alarm").keys() == CONDITIONS.keys()
    assert made(resources, Alarms="off").of_kind("AWS::CloudWatch::Alarm") == {}


def test_an_alarm_is_paid_for_by_the_metrics_that_it_looks_at() -> None:
    looked_at: dict[str, Any] = {"MetricStat": {}}

    assert made({"A": alarm("HasAlarms"), "B": alarm("HasAlarms", looked_at, looked_at, {})}).alarm_metrics == 3


def test_runs_are_counted_by_function() -> None:
    rules = {
        "A": schedule("rate(5 minutes)", {"Fn::GetAtt": ["SweepFunction", "Arn"]}),
        "B": schedule("rate(1 hour)", {"Ref": "RouteFunctionAliaslive"}),
        "C": schedule("cron(0 3 * * ? *)", {"Fn::GetAtt": ["InspectFunction", "Arn"]}),
    }

    runs = made(rules).runs
    assert runs == pytest.approx({"SweepFunction": 8760, "RouteFunction": 730, "InspectFunction": 730 / 24})


def test_an_idle_month_is_paid_for_by_what_there_is() -> None:
    secret = {"Type": "AWS::SecretsManager::Secret"}
    lines = standing.idle(DATA, made({"A": secret, "B": secret, "C": alarm("HasAlarms")}))

    assert lines["Secrets (2)"] == pytest.approx(0.80)
    assert lines["Alarms (1 metrics)"] == pytest.approx(0.10)


def test_containers_pay_for_their_answers_twice() -> None:
    """Through the NAT gateway, and to the internet."""
    longer = replace(STREAM, answer_bytes=STREAM.answer_bytes + 1000)

    more = standing.per_million_of_containers(DATA, longer) - standing.per_million_of_containers(DATA, STREAM)
    assert more == pytest.approx(DATA.usd["nat_gb"] + DATA.usd["egress_gb"])


def test_every_price_and_every_input_is_used_and_has_a_source() -> None:
    text = "".join(path.read_text() for path in (ROOT / "dev" / "cost").glob("*.*") if path.suffix in {".py", ".md"})
    named = set(re.findall(r"[a-z0-9]+(?:_[a-z0-9]+)*", text))

    functions = {name for name in DATA.found if re.fullmatch(r"(auth|stream)_import_cpu_ms", name)}
    shown = {name for name in DATA.found if name.endswith("_mb")} | {"route_import_cpu_ms"} | functions
    assert DATA.usd.keys() - named == set()
    assert DATA.found.keys() - named - shown == set()
    assert all(one["source"] and one["unit"] for one in DATA.prices["prices"].values())
    told = (*DATA.inputs["measured"].values(), *DATA.inputs["assumed"].values())
    assert all(one["how"] and one["value"] > 0 for one in told)
