"""When a stack may be deleted, and what is told of the rest."""

import boto3
import pytest
from moto import mock_aws

from dev.operate.destroy import FREE, confirm, left, run
from dev.operate.target import Target
from dev.start import StartError
from tests.integration.conftest import TEMPLATE, translate

DEV, PROD = Target("dev", "one-dev", {}), Target("prod", "one-prod", {})
KEPT = [("AWS::DynamoDB::Table", "table-1"), ("AWS::SecretsManager::Secret", "secret-1"), ("AWS::S3::Bucket", "b-1")]


def _nobody(question: str) -> str:
    raise EOFError


def test_who_types_the_name_may() -> None:
    confirm(DEV, {}, lambda question: "one-dev")


@pytest.mark.parametrize("answer", ["", "y", "one-prod"])
def test_any_other_answer_deletes_nothing(answer: str) -> None:
    with pytest.raises(StartError, match="nothing was deleted: say CONFIRM=one-dev"):
        confirm(DEV, {}, lambda question: answer)


def test_where_nobody_answers_nothing_is_deleted() -> None:
    with pytest.raises(StartError, match="nothing was deleted"):
        confirm(DEV, {}, _nobody)


@pytest.mark.parametrize("target", [DEV, PROD])
def test_the_name_may_be_given_beforehand(target: Target) -> None:
    confirm(target, {"CONFIRM": target.stack}, _nobody)


def test_prod_asks_nobody() -> None:
    """Fingers answer questions by habit."""
    with pytest.raises(StartError, match="say CONFIRM=one-prod"):
        confirm(PROD, {}, lambda question: "one-prod")


def test_what_is_kept_is_told_with_what_would_delete_it() -> None:
    lines = [line.strip() for line in left(DEV, KEPT, "artefacts")]

    assert "AWS::DynamoDB::Table table-1" in lines
    assert lines[-4:] == [
        "aws dynamodb delete-table --table-name table-1",
        "aws secretsmanager delete-secret --secret-id secret-1 --recovery-window-in-days 30",
        "aws s3 rb --force s3://b-1",
        "aws s3 rm --recursive s3://artefacts/one-dev/",
    ]


def test_the_table_of_prod_has_to_be_unlocked_first() -> None:
    lines = [line.strip() for line in left(PROD, KEPT[:1], "")]

    assert lines[-2:] == [
        "aws dynamodb update-table --table-name table-1 --no-deletion-protection-enabled",
        "aws dynamodb delete-table --table-name table-1",
    ]


@mock_aws
def test_the_stack_of_prod_is_not_deleted_as_if_it_were_dev(monkeypatch: pytest.MonkeyPatch) -> None:
    """STAGE=dev STACK=<prod's>, and its name typed by habit."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    cloudformation = boto3.client("cloudformation")
    cloudformation.create_stack(
        StackName="one-prod",
        TemplateBody="{Parameters: {Stage: {Type: String}}, Resources: {Any: {Type: 'AWS::SNS::Topic'}}}",
        Parameters=[{"ParameterKey": "Stage", "ParameterValue": "prod"}],
    )

    with pytest.raises(StartError, match="is of stage prod, not dev"):
        list(run(Target("dev", "one-prod", {})))

    assert len(cloudformation.describe_stacks(StackName="one-prod")["Stacks"]) == 1


def test_for_all_that_is_kept_there_is_a_command() -> None:
    resources = translate(TEMPLATE.read_text(), UsageExport="on")["Resources"].values()
    kept = {r["Type"] for r in resources if str(r.get("DeletionPolicy", "")).startswith("Retain")} - FREE

    assert [line for line in left(DEV, [(kind, "x") for kind in sorted(kept)], "") if "# by hand" in line] == []
    assert len(kept) == 3
