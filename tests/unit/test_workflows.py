"""What the workflows may not do, whoever changes them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".github" / "workflows"
NAMES = sorted(path.name for path in FOLDER.glob("*"))


def _workflow(name: str) -> Any:
    return yaml.safe_load((FOLDER / name).read_text())


def _triggers(name: str) -> Any:
    return _workflow(name)[True]  # YAML 1.1 reads `on` so


def _jobs(name: str) -> dict[str, Any]:
    jobs: dict[str, Any] = _workflow(name)["jobs"]
    return jobs


def _steps() -> Iterator[dict[str, Any]]:
    for name in NAMES:
        for job in _jobs(name).values():
            yield from job.get("steps", [])


def test_there_are_these_workflows() -> None:
    assert NAMES == ["check.yml", "deploy.yml", "nightly.yml", "stage.yml"]


@pytest.mark.parametrize("name", NAMES)
def test_actions_are_pinned_by_commit_with_their_version(name: str) -> None:
    """A tag can be moved by whoever takes over an action. Our own workflows come with the commit."""
    uses = re.findall(r"uses: (.*)", (FOLDER / name).read_text())
    others = [one for one in uses if not one.startswith("./.github/workflows/")]

    assert [one for one in others if not re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", one)] == []


def test_an_action_has_one_version_everywhere() -> None:
    uses = {step["uses"] for step in _steps() if "uses" in step}

    assert len({one.partition("@")[0] for one in uses}) == len(uses) == 3


@pytest.mark.parametrize("name", NAMES)
def test_no_workflow_runs_for_strangers_with_our_rights(name: str) -> None:
    assert {"pull_request_target", "workflow_run", "issue_comment"} & set(_triggers(name)) == set()


@pytest.mark.parametrize("name", NAMES)
def test_a_workflow_begins_with_no_more_than_reading(name: str) -> None:
    assert _workflow(name)["permissions"] in ({}, {"contents": "read"})


def test_only_what_deploys_may_have_an_identity() -> None:
    allowed = {
        (name, job): body.get("permissions")
        for name in NAMES
        for job, body in _jobs(name).items()
        if "permissions" in body
    }
    deploying = {"contents": "read", "id-token": "write"}

    assert allowed == {
        ("deploy.yml", "check"): {"contents": "read"},
        **{("deploy.yml", stage): deploying for stage in ("dev", "staging", "prod")},
        ("stage.yml", "deploy"): deploying,
    }


def test_pull_requests_start_nothing_but_the_check() -> None:
    assert [name for name in NAMES if "pull_request" in _triggers(name)] == ["check.yml"]


def test_no_command_is_put_together_from_what_others_say() -> None:
    """Neither secrets nor names of branches: what a command needs comes by its environment."""
    assert [step["run"] for step in _steps() if "${{" in step.get("run", "")] == []


@pytest.mark.parametrize("name", NAMES)
def test_no_workflow_knows_a_secret(name: str) -> None:
    assert "secrets" not in (FOLDER / name).read_text().replace("There are no secrets:", "")


def test_a_checkout_leaves_no_token_behind() -> None:
    checkouts = [step for step in _steps() if step.get("uses", "").startswith("actions/checkout@")]

    assert {step["with"]["persist-credentials"] for step in checkouts} == {False}


def test_every_stage_goes_through_its_environment() -> None:
    """Which asks reviewers, and by which alone the role of the stage can be taken."""
    assert _jobs("stage.yml")["deploy"]["environment"] == "${{ inputs.stage }}"
    assert {job: body["with"]["stage"] for job, body in _jobs("deploy.yml").items() if "with" in body} == {
        stage: stage for stage in ("dev", "staging", "prod")
    }


def test_prod_comes_after_staging_and_all_after_the_check() -> None:
    needs = {job: body.get("needs") for job, body in _jobs("deploy.yml").items()}

    assert needs == {"check": None, "dev": "check", "staging": "check", "prod": "staging"}


def test_main_goes_to_dev_and_tags_to_the_others() -> None:
    conditions = {job: body["if"].partition(" && ")[0] for job, body in _jobs("deploy.yml").items() if "if" in body}

    assert conditions == {
        "dev": "github.ref == 'refs/heads/main'",
        "staging": "startsWith(github.ref, 'refs/tags/v')",
        "prod": "startsWith(github.ref, 'refs/tags/v')",
    }


def test_a_deployment_is_not_cut_off_by_the_next() -> None:
    assert _jobs("stage.yml")["deploy"]["concurrency"] == {
        "group": "stage-${{ inputs.stage }}",
        "cancel-in-progress": False,
    }


def test_a_deployment_keeps_to_the_boundary() -> None:
    parameters = _jobs("stage.yml")["deploy"]["env"]["PARAMETERS"]

    assert parameters.startswith("PermissionsBoundaryArn=${{ vars.PERMISSIONS_BOUNDARY }} ")


@pytest.mark.parametrize("name", NAMES)
def test_no_value_is_expanded_by_make_or_the_shell(name: str) -> None:
    """What stands among make's arguments is: `$(shell …)` in a variable would run."""
    commands = [step["run"] for job in _jobs(name).values() for step in job.get("steps", []) if "run" in step]

    assert [command for command in commands if "$" in command] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_command_of_make_is_a_target(name: str) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    commands = [step["run"] for job in _jobs(name).values() for step in job.get("steps", []) if "run" in step]

    assert [c for c in commands if c.startswith("make ") and c.split()[1] not in targets] == []


@pytest.mark.parametrize("name", NAMES)
def test_no_job_runs_for_hours(name: str) -> None:
    assert [job for job, body in _jobs(name).items() if "runs-on" in body and body["timeout-minutes"] > 60] == []
