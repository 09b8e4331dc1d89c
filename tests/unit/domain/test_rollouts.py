"""What new versions must show before a request reaches them."""

import base64
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from openmind_llm.domain import rollouts
from openmind_llm.domain.rollouts import ACCOUNT, AUTH, CHECK_S, ROUTE, STREAM, Check, Rollout, VersionFailedError
from openmind_llm.runtime import events
from tests import canaries
from tests.unit.domain.account_bench import Bench

MODEL = "openai/gpt-4o-mini"
ALL = rollouts.checks(MODEL, has_provider_key=True)
CALL = {"DeploymentId": "d-1", "LifecycleEventHookExecutionId": "e-1"}


class FakeVersions:
    """See domain.rollouts.Versions. Good ones, which know the keys of a bench, but for what a test replaces.

    `instead`: the payload, or an error to raise, by function and whether a good key is shown.
    """

    def __init__(self, bench: Bench, *, has_provider_key: bool = True) -> None:
        self._bench = bench
        self._has_provider_key = has_provider_key
        self.instead: dict[tuple[str, bool], bytes | Exception] = {}
        self.asked: list[tuple[str, dict[str, Any], bool]] = []

    def ask(self, function: str, event: dict[str, Any]) -> bytes:
        is_good = self._bench.lets_in(event["headers"]["x-api-key"])
        self.asked.append((function, event, is_good))
        instead = self.instead.get((function, is_good))
        if isinstance(instead, Exception):
            raise instead
        return instead or getattr(self, f"_{function}")(event, is_good)

    def _auth(self, _: dict[str, Any], is_good: bool) -> bytes:
        if not is_good:
            return b'{"errorMessage": "Unauthorized", "errorType": "Exception"}'
        return b'{"policyDocument": {"Statement": [{"Effect": "Allow"}]}}'

    def _route(self, event: dict[str, Any], _: bool) -> bytes:
        body = {"/api/core/key": '{"object":"key"}', "/api/core/models": '{"object":"list"}'}[event["path"]]
        return json.dumps({"statusCode": 200, "body": body}).encode()

    def _stream(self, _: dict[str, Any], is_good: bool) -> bytes:
        if not is_good:
            return streamed(401, '{"error":"no"}')
        if not self._has_provider_key:
            return streamed(503, '{"error":"openai API key not configured"}')
        return streamed(200, "data: {}\n\ndata: [DONE]\n\n")


class FakeReports:
    """See domain.rollouts.Reports."""

    def __init__(self) -> None:
        self.told: list[tuple[str, bool]] = []

    def tell(self, event: Mapping[str, str], *, is_good: bool) -> None:
        self.told.append((event["DeploymentId"], is_good))


def streamed(status: int, body: str) -> bytes:
    return json.dumps({"statusCode": status}).encode() + bytes(8) + body.encode()


def crashed(text: str = "boom") -> bytes:
    return json.dumps({"errorMessage": text, "errorType": "Runtime.ImportModuleError"}).encode()


def rollout(bench: Bench, versions: FakeVersions, left_s: Callable[[], float] = lambda: 300.0) -> Rollout:
    return Rollout(bench.accounts, versions, bench.clock, left_s)


def keys_left(bench: Bench) -> int:
    return bench.accounts.get(ACCOUNT).counters["keys"]


def test_good_versions_are_approved() -> None:
    bench = Bench()
    versions = FakeVersions(bench)

    assert rollout(bench, versions).refusal(ALL) == ""
    assert [(function, is_good) for function, _, is_good in versions.asked] == [
        (AUTH, False),
        (AUTH, True),
        (ROUTE, True),
        (ROUTE, True),
        (STREAM, False),
        (STREAM, False),
        (STREAM, True),
    ]


BAD: list[tuple[str, tuple[str, bool], bytes | Exception]] = [
    ("a wrong key at the authorizer", (AUTH, False), b'{"policyDocument": {"Statement": [{"Effect": "Allow"}]}}'),
    ("a good key at the authorizer", (AUTH, True), b'{"errorMessage": "Unauthorized"}'),
    ("a good key at the authorizer", (AUTH, True), b'{"policyDocument": {"Statement": [{"Effect": "Deny"}]}}'),
    ("a good key at the authorizer", (AUTH, True), crashed()),
    ("a good key at the authorizer", (AUTH, True), b"null"),
    ("what a key may do", (ROUTE, True), json.dumps({"statusCode": 500, "body": "{}"}).encode()),
    ("what a key may do", (ROUTE, True), crashed()),
    ("what a key may do", (ROUTE, True), json.dumps({"statusCode": 200, "body": "<html>"}).encode()),
    ("a wrong key at the function URL", (STREAM, False), streamed(200, "data: [DONE]\n\n")),
    ("a completion", (STREAM, True), streamed(200, "data: {}\n\n")),
    ("a completion", (STREAM, True), streamed(503, '{"error":"openai API key not configured"}')),
    ("a completion", (STREAM, True), b'{"statusCode": 200}'),
    ("a completion", (STREAM, True), VersionFailedError("it was silent for 30 s")),
]


@pytest.mark.parametrize(("check", "asked", "answer"), BAD)
def test_a_version_that_answers_wrongly_is_refused_by_the_name_of_the_check(
    check: str, asked: tuple[str, bool], answer: bytes | Exception
) -> None:
    bench = Bench()
    versions = FakeVersions(bench)
    versions.instead[asked] = answer

    assert rollout(bench, versions).refusal(ALL).startswith(f"{check}: ")
    assert keys_left(bench) == 0


def test_without_a_key_of_the_provider_our_own_refusal_is_what_is_expected() -> None:
    bench = Bench()
    wanted = rollouts.checks(MODEL, has_provider_key=False)

    assert rollout(bench, FakeVersions(bench, has_provider_key=False)).refusal(wanted) == ""
    assert rollout(bench, FakeVersions(bench)).refusal(wanted).startswith("a completion: status 200 instead of 503")


def test_no_provider_is_asked_where_no_model_is_named() -> None:
    bench = Bench()
    versions = FakeVersions(bench)

    assert rollout(bench, versions).refusal(rollouts.checks("", has_provider_key=False)) == ""
    assert [is_good for function, _, is_good in versions.asked if function == STREAM] == [False, False]


def test_the_completion_is_that_of_the_model_and_asks_for_little() -> None:
    (completion,) = (check for check in rollouts.checks("openrouter/meta/llama:free", has_provider_key=True)[-1:])

    event = completion.event("key")
    body = json.loads(base64.b64decode(event["body"]))

    assert event["path"] == "/api/core/openrouter/chat/completions"
    assert (body["model"], body["max_tokens"], body["stream"]) == ("meta/llama:free", 16, True)


@pytest.mark.parametrize("form", ["rawPath", "httpMethod"])
def test_the_stream_function_is_asked_in_the_form_of_either_door(form: str) -> None:
    """Each is read by code of its own: a version that reads one of them wrongly serves half of the callers."""
    bench = Bench()

    class Deaf(FakeVersions):
        def ask(self, function: str, event: dict[str, Any]) -> bytes:
            return crashed() if function == STREAM and form in event else super().ask(function, event)

    assert rollout(bench, Deaf(bench)).refusal(rollouts.checks("", has_provider_key=False)) != ""


@pytest.mark.parametrize("check", [one for one in ALL if one.function == STREAM], ids=lambda one: one.name)
def test_the_stream_function_reads_what_it_is_asked(check: Check) -> None:
    request = events.parse(json.dumps(check.event("a-key")).encode())

    assert (request.scope["method"], request.scope["path"]) == ("POST", "/api/core/openai/chat/completions")
    assert (b"x-api-key", b"a-key") in request.scope["headers"]
    assert json.loads(request.body)["model"] == "gpt-4o-mini"


def test_the_key_is_good_while_it_is_checked_and_for_minutes_at_most() -> None:
    bench = Bench()
    versions = FakeVersions(bench)
    rollout(bench, versions).refusal(ALL)
    (key,) = {event["headers"]["x-api-key"] for _, event, is_good in versions.asked if is_good}

    (known,) = bench.store.keys(ACCOUNT)

    assert not bench.lets_in(key)
    assert not known.record.is_active
    assert known.record.expires_at == int(bench.clock.now) + 900


def test_a_crash_within_a_check_revokes_the_key_too() -> None:
    bench = Bench()
    versions = FakeVersions(bench)
    versions.instead[ROUTE, True] = RuntimeError("boom")

    with pytest.raises(RuntimeError):
        rollout(bench, versions).refusal(ALL)

    assert keys_left(bench) == 0


def test_the_account_is_opened_once() -> None:
    bench = Bench()

    assert [rollout(bench, FakeVersions(bench)).refusal(ALL) for _ in range(3)] == ["", "", ""]
    assert [row.action for row in bench.accounts.audit(ACCOUNT)].count("open") == 1


def test_three_checks_may_run_at_once() -> None:
    """One for each function: the plan must have room for their keys."""
    bench = Bench()
    inner: list[str] = []

    class Nested(FakeVersions):
        def ask(self, function: str, event: dict[str, Any]) -> bytes:
            if len(inner) < 2:
                inner.append("begun")
                inner.append(rollout(bench, self).refusal(ALL))
            return super().ask(function, event)

    assert rollout(bench, Nested(bench)).refusal(ALL) == ""
    assert set(inner) == {"begun", ""}


def test_a_check_for_which_no_time_is_left_is_a_refusal() -> None:
    bench = Bench()
    left = iter([300.0, 300.0, CHECK_S - 1.0])

    refusal = rollout(bench, FakeVersions(bench), lambda: next(left)).refusal(ALL)

    assert refusal == "what a key may do: no time is left to check it"
    assert keys_left(bench) == 0


@pytest.mark.parametrize(("reason", "is_good"), [("", True), ("a completion: status 500", False)])
def test_the_outcome_is_told_once(reason: str, is_good: bool) -> None:
    reports = FakeReports()

    assert rollouts.report(CALL, reports, lambda: reason) is is_good
    assert reports.told == [("d-1", is_good)]


def test_a_check_that_crashes_is_a_refusal(caplog: pytest.LogCaptureFixture) -> None:
    reports = FakeReports()

    def crash() -> str:
        raise RuntimeError(f"with {canaries.API_KEY} within")

    assert not rollouts.report(CALL, reports, crash)
    assert reports.told == [("d-1", False)]
    (record,) = caplog.records
    told = str(record.__dict__["reason"])
    assert told == "the check failed: RuntimeError: with [redacted] within"
    canaries.look_through("rollout", [told])


def test_the_log_says_what_was_refused_and_never_the_key(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench()
    versions = FakeVersions(bench)
    echo = Check("an echo", ROUTE, ALL[2].event, True, 418)
    reports = FakeReports()
    caplog.set_level(logging.INFO)

    def echoing(function: str, event: dict[str, Any]) -> bytes:
        return json.dumps({"statusCode": 500, "body": f"I got {event['headers']['x-api-key']}"}).encode()

    versions.ask = echoing  # type: ignore[method-assign]
    rollouts.report(CALL, reports, lambda: rollout(bench, versions).refusal([echo]))

    lines = [str(record.__dict__) for record in caplog.records]
    assert any("status 500 instead of 418" in line for line in lines)
    assert not [line for line in lines if "om1_live_" in line]
