"""That nobody may do more than is written down, with its reason, in permissions.py."""

import pytest

from tests.integration.conftest import TEMPLATE, Template, translate
from tests.integration.permissions import PERMISSIONS
from tests.integration.statements import all_of
from tests.integration.translated import of_type, properties

ROWS = [(holder, line, reason) for holder, lines in PERMISSIONS.items() for line, reason in lines.items()]


def test_every_permission_is_written_down_and_every_row_is_one(template: Template) -> None:
    """What is only on the left is new in the template; what is only on the right is gone from it."""
    gradual = translate(TEMPLATE.read_text(), Rollout="Canary10Percent5Minutes")

    assert sorted(all_of(template) | all_of(gradual)) == sorted((holder, line) for holder, line, _ in ROWS)


def test_every_permission_has_its_reason() -> None:
    assert [(holder, line) for holder, line, reason in ROWS if len(reason) < 8] == []


def test_xray_has_the_only_wildcard_of_a_role() -> None:
    """But for files, whose names are made as they are written, and CodeDeploy's groups of this stack."""
    wide = {
        (holder, line.rpartition(" on ")[2]) for holder, line, _ in ROWS if "*" in line and line.startswith("Allow")
    }
    groups = "arn:${AWS::Partition}:codedeploy:${AWS::Region}:${AWS::AccountId}:deploymentgroup"

    assert wide == {
        ("TracingPolicy", "*"),
        ("ExportRole", "${UsageBucket.Arn}/usage/*"),
        ("RolloutRole", f"{groups}:${{ServerlessDeploymentApplication}}/*"),
    }


def test_only_the_function_url_lets_anybody_call() -> None:
    """And it goes with its parameter."""
    open_to_all = {holder for holder, line, _ in ROWS if " by *" in line and not line.startswith("Deny ")}

    assert open_to_all == {"StreamFunctionAliaslive"}


@pytest.mark.parametrize("kind", ["AWS::IAM::ManagedPolicy", "AWS::IAM::Policy"])
def test_no_policy_attaches_itself(template: Template, kind: str) -> None:
    """A role tells all that it may do."""
    policies = of_type(template, kind).values()

    assert [p for p in policies if {"Roles", "Users", "Groups"} & set(p["Properties"])] == []


def test_every_role_keeps_to_the_boundary(template: Template) -> None:
    """Who deploys by the account's deploy role may make no role without it."""
    roles = of_type(template, "AWS::IAM::Role")
    boundary = {"Fn::If": ["HasBoundary", {"Ref": "PermissionsBoundaryArn"}, {"Ref": "AWS::NoValue"}]}

    assert [name for name in roles if properties(template, name).get("PermissionsBoundary") != boundary] == []


def test_no_bucket_is_public(template: Template) -> None:
    """Whatever its policy may say."""
    closed = dict.fromkeys(("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True)
    buckets = of_type(template, "AWS::S3::Bucket")

    assert {n for n in buckets if properties(template, n).get("PublicAccessBlockConfiguration") != closed} == set()
