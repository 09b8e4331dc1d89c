"""Rows about the stack itself, which no request shows: what AWS says of its parts."""

import json
from datetime import UTC, datetime, timedelta
from itertools import batched

from dev.smoke import logs
from dev.smoke.contract import status
from dev.smoke.stack import Stack
from dev.smoke.table import NotTriedError, Row, UnmetError
from dev.smoke.target import Target
from dev.smoke.wire import Door

SWEEP_EVERY = timedelta(minutes=5)
INSPECTION_EVERY = timedelta(hours=24)
LEAST_CONCURRENCY = 100
"""A new account of AWS may have 10."""

_ALARMS_AT_ONCE = 100


def _sweeper(target: Target) -> str:
    return _ran(target.deployed, "SweepLogs", SWEEP_EVERY)


def _inspection(target: Target) -> str:
    target.deployed.needs("Inspection", "on")
    return _ran(target.deployed, "InspectLogs", INSPECTION_EVERY)


def _ran(stack: Stack, group: str, every: timedelta) -> str:
    """Twice the time, for a schedule begins some time after it is made."""
    now = datetime.now(UTC)
    since = now - 2 * every
    found = list(logs.lines(stack, group, since.timestamp()))
    if not found and stack.made_at > since:
        raise NotTriedError(f"the stack is younger than {2 * every}: try again then")
    if not found:
        raise UnmetError(f"no line in {group} for {2 * every}")
    failed = [line for line in found if logs.parsed(line).get("level") == "ERROR"]
    if failed:
        raise UnmetError(failed[-1])
    return f"{len(found)} lines in {2 * every}, no error"


def _alarms(target: Target) -> str:
    target.deployed.needs("Alarms", "on")
    states: dict[str, list[str]] = {}
    for names in batched(target.deployed.of_kind("AWS::CloudWatch::Alarm"), _ALARMS_AT_ONCE, strict=False):
        found = target.deployed.client("cloudwatch").describe_alarms(AlarmNames=list(names))["MetricAlarms"]
        for one in found:
            states.setdefault(one["StateValue"], []).append(one["AlarmName"])
    if not states or "ALARM" in states:
        raise UnmetError(f"in alarm: {', '.join(states['ALARM'])}" if states else "there are none")
    return ", ".join(f"{len(names)} {state}" for state, names in sorted(states.items()))


def _dashboard(target: Target) -> str:
    names = target.deployed.of_kind("AWS::CloudWatch::Dashboard")
    if not names:
        raise NotTriedError("the stack has none")
    body = target.deployed.client("cloudwatch").get_dashboard(DashboardName=names[0])["DashboardBody"]
    return f"{names[0]}, {len(json.loads(body)['widgets'])} widgets: look at it once"


def _rollout(target: Target) -> str:
    stack = target.deployed
    if stack.parameter("Rollout") in {"", "AllAtOnce"}:
        raise NotTriedError(f"Rollout is {stack.parameter('Rollout') or 'not set'}")
    deploy, seen = stack.client("codedeploy"), []
    application = stack.of_kind("AWS::CodeDeploy::Application")[0]
    for group in stack.of_kind("AWS::CodeDeploy::DeploymentGroup"):
        ids = deploy.list_deployments(applicationName=application, deploymentGroupName=group)["deployments"]
        seen += [deploy.get_deployment(deploymentId=one)["deploymentInfo"]["status"] for one in ids[:1]]
    if any(one != "Succeeded" for one in seen):
        raise UnmetError(", ".join(seen))
    return f"{len(seen)} last deployments succeeded" if seen else "nothing was rolled out yet"


def _alias(target: Target) -> str:
    name = target.deployed.physical("StreamFunction")
    if "StreamFunctionAliaslive" not in target.deployed.resources:
        raise NotTriedError("the stack has no alias")
    found = target.deployed.client("lambda").get_alias(FunctionName=name, Name="live")
    if found.get("RoutingConfig", {}).get("AdditionalVersionWeights"):
        raise UnmetError(f"between two versions: {found['RoutingConfig']['AdditionalVersionWeights']}")
    return f"live is version {found['FunctionVersion']}"


def _table(target: Target) -> str:
    target.deployed.needs_aws()
    name, client = target.deployed.outputs["TableName"], target.deployed.client("dynamodb")
    living = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    backups = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    recovery = backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus")
    seen = f"TTL {living['TimeToLiveStatus']} of {living.get('AttributeName')}, recovery {recovery}"
    if (living["TimeToLiveStatus"], living.get("AttributeName"), recovery) != ("ENABLED", "ttl", "ENABLED"):
        raise UnmetError(seen)
    return seen


def _export(target: Target) -> str:
    stack = target.deployed
    stack.needs("UsageExport", "on")
    name = stack.outputs["TableName"]
    streams = stack.client("dynamodb").describe_table(TableName=name)["Table"].get("LatestStreamArn")
    buckets = stack.of_kind("AWS::S3::Bucket")
    if not streams or not buckets:
        raise UnmetError(f"stream {streams}, buckets {len(buckets)}")
    found = [one["Key"] for bucket in buckets for one in _objects(stack, bucket)]
    if not found:
        raise UnmetError(f"nothing in {', '.join(buckets)} yet")
    return f"{len(found)} objects, such as {found[-1]}"


def _objects(stack: Stack, bucket: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = stack.client("s3").list_objects_v2(Bucket=bucket).get("Contents", [])
    return found


def _kms(target: Target) -> str:
    stack = target.deployed
    stack.needs("SecretsKmsKeyArn")
    used = stack.client("secretsmanager").describe_secret(SecretId=stack.outputs["ProviderKeysSecret"]).get("KmsKeyId")
    if used != stack.parameter("SecretsKmsKeyArn"):
        raise UnmetError(f"the secret is under {used}")
    status(target.whole, 200)
    return "the secret is under it, and was read"


def _domain(target: Target) -> str:
    target.deployed.needs("DomainName")
    name = target.deployed.parameter("DomainName")
    status(Door(f"https://{name}").ask("GET", "/health"), 200)
    return f"200 by https://{name}"


def _waf(target: Target) -> str:
    stack = target.deployed
    stack.needs("Waf", "on")
    place = f"/restapis/{stack.physical('Api')}/stages/{stack.parameter('Stage')}"
    arn = f"arn:aws:apigateway:{stack.session.region_name}::{place}"
    found = stack.client("wafv2").get_web_acl_for_resource(ResourceArn=arn).get("WebACL")
    if not found:
        raise UnmetError("the API has no web ACL")
    return f"{found['Name']} with {len(found.get('Rules', []))} rules; body-large says what it lets through"


def _quota(target: Target) -> str:
    target.deployed.needs_aws()
    limits = target.deployed.client("lambda").get_account_settings()["AccountLimit"]
    seen = f"{limits['ConcurrentExecutions']} at once, {limits['UnreservedConcurrentExecutions']} unreserved"
    if limits["UnreservedConcurrentExecutions"] < LEAST_CONCURRENCY:
        raise UnmetError(f"{seen}: ask AWS for more")
    return seen


ROWS: tuple[Row[Target], ...] = (
    Row("sweeper", "ran by its schedule, without errors", _sweeper),
    Row("inspection", "ran in the last two nights, without errors", _inspection),
    Row("alarms", "there, and none in alarm", _alarms),
    Row("dashboard", "there", _dashboard),
    Row("alias", "one version is live", _alias),
    Row("rollout", "the last deployments succeeded", _rollout),
    Row("table", "TTL and point-in-time recovery are on", _table),
    Row("export", "settled rows arrive in the bucket", _export),
    Row("kms", "the secrets are under the operator's key", _kms),
    Row("domain", "200 by the domain's name", _domain),
    Row("waf", "the API has its web ACL", _waf),
    Row("quota", f"{LEAST_CONCURRENCY} environments at once, at least", _quota),
)
