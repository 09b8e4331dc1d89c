"""New versions and CodeDeploy, as boto3 talks to them over HTTP."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from openmind_llm.domain import rollouts
from openmind_llm.domain.rollouts import AUTH, STREAM, VersionFailedError
from openmind_llm.storage import clients
from openmind_llm.storage.versions import PAUSES_S, READ_S, STREAM_S, CodeDeployReports, LambdaVersions
from tests.fake_releases import FakeReleases
from tests.fakes import FakeClock

ARN = "arn:aws:lambda:us-east-1:123456789012:function:f:7"
CALL = {"DeploymentId": "d-1", "LifecycleEventHookExecutionId": "e-1"}


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeReleases]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with FakeReleases(lambda name, event: f"{name} got {event['a']}".encode()) as fake:
        monkeypatch.setenv("AWS_ENDPOINT_URL", fake.url)
        yield fake


def asking(now: Callable[[], float] = lambda: 0.0, pauses: list[float] | None = None) -> LambdaVersions:
    arns = {AUTH: ARN, STREAM: ARN}
    return LambdaVersions(clients.lambdas(2), arns, now, (pauses if pauses is not None else []).append)


@pytest.mark.parametrize("function", [AUTH, STREAM])
def test_an_answer_is_what_the_version_said_whole_or_in_parts(fake: FakeReleases, function: str) -> None:
    assert asking().ask(function, {"a": 1}) == f"{ARN} got 1".encode()


def test_a_version_that_nobody_named_is_not_asked(fake: FakeReleases) -> None:
    with pytest.raises(VersionFailedError, match="which version of route"):
        asking().ask("route", {"a": 1})

    assert fake.asked == []


def test_a_stream_that_ends_with_an_error_is_no_answer(fake: FakeReleases) -> None:
    fake.broken_stream = "Unhandled"

    with pytest.raises(VersionFailedError, match="ended with Unhandled"):
        asking().ask(STREAM, {"a": 1})


def test_a_stream_without_end_is_given_up(fake: FakeReleases) -> None:
    times = iter([0.0, 1.0, STREAM_S + 1.0])

    with pytest.raises(VersionFailedError, match="did not end"):
        asking(lambda: next(times)).ask(STREAM, {"a": 1})


def test_a_permission_that_is_not_known_yet_is_waited_for(fake: FakeReleases) -> None:
    fake.refusals = 2
    pauses: list[float] = []

    assert asking(pauses=pauses).ask(AUTH, {"a": 1})
    assert pauses == list(PAUSES_S[:2])


def test_a_permission_that_never_comes_ends_the_check(fake: FakeReleases) -> None:
    fake.refusals = 99
    pauses: list[float] = []

    with pytest.raises(ClientError, match="AccessDenied"):
        asking(pauses=pauses).ask(AUTH, {"a": 1})

    assert pauses == list(PAUSES_S)


@pytest.mark.parametrize(("is_good", "status"), [(True, "Succeeded"), (False, "Failed")])
def test_codedeploy_is_told(fake: FakeReleases, is_good: bool, status: str) -> None:
    fake.refusals = 1
    pauses: list[float] = []

    CodeDeployReports(clients.codedeploy(), pauses.append).tell(CALL, is_good=is_good)

    assert fake.reports == [status]


def test_a_silent_version_is_no_answer(fake: FakeReleases) -> None:
    def silent(**_: Any) -> Any:
        raise ReadTimeoutError(endpoint_url=fake.url)

    client = clients.lambdas(2)
    client.invoke = silent  # type: ignore[method-assign]
    pauses: list[float] = []

    with pytest.raises(VersionFailedError, match="silent"):
        LambdaVersions(client, {AUTH: ARN}, FakeClock(), pauses.append).ask(AUTH, {"a": 1})


def test_the_time_that_a_check_needs_is_all_that_it_can_take() -> None:
    """Its own, then the revocation and the report, each with its tries."""
    permission = sum(PAUSES_S)
    check = permission + STREAM_S + READ_S
    revocation, report = 10, permission + 3 * 7

    assert check + revocation + report <= rollouts.CHECK_S
