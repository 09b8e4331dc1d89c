"""What the parameter UsageExport makes of the stack, read from the translated template."""

import json
from typing import Any

import pytest

from tests.integration.conftest import Template
from tests.integration.translated import of_type, properties

EXPORT = {
    "ExportFunction",
    "ExportFunctionSettled",
    "ExportRole",
    "ExportLogs",
    "ExportFailures",
    "UsageBucket",
    "UsageBucketPolicy",
}
STREAM_HOURS = 24
VISIBLE_IN_QUEUE_S = 14 * 86_400


def _arn(name: str) -> dict[str, list[str]]:
    return {"Fn::GetAtt": [name, "Arn"]}


def _source(template: Template) -> Any:
    return properties(template, "ExportFunctionSettled")


def test_the_export_is_off_by_default(template: Template) -> None:
    parameter = template["Parameters"]["UsageExport"]

    assert (parameter["Default"], parameter["AllowedValues"]) == ("off", ["on", "off"])
    assert template["Conditions"]["HasUsageExport"] == {"Fn::Equals": [{"Ref": "UsageExport"}, "on"]}


def test_where_it_is_off_none_of_it_is_there(template: Template) -> None:
    conditional = {n for n, one in template["Resources"].items() if one.get("Condition") == "HasUsageExport"}
    outputs = {n for n, one in template["Outputs"].items() if one.get("Condition") == "HasUsageExport"}

    assert conditional == EXPORT
    assert outputs == {"UsageBucket", "ExportFailures"}


def test_where_it_is_off_the_table_has_no_stream(template: Template) -> None:
    stream = properties(template, "Table")["StreamSpecification"]

    assert stream == {"Fn::If": ["HasUsageExport", {"StreamViewType": "NEW_IMAGE"}, {"Ref": "AWS::NoValue"}]}


def test_nothing_that_is_always_there_needs_what_is_not(template: Template) -> None:
    """But for outputs and alarms, which have the same condition: a reference would break every other stack."""
    resources = template["Resources"].items()
    always = {n: one for n, one in resources if n not in EXPORT and one.get("Condition") != "HasExportAlarms"}
    told = json.dumps(always)

    assert [name for name in EXPORT if f'"{name}"' in told or f"${{{name}" in told] == []


def test_the_function_may_read_the_stream_write_files_and_tell_of_failures(template: Template) -> None:
    """And neither the table nor a secret, nor what is in the bucket already."""
    (policy,) = properties(template, "ExportRole")["Policies"]
    statements = {json.dumps(one["Action"]): one["Resource"] for one in policy["PolicyDocument"]["Statement"]}

    streams = [f"dynamodb:{action}" for action in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")]
    assert statements == {
        json.dumps(streams): {"Fn::GetAtt": ["Table", "StreamArn"]},
        json.dumps("s3:PutObject"): {"Fn::Sub": "${UsageBucket.Arn}/usage/*"},
        json.dumps("sqs:SendMessage"): _arn("ExportFailures"),
        json.dumps(["logs:CreateLogStream", "logs:PutLogEvents"]): _arn("ExportLogs"),
    }


def test_the_stream_is_read_from_its_beginning_through_one_filter(template: Template) -> None:
    source = _source(template)

    assert source["EventSourceArn"] == {"Fn::GetAtt": ["Table", "StreamArn"]}
    assert source["StartingPosition"] == "TRIM_HORIZON"
    (filter_,) = source["FilterCriteria"]["Filters"]
    assert json.loads(filter_["Pattern"]) == {
        "dynamodb": {"NewImage": {"pk": {"S": [{"prefix": "LEDGER#"}]}, "state": {"S": ["settled"]}}}
    }


def test_a_batch_is_tried_again_as_it_was_until_it_is_half_a_day_old(template: Template) -> None:
    """Long enough for a night; short enough that what comes behind it is still in the stream."""
    source = _source(template)

    assert source["MaximumRetryAttempts"] == -1
    assert source["MaximumRecordAgeInSeconds"] <= STREAM_HOURS / 2 * 3600
    assert not source.get("BisectBatchOnFunctionError")
    assert "FunctionResponseTypes" not in source


def test_what_is_given_up_is_told_to_a_queue_for_two_weeks(template: Template) -> None:
    queue = properties(template, "ExportFailures")

    assert _source(template)["DestinationConfig"] == {"OnFailure": {"Destination": _arn("ExportFailures")}}
    assert queue == {"MessageRetentionPeriod": VISIBLE_IN_QUEUE_S, "SqsManagedSseEnabled": True}


def test_the_bucket_is_private_and_encrypted(template: Template) -> None:
    bucket = properties(template, "UsageBucket")

    blocked = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    assert bucket["PublicAccessBlockConfiguration"] == dict.fromkeys(blocked, True)
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}


def test_the_bucket_refuses_connections_without_tls(template: Template) -> None:
    policy = properties(template, "UsageBucketPolicy")

    (statement,) = policy["PolicyDocument"]["Statement"]
    assert policy["Bucket"] == {"Ref": "UsageBucket"}
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Resource"] == [_arn("UsageBucket"), {"Fn::Sub": "${UsageBucket.Arn}/*"}]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


@pytest.mark.parametrize("name", ["UsageBucket", "UsageBucketPolicy"])
def test_files_outlive_the_stack_and_the_export(template: Template, name: str) -> None:
    resource = template["Resources"][name]

    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def test_files_stay_unless_the_operator_says_for_how_long(template: Template) -> None:
    condition, lifecycle, otherwise = properties(template, "UsageBucket")["LifecycleConfiguration"]["Fn::If"]

    assert template["Parameters"]["UsageExportDays"]["Default"] == 0
    assert template["Conditions"][condition] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "UsageExportDays"}, 0]}]}
    (rule,) = lifecycle["Rules"]
    assert (rule["Prefix"], rule["Status"]) == ("usage/", "Enabled")
    assert rule["ExpirationInDays"] == {"Ref": "UsageExportDays"}
    assert otherwise == {"Ref": "AWS::NoValue"}


def test_the_function_knows_its_bucket_and_no_other_function_does(template: Template) -> None:
    functions = of_type(template, "AWS::Lambda::Function")
    told = {name: properties(template, name)["Environment"]["Variables"].get("USAGE_BUCKET") for name in functions}

    assert {name: bucket for name, bucket in told.items() if bucket} == {"ExportFunction": {"Ref": "UsageBucket"}}
