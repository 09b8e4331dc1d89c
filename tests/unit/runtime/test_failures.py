"""Applications that fail: who is told, and what is not told to anyone."""

import asyncio
import json

import pytest

from openmind_llm.runtime.asgi import App, Receive, Scope, Send
from openmind_llm.runtime.faults import Fault
from tests import canaries
from tests.fake_runtime_api import FakeRuntimeApi
from tests.unit.runtime.serving import body, hello, rest_event, serve, start


class OddityError(Exception):
    """An error of an application."""


async def _fails_at_once(scope: Scope, receive: Receive, send: Send) -> None:
    raise OddityError(canaries.PROVIDER_KEY)


async def _fails_after_start(scope: Scope, receive: Receive, send: Send) -> None:
    await start(send)
    raise OddityError(canaries.PROVIDER_KEY)


async def _fails_in_the_middle(scope: Scope, receive: Receive, send: Send) -> None:
    await start(send)
    await body(send, b"half", more=True)
    raise OddityError(canaries.PROVIDER_KEY)


async def _fails_at_the_end(scope: Scope, receive: Receive, send: Send) -> None:
    await hello(scope, receive, send)
    raise OddityError(canaries.PROVIDER_KEY)


FAILING = [_fails_at_once, _fails_after_start, _fails_in_the_middle, _fails_at_the_end]


@pytest.mark.parametrize("app", [_fails_at_once, _fails_after_start])
def test_a_failure_before_the_first_byte_is_lambdas_error(api: FakeRuntimeApi, app: App) -> None:
    api.give(rest_event(), aws_request_id="r-1")

    serve(api, app)

    assert api.error.path == "/2018-06-01/runtime/invocation/r-1/error"
    assert api.error.headers["lambda-runtime-function-error-type"] == "OddityError"
    assert api.error.json["errorType"] == "OddityError"
    assert api.error.json["errorMessage"] == "The application failed: OddityError"
    assert api.of_kind("response") == []


def test_a_failure_after_it_is_told_in_trailers(api: FakeRuntimeApi) -> None:
    api.give(rest_event())

    serve(api, _fails_in_the_middle)

    assert (api.response.payload, api.of_kind("error")) == ([b"half"], [])
    assert api.response.trailers["lambda-runtime-function-error-type"] == "OddityError"
    expected = {"errorMessage": "The application failed: OddityError", "errorType": "OddityError"}
    assert api.response.trailing_error == expected


def test_a_failure_after_the_response_is_logged_alone(api: FakeRuntimeApi, capsys: pytest.CaptureFixture[str]) -> None:
    api.give(rest_event())

    serve(api, _fails_at_the_end)

    assert (api.response.payload, api.response.trailers, api.of_kind("error")) == ([b"hello"], {}, [])
    assert json.loads(capsys.readouterr().err)["errorType"] == "OddityError"


@pytest.mark.parametrize("app", FAILING)
def test_the_next_event_is_served_after_a_failure(api: FakeRuntimeApi, app: App) -> None:
    async def fails_once(scope: Scope, receive: Receive, send: Send) -> None:
        await (app if scope["path"] == "/fail" else hello)(scope, receive, send)

    api.give(rest_event(path="/fail"))
    api.give(rest_event())

    serve(api, fails_once)

    assert api.of_kind("response")[-1].payload == [b"hello"]


@pytest.mark.parametrize("app", FAILING)
def test_the_text_of_an_error_is_told_nobody(api: FakeRuntimeApi, capsys: pytest.CaptureFixture[str], app: App) -> None:
    api.give(rest_event())

    serve(api, app)

    sent = b"".join([received.body + b"".join(received.chunks) for received in api.received]).decode()
    told = json.dumps([api.received[1].trailers, sent, capsys.readouterr().err])
    if api.received[1].trailers:
        told += json.dumps(api.received[1].trailing_error)
    assert "OddityError" in told
    assert "canary" not in told


def test_the_log_says_where_an_error_came_from(api: FakeRuntimeApi, capsys: pytest.CaptureFixture[str]) -> None:
    api.give(rest_event(), aws_request_id="r-1")

    serve(api, _fails_at_once)

    (line,) = capsys.readouterr().err.splitlines()
    record = json.loads(line)
    assert (record["level"], record["requestId"], record["stackTrace"][0]) == ("ERROR", "r-1", "OddityError")
    number = _fails_at_once.__code__.co_firstlineno + 1
    assert record["stackTrace"][-1] == f"  {__file__}:{number} _fails_at_once"


def _raised(*, cause_is_told: bool) -> OddityError:
    cause = KeyError("secret")
    error = OddityError("secret")
    error.__context__ = cause
    error.__suppress_context__ = not cause_is_told
    return error


@pytest.mark.parametrize(("cause_is_told", "classes"), [(True, ("OddityError", "KeyError")), (False, ("OddityError",))])
def test_the_trace_follows_causes(*, cause_is_told: bool, classes: tuple[str, ...]) -> None:
    assert Fault.of(_raised(cause_is_told=cause_is_told)).trace == classes


def test_an_error_of_a_class_with_an_odd_name_is_told(api: FakeRuntimeApi) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise type("Übel", (Exception,), {})

    api.give(rest_event())

    serve(api, app)

    assert api.error.headers["lambda-runtime-function-error-type"] == "?bel"
    assert api.error.json["errorType"] == "Übel"


def test_an_application_without_a_response_is_an_error(api: FakeRuntimeApi) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()

    api.give(rest_event())

    serve(api, app)

    assert api.error.headers["lambda-runtime-function-error-type"] == "Runtime.NoResponse"


def test_an_application_that_ends_before_its_response_is_told_in_trailers(api: FakeRuntimeApi) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await start(send)
        await body(send, b"half", more=True)

    api.give(rest_event())

    serve(api, app)

    assert api.response.trailing_error["errorType"] == "Runtime.IncompleteResponse"


def test_an_application_that_was_cancelled_by_its_own_is_an_error(api: FakeRuntimeApi) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise asyncio.CancelledError

    api.give(rest_event())

    serve(api, app)

    assert api.error.json["errorType"] == "CancelledError"


@pytest.mark.parametrize(
    "messages",
    [
        ["http.response.body"],
        ["http.response.start", "http.response.start"],
        ["http.response.trailers"],
    ],
)
def test_messages_out_of_turn_are_an_error(api: FakeRuntimeApi, messages: list[str]) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for kind in messages:
            await send({"type": kind, "status": 200})

    api.give(rest_event())

    serve(api, app)

    assert api.error.json["errorType"] == "RuntimeError"
