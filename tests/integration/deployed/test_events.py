"""Every recorded event, answered by the deployed function that it is for, as Lambda's Invoke gives the answer."""

import json
from typing import Any

import pytest

from tests.integration.conftest import ROOT
from tests.integration.deployed.conftest import Deployed

EVENTS = sorted(path.stem for path in (ROOT / "events").glob("*_*.json"))
STATUSES = {
    "route_account_balance": 401,
    "route_api_keys_create": 401,
    "route_api_keys_delete": 401,
    "route_api_keys_list": 401,
    "route_invalid_json": 400,
    "route_unknown_path": 404,
    "route_unsupported_model": 404,
    "route_unsupported_provider": 404,
    "stream_invalid_json": 400,
    "stream_url_missing_key": 401,
}
"""Of answers other than 200."""


def _function(event: str) -> str:
    return f"{event.partition('_')[0].capitalize()}Function"


def _invoked(stack: Deployed, event: str) -> tuple[str | None, bytes]:
    """The kind of error, if it is one, and the payload."""
    answer = stack.functions.invoke(
        FunctionName=stack.physical_id(_function(event)), Payload=(ROOT / "events" / f"{event}.json").read_bytes()
    )
    return answer.get("FunctionError"), answer["Payload"].read()


@pytest.mark.parametrize("event", [name for name in EVENTS if name.startswith("route_")])
@pytest.mark.usefixtures("example_key")
def test_the_route_function_answers_its_events(stack: Deployed, event: str) -> None:
    error, payload = _invoked(stack, event)

    answer = json.loads(payload)
    assert (error, answer["statusCode"]) == (None, STATUSES.get(event, 200)), answer["body"]


@pytest.mark.parametrize("event", [name for name in EVENTS if name.startswith("stream_")])
@pytest.mark.usefixtures("example_key")
def test_the_stream_function_answers_its_events(stack: Deployed, event: str) -> None:
    """Prelude, eight NULs, body."""
    error, payload = _invoked(stack, event)

    prelude, _, body = payload.partition(bytes(8))
    assert (error, json.loads(prelude)["statusCode"]) == (None, STATUSES.get(event, 200)), body
    assert body


@pytest.mark.parametrize("event", ["auth_bearer", "auth_x_api_key"])
@pytest.mark.usefixtures("example_key")
def test_the_authorizer_lets_a_good_key_through(stack: Deployed, event: str) -> None:
    error, payload = _invoked(stack, event)

    answer: Any = json.loads(payload)
    assert error is None
    assert answer["policyDocument"]["Statement"][0]["Effect"] == "Allow"
    assert answer["context"]["account_id"] == "acct_example"


@pytest.mark.parametrize("event", ["auth_missing_key", "auth_wrong_key"])
def test_the_authorizer_refuses_with_the_one_text_that_means_401(stack: Deployed, event: str) -> None:
    error, payload = _invoked(stack, event)

    assert (error, json.loads(payload)["errorMessage"]) == ("Unhandled", "Unauthorized")


def test_the_sweeper_says_what_it_swept(stack: Deployed) -> None:
    assert _invoked(stack, "sweep_schedule") == (None, b'{"swept": 0}')


@pytest.mark.parametrize("event", [name for name in EVENTS if not name.startswith(("auth_", "route_", "stream_"))])
def test_what_is_left_is_answered_without_an_error(stack: Deployed, event: str) -> None:
    """By those functions that a deployment with the parameters' defaults has."""
    assert _function(event) not in stack.functions_by_name or _invoked(stack, event)[0] is None
