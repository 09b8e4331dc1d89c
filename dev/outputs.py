"""What a stack tells of itself by its outputs."""

from typing import Any

import boto3


def outputs(stack: str, client: Any = None) -> dict[str, str]:
    """Raises what boto3 raises: ClientError (ValidationError) where there is no such stack."""
    (found,) = (client or boto3.client("cloudformation")).describe_stacks(StackName=stack)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
