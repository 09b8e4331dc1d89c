"""What the rows that need a stack make of what AWS says."""

from datetime import UTC, datetime
from typing import Any

import pytest

from dev.smoke import deployed, logs, standing
from dev.smoke.rows import ROWS
from dev.smoke.stack import Stack
from dev.smoke.table import FAIL, NOT_TRIED, OK, Result
from tests.unit.dev.smoke.looking import FakeDoor, answer, logged, look, refused, stack, target, whole

GROUPS = dict.fromkeys(("StreamLogs", "SweepLogs", "InspectLogs", "ApiAccessLogs"), "AWS::Logs::LogGroup")
LINE = {"message": "completion", "request_id": "r-1", "status": 200, "trace_id": "a" * 32, "_aws": {}}
TOLD = LINE | {"_aws": {"CloudWatchMetrics": [{}]}}
USUAL = {"LogLevel": "INFO", "Metrics": "model", "Stage": "dev"}


@pytest.fixture(autouse=True)
def _aws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


def seen(
    name: str, parameters: dict[str, str] | None = None, kinds: dict[str, str] | None = None, **said: Any
) -> Result:
    known = stack(GROUPS | (kinds or {}), USUAL | (parameters or {}), **said)
    return look(ROWS, name, target(FakeDoor(whole(x_amzn_requestid="g-1")), known))


@pytest.mark.parametrize("row", [*deployed.ROWS, *standing.ROWS, *deployed.LAST], ids=lambda row: row.name)
def test_without_a_stack_nothing_is_tried(row: Any) -> None:
    assert look(ROWS, row.name, target(FakeDoor(whole()))).verdict == NOT_TRIED


@pytest.mark.parametrize(
    ("name", "parameter"),
    [
        ("log-line", "LogLevel"),
        ("metric", "Metrics"),
        ("trace", "Tracing"),
        ("access-log", "AccessLogs"),
        ("inspection", "Inspection"),
        ("alarms", "Alarms"),
        ("rollout", "Rollout"),
        ("export", "UsageExport"),
        ("kms", "SecretsKmsKeyArn"),
        ("domain", "DomainName"),
        ("waf", "Waf"),
    ],
)
def test_what_the_stack_has_not_switched_on_is_not_tried(name: str, parameter: str) -> None:
    result = seen(name, {"LogLevel": "ERROR", "Metrics": "off"})

    assert (result.verdict, result.seen.partition(" ")[0]) == (NOT_TRIED, parameter)


@pytest.mark.parametrize("name", ["metric", "cold-start", "table", "quota"])
def test_what_no_emulator_does_is_not_tried_there(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")

    assert (seen(name).verdict, seen(name).seen) == (NOT_TRIED, "no emulator does this")


def test_a_line_with_metrics_is_well() -> None:
    assert seen("log-line", filter_log_events=logged("START", TOLD)).verdict == OK


def test_a_line_without_metrics_fails() -> None:
    assert seen("log-line", filter_log_events=logged(LINE)).seen == "the line has no metrics at its root"


def test_a_line_that_does_not_come_fails() -> None:
    assert seen("log-line", filter_log_events=logged()).seen == "no line of r-1 within 60 s"


def test_a_metric_with_a_sum_is_well() -> None:
    assert seen("metric", get_metric_statistics={"Datapoints": [{"Sum": 2.0}, {"Sum": 3.0}]}).seen == "Requests 5"


def test_a_metric_that_does_not_come_fails() -> None:
    assert seen("metric", get_metric_statistics={"Datapoints": []}).verdict == FAIL


def test_a_trace_must_hold_the_call_to_the_provider() -> None:
    parts = [{"Segments": [{"Document": '{"annotations": {"request_id": "r-1"}}'}]}]

    told: dict[str, Any] = {"filter_log_events": logged(TOLD), "batch_get_traces": {"Traces": parts}}
    assert seen("trace", {"Tracing": "Active"}, **told).verdict == OK
    told["batch_get_traces"] = {"Traces": [{"Segments": [{"Document": "{}"}]}]}
    assert seen("trace", {"Tracing": "Active"}, **told).verdict == FAIL


def test_an_access_log_line_shows_its_fields() -> None:
    lines = logged({"status": 200, "latency": 3})

    assert seen("access-log", {"AccessLogs": "on"}, filter_log_events=lines).seen == "fields latency, status"


@pytest.mark.parametrize(
    ("line", "ms"),
    [
        ("REPORT RequestId: 1 Duration: 5 ms Init Duration: 812.33 ms", 812.33),
        ('{"type": "platform.report", "record": {"metrics": {"durationMs": 5, "initDurationMs": 640.5}}}', 640.5),
        ('{"type": "platform.report", "record": {"metrics": {"durationMs": 5}}}', None),
        ("REPORT RequestId: 1 Duration: 5 ms", None),
        ("[]", None),
    ],
)
def test_init_is_read_in_both_formats(line: str, ms: float | None) -> None:
    assert logs.init_ms(line) == ms


@pytest.mark.parametrize(("ms", "verdict"), [(900.0, OK), (5001.0, FAIL)])
def test_new_environments_start_in_time(ms: float, verdict: str) -> None:
    lines = logged(f"REPORT Init Duration: {ms} ms", "REPORT Init Duration: 100 ms")

    assert seen("cold-start", filter_log_events=lines).verdict == verdict


def test_warm_environments_tell_nothing_of_a_start() -> None:
    assert seen("cold-start", filter_log_events=logged("REPORT Duration: 3 ms")).verdict == NOT_TRIED


def test_a_denied_call_names_its_log() -> None:
    result = seen("denied", filter_log_events=logged("AccessDeniedException: dynamodb:PutItem"))

    assert (result.verdict, result.seen) == (FAIL, "StreamLogs: AccessDeniedException: dynamodb:PutItem")
    assert seen("denied", filter_log_events=logged()).seen == "none in 4 log groups"


@pytest.mark.parametrize(("name", "switch"), [("sweeper", {}), ("inspection", {"Inspection": "on"})])
def test_a_schedule_that_ran_is_well(name: str, switch: dict[str, str]) -> None:
    assert seen(name, switch, filter_log_events=logged("REPORT")).verdict == OK
    assert seen(name, switch, filter_log_events=logged({"level": "ERROR", "message": "x"})).verdict == FAIL
    assert seen(name, switch, filter_log_events=logged()).verdict == FAIL


def test_a_young_stack_may_not_have_swept_yet() -> None:
    young = stack(GROUPS, filter_log_events=logged())
    young.__dict__["_described"] = {"CreationTime": datetime.now(UTC)}

    assert look(ROWS, "sweeper", target(FakeDoor(whole()), young)).verdict == NOT_TRIED


@pytest.mark.parametrize(
    ("states", "verdict", "told"),
    [
        (["OK", "INSUFFICIENT_DATA", "OK"], OK, "1 INSUFFICIENT_DATA, 2 OK"),
        (["OK", "ALARM"], FAIL, "in alarm: alarm-1"),
        ([], FAIL, "there are none"),
    ],
)
def test_no_alarm_may_ring(states: list[str], verdict: str, told: str) -> None:
    found = [{"AlarmName": f"alarm-{number}", "StateValue": state} for number, state in enumerate(states)]
    kinds = {f"Alarm{number}": "AWS::CloudWatch::Alarm" for number in range(len(states))}

    result = seen("alarms", {"Alarms": "on"}, kinds, describe_alarms={"MetricAlarms": found})

    assert (result.verdict, result.seen) == (verdict, told)


def test_the_dashboard_is_counted() -> None:
    kinds = {"Board": "AWS::CloudWatch::Dashboard"}

    assert seen("dashboard").verdict == NOT_TRIED
    shown = seen("dashboard", None, kinds, get_dashboard={"DashboardBody": '{"widgets": [{}, {}]}'})
    assert shown.seen == "board, 2 widgets: look at it once"


@pytest.mark.parametrize(("status", "verdict"), [("Succeeded", OK), ("Stopped", FAIL)])
def test_the_last_deployment_succeeded(status: str, verdict: str) -> None:
    kinds = {"App": "AWS::CodeDeploy::Application", "Group": "AWS::CodeDeploy::DeploymentGroup"}
    said: dict[str, Any] = {
        "list_deployments": {"deployments": ["d-2", "d-1"]},
        "get_deployment": {"deploymentInfo": {"status": status}},
    }

    assert seen("rollout", {"Rollout": "Canary10Percent5Minutes"}, kinds, **said).verdict == verdict


@pytest.mark.parametrize(("routing", "verdict"), [({}, OK), ({"AdditionalVersionWeights": {"7": 0.1}}, FAIL)])
def test_one_version_is_live(routing: dict[str, Any], verdict: str) -> None:
    kinds = {"StreamFunction": "AWS::Lambda::Function", "StreamFunctionAliaslive": "AWS::Lambda::Alias"}

    said = {"FunctionVersion": "6", "RoutingConfig": routing}
    assert seen("alias", None, kinds, get_alias=said).verdict == verdict


@pytest.mark.parametrize(("ttl", "recovery", "verdict"), [("ENABLED", "ENABLED", OK), ("DISABLED", "ENABLED", FAIL)])
def test_the_table_forgets_and_is_backed_up(ttl: str, recovery: str, verdict: str) -> None:
    backups = {"PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": recovery}}
    said: dict[str, Any] = {
        "describe_time_to_live": {"TimeToLiveDescription": {"TimeToLiveStatus": ttl, "AttributeName": "ttl"}},
        "describe_continuous_backups": {"ContinuousBackupsDescription": backups},
    }

    assert seen("table", **said).verdict == verdict


@pytest.mark.parametrize(("objects", "verdict"), [([{"Key": "a"}], OK), ([], FAIL)])
def test_rows_arrive_in_the_bucket(objects: list[dict[str, str]], verdict: str) -> None:
    said: dict[str, Any] = {
        "describe_table": {"Table": {"LatestStreamArn": "arn"}},
        "list_objects_v2": {"Contents": objects},
    }

    assert seen("export", {"UsageExport": "on"}, {"Bucket": "AWS::S3::Bucket"}, **said).verdict == verdict


@pytest.mark.parametrize(("unreserved", "verdict"), [(1000, OK), (10, FAIL)])
def test_a_new_account_has_too_few_environments(unreserved: int, verdict: str) -> None:
    limit = {"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": unreserved}

    assert seen("quota", get_account_settings={"AccountLimit": limit}).verdict == verdict


@pytest.mark.parametrize(("found", "verdict"), [({"WebACL": {"Name": "acl", "Rules": [{}]}}, OK), ({}, FAIL)])
def test_the_api_has_its_web_acl(found: dict[str, Any], verdict: str) -> None:
    kinds = {"Api": "AWS::ApiGateway::RestApi"}

    assert seen("waf", {"Waf": "on"}, kinds, get_web_acl_for_resource=found).verdict == verdict


class Revoking:
    """A loan whose key was given back when the door says so."""

    account_id = "smoke"
    settings: Any = None
    revoked = False

    def revoke(self) -> None:
        self.revoked = True


def test_a_revoked_key_is_asked_with_until_it_is_refused() -> None:
    good = answer(200, {})
    looked = target(FakeDoor(good, good, good, refused(401)), stack())
    loan: Any = Revoking()
    looked.loan = loan

    result = look(ROWS, "key-revoked", looked)

    assert (result.verdict, result.seen) == (OK, "refused after 100 ms")
    assert loan.revoked


def test_a_revoked_key_that_stays_good_fails() -> None:
    looked = target(FakeDoor(answer(200, {})), stack())
    loan: Any = Revoking()
    looked.loan = loan

    assert look(ROWS, "key-revoked", looked).verdict == FAIL


def test_a_resource_that_the_stack_lacks_fails() -> None:
    bare = Stack("bare", stack(parameters=USUAL).session)

    assert look(ROWS, "log-line", target(FakeDoor(whole()), bare)).seen == "the stack has no StreamLogs"
