"""A deployed stack as AWS describes it. Nothing here changes it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import boto3

from dev.aws import urls
from dev.smoke.table import NotTriedError, UnmetError


@dataclass(frozen=True, slots=True)
class Resource:
    kind: str
    physical_id: str


@dataclass
class Stack:
    """Raises ClientError and BotoCoreError where AWS is asked."""

    name: str
    session: Any = field(default_factory=boto3.Session)

    def client(self, service: str) -> Any:
        return self.session.client(service)

    @property
    def is_emulated(self) -> bool:
        return bool(os.environ.get("AWS_ENDPOINT_URL"))

    @cached_property
    def outputs(self) -> Mapping[str, str]:
        return {one["OutputKey"]: one["OutputValue"] for one in self._described.get("Outputs", [])}

    @property
    def doors(self) -> tuple[str, str]:
        """Of API Gateway and the function URL; "" for one that the stack does not tell. Raises StartError."""
        if self.is_emulated:
            found = urls.urls(self.name, self.session, os.environ["AWS_ENDPOINT_URL"])
            return found["API_URL"], found["STREAM_URL"]
        return self.outputs.get("ApiUrl", ""), self.outputs.get("StreamUrl", "")

    @cached_property
    def _parameters(self) -> Mapping[str, str]:
        return {one["ParameterKey"]: one["ParameterValue"] for one in self._described.get("Parameters", [])}

    @cached_property
    def _described(self) -> Mapping[str, Any]:
        described: Mapping[str, Any] = self.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"][0]
        return described

    @cached_property
    def resources(self) -> Mapping[str, Resource]:
        """By their logical ids."""
        pages = self.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=self.name)
        found = (one for page in pages for one in page["StackResourceSummaries"])
        return {one["LogicalResourceId"]: Resource(one["ResourceType"], _physical(one)) for one in found}

    @property
    def made_at(self) -> datetime:
        made: datetime = self._described["CreationTime"]
        return made

    def parameter(self, name: str) -> str:
        """Empty where the stack has none of this name."""
        return self._parameters.get(name, "")

    def needs(self, parameter: str, *values: str) -> None:
        """Raises NotTriedError unless the parameter has one of these values; without values, any that is not empty."""
        value = self.parameter(parameter)
        if value not in values if values else not value:
            raise NotTriedError(f"{parameter} is {value or 'not set'}")

    def needs_aws(self) -> None:
        """Raises NotTriedError on an emulator, for what none of them does."""
        if self.is_emulated:
            raise NotTriedError("no emulator does this")

    def physical(self, logical_id: str) -> str:
        """Raises UnmetError."""
        if logical_id not in self.resources:
            raise UnmetError(f"the stack has no {logical_id}")
        return self.resources[logical_id].physical_id

    def of_kind(self, kind: str) -> list[str]:
        """Physical ids."""
        return [one.physical_id for one in self.resources.values() if one.kind == kind]


def _physical(summary: Mapping[str, Any]) -> str:
    return str(summary.get("PhysicalResourceId", ""))
