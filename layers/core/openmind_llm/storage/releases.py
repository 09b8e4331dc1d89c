"""Versions and aliases of a stack's functions in Lambda, and its deployments in CodeDeploy."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from openmind_llm.domain.releases import FUNCTIONS, Live, Released, Version
from openmind_llm.storage import clients
from openmind_llm.storage.stack import StackNotFoundError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_codedeploy.literals import DeploymentStatusType
    from mypy_boto3_lambda.type_defs import FunctionConfigurationTypeDef

ALIAS = "live"

READ_S = 20

UNDER_WAY: Sequence[DeploymentStatusType] = ("Created", "Queued", "InProgress", "Baking", "Ready")

_CONFIGURED = ("CodeSha256", "Environment", "Handler", "Layers", "MemorySize", "Timeout")
"""What a version has of its own."""


class StackReleases:
    """See domain.releases.Releases. Everything raises what boto3 raises."""

    def __init__(self, stack: str) -> None:
        """Raises StackNotFoundError."""
        self._lambda, self._codedeploy = clients.lambdas(READ_S), clients.codedeploy()
        self._resources = _resources(stack)
        if not all(_function(name) in self._resources for name in FUNCTIONS):
            raise StackNotFoundError(f"{stack} is not a stack of this gateway")

    def released(self, function: str) -> Released:
        name = self._resources[_function(function)]
        pages = self._lambda.get_paginator("list_versions_by_function").paginate(FunctionName=name)
        latest, *published = [version for page in pages for version in page["Versions"]]
        alias = self._lambda.get_alias(FunctionName=name, Name=ALIAS)
        weights = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
        live = Live(
            int(alias["FunctionVersion"]),
            alias["RevisionId"],
            {int(number): weight for number, weight in weights.items()},
        )
        published.sort(key=lambda version: int(version["Version"]))
        is_complete = bool(published) and _configured(published[-1]) == _configured(latest)
        return Released(function, [_version(one) for one in published], live, is_complete)

    def running(self) -> Sequence[str]:
        application = self._resources.get("ServerlessDeploymentApplication")
        groups = [self._resources.get(f"{_function(name)}DeploymentGroup") for name in FUNCTIONS]
        return [one for group in groups if application and group for one in self._deployments(application, group)]

    def point(self, function: str, number: int, revision: str) -> None:
        self._lambda.update_alias(
            FunctionName=self._resources[_function(function)],
            Name=ALIAS,
            FunctionVersion=str(number),
            RoutingConfig={"AdditionalVersionWeights": {}},
            RevisionId=revision,
        )

    def _deployments(self, application: str, group: str) -> list[str]:
        return self._codedeploy.list_deployments(
            applicationName=application, deploymentGroupName=group, includeOnlyStatuses=UNDER_WAY
        )["deployments"]


def _resources(stack: str) -> dict[str, str]:
    """Names in AWS by those in the template."""
    pages = clients.cloudformation().get_paginator("list_stack_resources").paginate(StackName=stack)
    found = (resource for page in pages for resource in page["StackResourceSummaries"])
    return {one["LogicalResourceId"]: one.get("PhysicalResourceId", "") for one in found}


def _function(name: str) -> str:
    return f"{name.capitalize()}Function"


def _version(told: FunctionConfigurationTypeDef) -> Version:
    return Version(int(told["Version"]), datetime.fromisoformat(told["LastModified"]).timestamp())


def _configured(told: FunctionConfigurationTypeDef) -> dict[str, Any]:
    return {name: told.get(name) for name in _CONFIGURED}
