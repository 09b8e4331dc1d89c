"""What a function's own log says to the alarms when what it needs is not there: lines as Lambda gets them."""

import json
import subprocess
import sys
from typing import Any

import pytest

from openmind_llm.domain import keys
from tests.unit.functions.imports import ENVIRONMENT, ROOT

NOBODY_LISTENS = {
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "STAGE": "prod",
}


def lines_of(event: dict[str, Any]) -> list[dict[str, Any]]:
    """What the authorizer logs of one event, where neither table nor secrets can be reached."""
    program = f"from functions.auth.handler import handler; handler({event!r}, None)"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        cwd=ROOT, env=ENVIRONMENT | NOBODY_LISTENS, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    return [json.loads(line) for line in done.stdout.splitlines()]


def metrics_of(lines: list[dict[str, Any]]) -> list[tuple[str, float, str]]:
    """Name, value and stage of each."""
    made = [(line, one) for line in lines for one in line.get("_aws", {}).get("CloudWatchMetrics", [])]
    return [(m["Name"], line[m["Name"]], line["stage"]) for line, one in made for m in one["Metrics"]]


@pytest.mark.parametrize(
    ("key", "metrics"),
    [(keys.mint("live"), [("SecretUnreadable", 1, "prod"), ("AuthorizerFailures", 1, "prod")]), ("short", [])],
    ids=["a key that cannot be looked up", "a text that is no key"],
)
def test_the_authorizer_tells_its_own_failures_and_no_callers(key: str, metrics: list[Any]) -> None:
    event = {"multiValueHeaders": {"x-api-key": [key]}, "methodArn": "arn/stage/GET/"}

    assert metrics_of(lines_of(event)) == metrics
