"""What an account needs beside the stacks: account/account.yaml once, account/deployer.yaml for each stage."""

import subprocess
from collections.abc import Iterable, Mapping

import boto3
from botocore.exceptions import ClientError

from dev.operate.target import ROOT, SAM
from dev.outputs import outputs
from dev.start import StartError

STACK = "openmind-account"
GITHUB_HOST = "token.actions.githubusercontent.com"
VARIABLES = {
    "AWS_DEPLOY_ROLE": "DeployRole",
    "CLOUDFORMATION_ROLE": "CloudFormationRole",
    "PERMISSIONS_BOUNDARY": "PermissionsBoundaryArn",
}
"""What the workflows read, by the output that tells it."""


def run(environ: Mapping[str, str]) -> Iterable[str]:
    """By GITHUB (owner/repository; without it there are no roles for workflows), STAGES and ZONE. Raises StartError."""
    stages = environ.get("STAGES", "dev staging prod").split()
    there, provider = _outputs(STACK), _provider()
    github = environ.get("GITHUB", "")
    deploy(STACK, "account.yaml", parameters(there, provider, github, _log_role()))
    yield f"{STACK}: API Gateway may write access logs in {boto3.session.Session().region_name}"
    if not github:
        return
    provider = provider or (_outputs(STACK) or {})["ProviderArn"]
    yield "for the workflows, by an owner of the repository:"
    yield f"  gh variable set AWS_REGION --body {boto3.session.Session().region_name}"
    for stage in stages:
        said = {"Stage": stage, "GitHub": github, "ProviderArn": provider, "HostedZoneId": environ.get("ZONE", "")}
        deploy(f"openmind-deployer-{stage}", "deployer.yaml", said)
        made = _outputs(f"openmind-deployer-{stage}") or {}
        for name, output in VARIABLES.items():
            yield f"  gh variable set {name} --env {stage} --body {made[output]}"


def deploy(stack: str, template: str, parameters: Mapping[str, str]) -> None:
    """Raises StartError. Also makes SAM's bucket for uploads, which a workflow may not."""
    said = [f"{name}={value}" for name, value in parameters.items() if value]
    done = subprocess.run(
        [
            *(SAM, "deploy", "--template-file", ROOT / "account" / template),
            *("--stack-name", stack, "--parameter-overrides", *said),
            *("--capabilities", "CAPABILITY_IAM", "--resolve-s3", "--no-fail-on-empty-changeset"),
            *("--no-confirm-changeset", "--tags", "application=openmind-llm"),
        ],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode:
        raise StartError(
            f"stack {stack} was not deployed: aws cloudformation describe-stack-events --stack-name {stack}"
        )


def parameters(there: Mapping[str, str] | None, provider: str, github: str, log_role: str) -> dict[str, str]:
    """Of account.yaml, by the outputs of its stack. What the account has from elsewhere is left alone."""
    has_made_provider = bool(there and "ProviderArn" in there)
    return {
        "ApiGatewayLogs": "on" if (there is not None and "LogRole" in there) or not log_role else "off",
        "GitHubProvider": "on" if has_made_provider or (github and not provider) else "off",
    }


def _log_role() -> str:
    return str(boto3.client("apigateway").get_account().get("cloudwatchRoleArn") or "")


def _provider() -> str:
    """Empty if the account has none for GitHub."""
    providers = boto3.client("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"]
    arns = [provider["Arn"] for provider in providers]
    return next((arn for arn in arns if arn.endswith(f"/{GITHUB_HOST}")), "")


def _outputs(stack: str) -> dict[str, str] | None:
    """None if there is no such stack."""
    try:
        return outputs(stack)
    except ClientError:
        return None
