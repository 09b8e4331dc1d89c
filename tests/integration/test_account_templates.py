"""What the templates of account/ let a workflow do. What AWS makes of them was never seen."""

import json
import re
import subprocess
from fnmatch import fnmatchcase
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from tests.integration.conftest import BIN, ROOT
from tests.integration.permissions import PERMISSIONS

FILES = ("account.yaml", "deployer.yaml")
ROLE_POLICIES_LIMIT, MANAGED_POLICY_LIMIT = 10_240, 6_144
FOLDED = {"CompletionsPolicy", "TracingPolicy", "SecretsKeyPolicy"}
"""Policies that roles attach."""

STACK = "stack/openmind-llm-${Stage}/*"


def _resources(file: str) -> Any:
    return yaml_parse((ROOT / "account" / file).read_text())["Resources"]


def _statements(holder: str) -> list[dict[str, Any]]:
    properties = _resources("deployer.yaml")[holder]["Properties"]
    documents = [p["PolicyDocument"] for p in properties.get("Policies", [properties])]
    statements = [statement for document in documents for statement in document["Statement"]]
    return [statement["Fn::If"][1] if "Fn::If" in statement else statement for statement in statements]


def _actions(statement: dict[str, Any]) -> list[str]:
    actions = statement["Action"]
    return [actions] if isinstance(actions, str) else actions


def _reached(statement: dict[str, Any]) -> list[str]:
    resources = statement["Resource"]
    each = resources if isinstance(resources, list) else [resources]
    return [r if isinstance(r, str) else str(next(iter(r.values()))) for r in each]


@pytest.mark.parametrize("file", FILES)
def test_account_template_lints_clean(file: str) -> None:
    done = subprocess.run([BIN / "cfn-lint", ROOT / "account" / file], capture_output=True, text=True, check=False)

    assert done.stdout + done.stderr == ""


def test_what_every_api_of_the_account_uses_is_kept() -> None:
    policies = {name: (r["DeletionPolicy"], r["UpdateReplacePolicy"]) for name, r in _resources("account.yaml").items()}

    assert policies == dict.fromkeys(("ApiGatewayLogRole", "ApiGatewayAccount", "Provider"), ("Retain", "Retain"))


def test_only_a_job_in_the_environment_of_the_stage_may_deploy() -> None:
    (trust,) = _resources("deployer.yaml")["DeployRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]

    assert trust["Principal"] == {"Federated": {"Ref": "ProviderArn"}}
    assert trust["Condition"] == {
        "StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": {"Fn::Sub": "repo:${GitHub}:environment:${Stage}"},
        }
    }


@pytest.mark.parametrize(
    ("repository", "is_allowed"),
    [
        ("acme/gate", True),
        ("acme@1/gate.way@22", True),
        ("acme", False),
        ("acme/gate:environment:prod", False),
        ("*/gate", False),
        ("acme/*", False),
    ],
)
def test_the_repository_is_one(repository: str, is_allowed: bool) -> None:
    parameters = yaml_parse((ROOT / "account" / "deployer.yaml").read_text())["Parameters"]

    assert bool(re.fullmatch(parameters["GitHub"]["AllowedPattern"], repository)) is is_allowed


def test_the_workflow_changes_the_stages_stack_and_by_the_execution_role_alone() -> None:
    changing = [s for s in _statements("DeployRole") if "cloudformation:CreateChangeSet" in _actions(s)]
    stacks = [s for s in changing if s["Sid"] != "Transform"]

    assert [_reached(s)[0].rpartition(":")[2] for s in stacks] == [STACK]
    assert stacks[0]["Condition"] == {
        "StringEquals": {"cloudformation:RoleArn": {"Fn::GetAtt": ["ExecutionRole", "Arn"]}}
    }


def test_the_workflow_itself_touches_no_function_table_secret_or_role() -> None:
    services = {action.partition(":")[0] for s in _statements("DeployRole") for action in _actions(s)}
    others = {s["Sid"]: _actions(s) for s in _statements("DeployRole") if s["Sid"].startswith(("Preflight", "Hand"))}

    assert services == {"cloudformation", "s3", "iam", "apigateway", "lambda"}
    assert others == {
        "Hand": ["iam:PassRole"],
        "PreflightLogs": ["apigateway:GET"],
        "PreflightConcurrency": ["lambda:GetAccountSettings"],
    }


def test_only_cloudformation_can_be_the_execution_role() -> None:
    (trust,) = _resources("deployer.yaml")["ExecutionRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]

    assert trust["Principal"] == {"Service": "cloudformation.amazonaws.com"}


def test_every_role_that_a_deployment_makes_is_bounded() -> None:
    """Whatever gives a role permissions asks for the boundary, and nothing takes it away."""
    giving = {"iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:PutRolePermissionsBoundary"}
    bounded = {"StringEquals": {"iam:PermissionsBoundary": {"Ref": "Boundary"}}}
    statements = _statements("ExecutionRole")

    assert [s["Condition"] for s in statements if giving & set(_actions(s))] == [bounded]
    assert "iam:DeleteRolePermissionsBoundary" not in {action for s in statements for action in _actions(s)}


def test_the_first_domain_of_an_account_can_be_made() -> None:
    """API Gateway refuses it to who may not have its service-linked role made."""
    (linked,) = [s for s in _statements("ExecutionRole") if "iam:CreateServiceLinkedRole" in _actions(s)]

    assert linked["Condition"] == {"StringEquals": {"iam:AWSServiceName": "ops.apigateway.amazonaws.com"}}


def test_a_firewall_can_be_put_before_a_stage() -> None:
    """GetWebACLForResource is a permission on the stage, not on the firewall."""
    (firewalls,) = [s for s in _statements("ExecutionRole") if s["Sid"] == "Firewalls"]

    assert [r.partition("${AWS::Region}")[2] for r in _reached(firewalls)] == [
        ":${AWS::AccountId}:regional/*",
        "::/restapis/*/stages/*",
    ]


def test_a_deployment_reaches_roles_and_policies_of_its_stage_alone() -> None:
    """Not the deploy roles, and not the boundary: theirs begin with openmind-deployer."""
    iam = [
        s
        for s in _statements("ExecutionRole")
        if any(a.startswith("iam:") and a != "iam:CreateServiceLinkedRole" for a in _actions(s))
    ]

    assert {r.rpartition("/")[2] for s in iam for r in _reached(s)} == {"openmind-llm-${Stage}-*"}


def test_a_deployment_leaves_what_is_the_accounts_alone() -> None:
    reached = {r.rpartition("::")[2] for s in _statements("ExecutionRole") for r in _reached(s) if ":apigateway:" in r}

    assert reached == {"/restapis", "/restapis/*", "/restapis/*/stages/*", "/domainnames", "/domainnames/*", "/tags/*"}


def test_secrets_are_told_by_the_tags_of_the_stage() -> None:
    """By one for all: who could tag a secret of another stage could read it."""
    statements = [*_statements("ExecutionRole"), *_statements("Boundary")]
    named = [s for s in statements if any(":secret:" in r for r in _reached(s))]

    assert len(named) == 3
    assert all('stage": {"Ref": "Stage"}' in json.dumps(s["Condition"]) for s in named)


@pytest.mark.parametrize(
    ("holder", "sids"),
    [
        ("DeployRole", {"PreflightConcurrency"}),
        ("ExecutionRole", {"WithoutResources"}),
        ("Boundary", {"WithoutResources"}),
    ],
)
def test_every_resource_is_named_where_it_has_a_name(holder: str, sids: set[str]) -> None:
    assert {s["Sid"] for s in _statements(holder) if "*" in _reached(s)} == sids


def test_the_boundary_holds_what_the_functions_may_do() -> None:
    """What is beyond it a deployment by a workflow would make, and AWS refuse when it is used."""
    allowed = [action for s in _statements("Boundary") for action in _actions(s)]
    roles = [lines for holder, lines in PERMISSIONS.items() if holder.endswith("Role") or holder in FOLDED]
    lines = [line for lines in roles for line in lines if line.startswith("Allow ")]
    needed = {a for line in lines for a in re.findall(r"[a-z0-9]+:[A-Z]\w+", line.partition(" on ")[0])}

    assert {a for a in needed - {"sts:AssumeRole"} if not any(fnmatchcase(a, known) for known in allowed)} == set()


@pytest.mark.parametrize(
    ("holder", "limit"),
    [("DeployRole", ROLE_POLICIES_LIMIT), ("ExecutionRole", ROLE_POLICIES_LIMIT), ("Boundary", MANAGED_POLICY_LIMIT)],
)
def test_policies_are_not_longer_than_iam_takes_them(holder: str, limit: int) -> None:
    """With the longest stage and region."""
    text = json.dumps(_statements(holder), separators=(",", ":"))
    for name, value in {"AWS::Partition": "aws", "AWS::Region": "ap-southeast-2", "AWS::AccountId": "1" * 12}.items():
        text = text.replace(f"${{{name}}}", value)

    assert len(re.sub(r'\{"Fn::Sub":("[^"]*")\}', r"\1", text.replace("${Stage}", "staging"))) < limit - 200
