"""Which stack, by which parameters."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from samcli.cli.types import CfnParameterOverridesType

from dev.operate.target import ROOT, defaults, override_file, pairs, target
from dev.start import StartError

STAGES = ("dev", "staging", "prod")


def _deployments() -> dict[str, Any]:
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    return {stage: config[stage]["deploy"]["parameters"] for stage in STAGES}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_has_a_stack_of_its_own(stage: str) -> None:
    """make hands the same name on, to what looks at the stack afterwards."""
    to = target({"STAGE": stage})

    assert (to.stage, to.stack, to.parameters["Stage"]) == (stage, f"openmind-llm-{stage}", stage)


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_names_only_parameters_that_there_are(stage: str) -> None:
    assert set(target({"STAGE": stage}).parameters) - set(defaults()) == set()


def test_what_serves_users_is_watched_and_rolled_out_slowly() -> None:
    told = {s: (target({"STAGE": s}).parameters["Rollout"], target({"STAGE": s}).parameters["Alarms"]) for s in STAGES}

    assert told == {
        "dev": ("AllAtOnce", "off"),
        "staging": ("Canary10Percent5Minutes", "on"),
        "prod": ("Canary10Percent5Minutes", "on"),
    }


def test_prod_alone_asks_before_it_changes_anything() -> None:
    assert {s: d["confirm_changeset"] for s, d in _deployments().items()} == {
        "dev": False,
        "staging": False,
        "prod": True,
    }


def test_no_stage_may_name_roles() -> None:
    """Named roles would meet in one account."""
    assert {d["capabilities"] for d in _deployments().values()} == {"CAPABILITY_IAM"}


def test_resources_are_tagged_with_their_stage() -> None:
    """The permissions boundary of the account template knows secrets by it."""
    assert {s: d["tags"] for s, d in _deployments().items()} == {
        s: ["application=openmind-llm", f"stage={s}"] for s in STAGES
    }


def test_said_parameters_go_over_the_configured_ones_and_the_rest_stays() -> None:
    to = target({"STAGE": "dev", "STACK": "mine", "PARAMETERS": "LogLevel=WARN Waf=on"})

    assert to.stack == "mine"
    assert {name: to.parameters[name] for name in ("LogLevel", "Waf", "LogRetentionDays")} == {
        "LogLevel": "WARN",
        "Waf": "on",
        "LogRetentionDays": "7",
    }


@pytest.mark.parametrize(
    ("environ", "why"),
    [
        ({}, "say STAGE=dev, STAGE=staging, STAGE=prod: samconfig.toml has no stage ''"),
        ({"STAGE": "qa"}, "has no stage 'qa'"),
        ({"STAGE": "default"}, "has no stage 'default'"),
        ({"STAGE": "dev", "PARAMETERS": "Wafs=on"}, "the template has no parameter Wafs"),
        ({"STAGE": "dev", "PARAMETERS": "Waf on"}, "'Waf', which is not Name=value"),
        ({"STAGE": "dev", "PARAMETERS": "Waf='on"}, "cannot be read"),
        ({"STAGE": "dev", "PARAMETERS": "Stage=prod"}, "Stage goes with STAGE"),
    ],
)
def test_what_is_not_a_target_is_told_in_a_line(environ: dict[str, str], why: str) -> None:
    with pytest.raises(StartError) as error:
        target(environ)

    assert why in str(error.value)


def test_values_are_quoted_as_in_a_shell() -> None:
    assert pairs("""A=1 'B=two words' C='[{"d": "e=f"}]'""") == {"A": "1", "B": "two words", "C": '[{"d": "e=f"}]'}


def test_defaults_are_the_templates() -> None:
    known = defaults()

    assert (known["Stage"], known["AccessLogs"], known["StreamConcurrency"], known["HostedZoneId"]) == (
        "dev",
        "off",
        "0",
        "",
    )


def test_sam_reads_what_we_write(tmp_path: Path) -> None:
    """Values with spaces, quotes and nothing, which its own form on the command line would break."""
    said = {"A": '[{"b": "c \\"d\\" e"}]', "B": "", "C": "two words", "D": "a=b,c"}

    read = CfnParameterOverridesType().convert([f"file://{override_file(said, tmp_path)}"], None, None)

    assert read == said
