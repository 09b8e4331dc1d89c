"""What `sam deploy` is told."""

from pathlib import Path

import pytest

from dev.operate.deploy import arguments
from dev.operate.target import Target
from dev.start import StartError

TARGET = Target("prod", "openmind-llm-prod", {})
FILE = Path("/x/parameters.yaml")


def test_sam_gets_the_stage_the_stack_and_the_merged_parameters() -> None:
    assert arguments(TARGET, FILE, {}) == [
        *("deploy", "--config-env", "prod", "--stack-name", "openmind-llm-prod"),
        *("--parameter-overrides", "file:///x/parameters.yaml"),
    ]


def test_the_name_of_the_stack_answers_the_question_of_prod() -> None:
    assert "--no-confirm-changeset" in arguments(TARGET, FILE, {"CONFIRM": "openmind-llm-prod"})


def test_another_name_does_not() -> None:
    with pytest.raises(StartError, match="the stack is 'openmind-llm-prod'"):
        arguments(TARGET, FILE, {"CONFIRM": "yes"})


def test_cloudformation_acts_by_a_role_where_one_is_given() -> None:
    assert arguments(TARGET, FILE, {"CLOUDFORMATION_ROLE": "arn:r"})[-2:] == ["--role-arn", "arn:r"]
