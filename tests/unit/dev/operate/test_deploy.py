"""What `sam deploy` is told."""

from pathlib import Path

import pytest
from samtranslator.yaml_helper import yaml_parse

from dev.operate.deploy import arguments
from dev.operate.target import ROOT, Target
from dev.start import StartError

TARGET = Target("prod", "openmind-llm-prod", {})
FILE = Path("/x/parameters.yaml")


def test_sam_gets_the_stage_the_stack_and_the_merged_parameters() -> None:
    assert arguments(TARGET, FILE, {}) == [
        *("deploy", "--config-env", "prod", "--stack-name", "openmind-llm-prod"),
        *("--s3-prefix", "openmind-llm-prod"),
        *("--parameter-overrides", "file:///x/parameters.yaml"),
    ]


@pytest.mark.parametrize(("holder", "sid"), [("DeployRole", "Upload"), ("ExecutionRole", "Uploads")])
def test_what_is_uploaded_lies_where_a_workflow_and_cloudformation_may_reach_it(holder: str, sid: str) -> None:
    said = arguments(TARGET, FILE, {})
    policies = yaml_parse((ROOT / "account" / "deployer.yaml").read_text())["Resources"][holder]["Properties"][
        "Policies"
    ]
    (reached,) = [
        statement["Resource"]["Fn::Sub"]
        for policy in policies
        for statement in policy["PolicyDocument"]["Statement"]
        if statement.get("Sid") == sid
    ]

    assert reached.replace("${Stage}", "prod").endswith(f"samclisourcebucket-*/{said[said.index('--s3-prefix') + 1]}/*")


def test_the_name_of_the_stack_answers_the_question_of_prod() -> None:
    assert "--no-confirm-changeset" in arguments(TARGET, FILE, {"CONFIRM": "openmind-llm-prod"})


def test_another_name_does_not() -> None:
    with pytest.raises(StartError, match="the stack is 'openmind-llm-prod'"):
        arguments(TARGET, FILE, {"CONFIRM": "yes"})


def test_cloudformation_acts_by_a_role_where_one_is_given() -> None:
    assert arguments(TARGET, FILE, {"CLOUDFORMATION_ROLE": "arn:r"})[-2:] == ["--role-arn", "arn:r"]
