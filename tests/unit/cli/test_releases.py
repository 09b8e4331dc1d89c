"""`openmind-llm releases`, against Lambda and CloudFormation in moto."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.stub import Stubber

from openmind_llm.storage.releases import UNDER_WAY, StackReleases

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_lambda.client import LambdaClient

    from tests.unit.cli.conftest import Run, Said

FUNCTIONS = ("AuthFunction", "RouteFunction", "StreamFunction")
OUTPUTS = ("TableName", "KeyPepperSecret", "ProviderKeysSecret")


@pytest.fixture
def lambdas(dynamodb: DynamoDBClient) -> LambdaClient:
    """Of a stack `gateway`: version 1 of each function is live, and nothing else is there."""
    role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}}}
    properties = {
        "Code": {"ZipFile": "1"},
        "Handler": "index.handler",
        "Runtime": "python3.13",
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
    }
    functions = {name: {"Type": "AWS::Lambda::Function", "Properties": properties} for name in FUNCTIONS}
    outputs = {name: {"Value": name.lower()} for name in OUTPUTS}
    template = {"Resources": {"Role": role, **functions}, "Outputs": outputs}
    boto3.client("cloudformation").create_stack(StackName="gateway", TemplateBody=json.dumps(template))
    client = boto3.client("lambda")
    for name in names().values():
        client.publish_version(FunctionName=name)
        client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    return client


def names() -> dict[str, str]:
    found = boto3.client("cloudformation").list_stack_resources(StackName="gateway")["StackResourceSummaries"]
    return {r["LogicalResourceId"]: r["PhysicalResourceId"] for r in found if r["LogicalResourceId"] in FUNCTIONS}


def change(client: LambdaClient) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.py", "changed = True")
    for name in names().values():
        client.update_function_code(FunctionName=name, ZipFile=packed.getvalue())


def release(client: LambdaClient) -> None:
    change(client)
    for name in names().values():
        version = client.publish_version(FunctionName=name)["Version"]
        client.update_alias(FunctionName=name, Name="live", FunctionVersion=version)


def asked(run: Run, *words: str) -> Said:
    return run("--stack", "gateway", "releases", *words)


def live(run: Run) -> list[list[str]]:
    return [row for row in asked(run, "list").cells("FUNCTION", "VERSION", "LIVE") if row[2] != "-"]


def test_list_shows_every_version_and_which_is_live(run: Run, lambdas: LambdaClient) -> None:
    release(lambdas)

    said = asked(run, "list")

    assert said.cells("FUNCTION", "VERSION", "LIVE")[:2] == [["auth", "2", "100%"], ["auth", "1", "-"]]
    assert len(said.rows) == 7
    assert said.error == ""


def test_list_shows_the_shares_of_a_canary(run: Run, lambdas: LambdaClient) -> None:
    release(lambdas)
    lambdas.update_alias(
        FunctionName=names()["AuthFunction"],
        Name="live",
        FunctionVersion="1",
        RoutingConfig={"AdditionalVersionWeights": {"2": 0.1}},
    )

    assert live(run)[:2] == [["auth", "2", "10%"], ["auth", "1", "90%"]]


def test_list_says_what_was_changed_and_is_in_no_version(run: Run, lambdas: LambdaClient) -> None:
    """It would look deployed, and never be used."""
    change(lambdas)

    assert "stream: what was deployed last is in no version" in asked(run, "list").error


def test_rollback_points_back_and_says_so(run: Run, lambdas: LambdaClient) -> None:
    release(lambdas)

    said = asked(run, "rollback")

    assert said.code == 0
    assert "stream: from 2 back to 1" in said.error
    assert "the next deployment that changes a function" in said.error
    assert live(run) == [[function, "1", "100%"] for function in ("auth", "route", "stream")]


def test_rollback_to_a_version_moves_that_function_alone(run: Run, lambdas: LambdaClient) -> None:
    release(lambdas)

    asked(run, "rollback", "--to", "stream=1")

    assert live(run) == [["auth", "2", "100%"], ["route", "2", "100%"], ["stream", "1", "100%"]]


@pytest.mark.parametrize("word", ["latest", "sweep=1", "auth=one", "auth"])
def test_rollback_takes_no_other_words(run: Run, lambdas: LambdaClient, word: str) -> None:
    said = asked(run, "rollback", "--to", word)

    assert said.code == 1
    assert "--to takes previous, or FUNCTION=VERSION" in said.error


def test_there_is_no_way_back_from_the_first_release(run: Run, lambdas: LambdaClient) -> None:
    assert asked(run, "rollback") == (1, "", "openmind-llm: auth has no version before 1\n")


def test_a_stack_is_needed(run: Run, lambdas: LambdaClient) -> None:
    assert "say which stack" in run("releases", "list").error


def test_deployments_that_are_under_way_are_found_in_codedeploy(lambdas: LambdaClient) -> None:
    """moto's stacks have nothing of CodeDeploy: its answer is put in its place."""
    deployed = StackReleases("gateway")
    deployed._resources |= {"ServerlessDeploymentApplication": "app", "StreamFunctionDeploymentGroup": "group"}
    asked = {"applicationName": "app", "deploymentGroupName": "group", "includeOnlyStatuses": UNDER_WAY}

    with Stubber(deployed._codedeploy) as stubber:
        stubber.add_response("list_deployments", {"deployments": ["d-1"]}, asked)

        assert deployed.running() == ["d-1"]


def test_without_codedeploy_no_deployment_is_under_way(lambdas: LambdaClient) -> None:
    assert StackReleases("gateway").running() == []
