"""Completions of a deployed stack, through both of its doors, and the money for them."""

import http.client
import json
import time
from typing import Any

from tests.integration.deployed.conftest import Caller, Deployed

PATH = "/api/core/openai/chat/completions"
QUESTION = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello, tell me of the weather!"}]}
STREAMED = QUESTION | {"stream": True}
CLOSING_S = 10
"""How late a row may be settled."""


def _streamed(caller: Caller) -> tuple[http.client.HTTPResponse, list[tuple[float, bytes]]]:
    """The lines of a streamed answer, each with the time when it came."""
    connection = http.client.HTTPConnection("127.0.0.1", caller.door.port, timeout=30)
    try:
        connection.request("POST", caller.door.prefix + PATH, json.dumps(STREAMED), caller.headers)
        reply = connection.getresponse()
        lines = [(time.monotonic(), line.strip()) for line in iter(reply.readline, b"") if line.strip()]
    finally:
        connection.close()
    return reply, lines


def test_a_completion_comes_whole(at_either_door: Caller) -> None:
    answer = at_either_door.post(PATH, QUESTION)

    assert answer.status == 200
    assert answer.body["choices"][0]["message"]["content"].startswith("This is a simulated answer.")
    assert answer.headers["x-openmind-served-by"] == "openai/gpt-4o-mini"


def test_a_completion_is_streamed(at_either_door: Caller) -> None:
    reply, lines = _streamed(at_either_door)

    assert (reply.status, reply.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    assert [line for _, line in lines][-1] == b"data: [DONE]"


def test_a_stream_arrives_while_it_is_made(at_either_door: Caller) -> None:
    """The provider pauses between any two events: in one piece, all would come at one time."""
    _, lines = _streamed(at_either_door)

    assert lines[-1][0] - lines[0][0] > 0.02 * len(lines) / 2


def test_a_body_that_is_not_utf8_is_refused(at_either_door: Caller) -> None:
    """Bodies reach the functions byte for byte."""
    answer = at_either_door.door.request("POST", PATH, at_either_door.headers, b'{"model": "\xff"}')

    assert answer.status == 400


def test_without_a_key_a_completion_is_401(at_either_door: Caller) -> None:
    answer = at_either_door.door.request("POST", PATH, {"content-type": "application/json"}, b"{}")

    assert answer.status == 401
    assert answer.error.startswith("Missing or invalid API key")


def test_a_completion_is_charged(at_either_door: Caller, caller: Caller) -> None:
    headers = at_either_door.post(PATH, QUESTION).headers

    told = caller.get(f"/api/core/usage/{headers['x-request-id']}")

    assert (told.status, told.body["provider"], told.body["model"]) == (200, "openai", "gpt-4o-mini")
    assert told.body["charge_omcu"] == headers["x-openmind-cost"] != "0"


def test_a_client_that_leaves_does_not_stop_the_function(at_either_door: Caller, caller: Caller) -> None:
    """As on AWS: it reads the answer to its end, and writes down what it was."""
    connection = http.client.HTTPConnection("127.0.0.1", at_either_door.door.port, timeout=30)
    connection.request("POST", at_either_door.door.prefix + PATH, json.dumps(STREAMED), at_either_door.headers)
    reply = connection.getresponse()
    reply.readline()
    reply.close()
    connection.close()

    assert _settled(caller, reply.headers["x-request-id"])["state"] == "settled"


def test_a_completion_leaves_its_line_in_the_log(stack: Deployed, at_either_door: Caller) -> None:
    """In the log group that the template made."""
    request = at_either_door.post(PATH, QUESTION).headers["x-request-id"]
    logs = stack.session.client("logs", endpoint_url=stack.environment["AWS_ENDPOINT_URL"])
    group = stack.physical_id("StreamLogs")

    deadline = time.monotonic() + CLOSING_S
    while not (found := logs.filter_log_events(logGroupName=group, filterPattern=f'"{request}"')["events"]):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert json.loads(found[0]["message"])["message"] == "completion"


def _settled(caller: Caller, request: str) -> Any:
    """What is told of a request once it is over."""
    deadline = time.monotonic() + CLOSING_S
    while (told := caller.get(f"/api/core/usage/{request}")).status != 200 or told.body["state"] == "held":
        assert time.monotonic() < deadline, told
        time.sleep(0.05)
    return told.body


def test_the_ledger_is_sound_after_it(stack: Deployed, caller: Caller) -> None:
    caller.post(PATH, QUESTION)

    assert stack.operate("ledger", "check", "--all") == "the ledger is sound\n"
