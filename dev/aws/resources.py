"""What ministack's CloudFormation makes of resources otherwise than AWS does."""

from typing import Any

from ministack.services.cloudformation import provisioners

from dev.aws.patches import PatchError, theirs

_SECRET = "AWS::SecretsManager::Secret"  # noqa: S105 - a type


def apply() -> None:
    """Raises PatchError."""
    known = theirs(provisioners, "_RESOURCE_HANDLERS")
    if not {"create", "update", "delete"} <= known.get(_SECRET, {}).keys():
        raise PatchError(f"ministack does not make a {_SECRET} as dev/aws expects")
    _refer_by_arn(known[_SECRET])


def _refer_by_arn(secret: dict[str, Any]) -> None:
    """`!Ref` of a secret is its ARN on AWS, its name here: as a Resource of a role, a name allows nothing."""
    create, update, delete = secret["create"], secret["update"], secret["delete"]

    def created(*arguments: Any) -> Any:
        _, attributes = create(*arguments)
        return attributes["Arn"], attributes

    def updated(arn: str, *arguments: Any, **named: Any) -> Any:
        _, attributes = update(_name(arn), *arguments, **named)
        return attributes["Arn"], attributes

    secret.update(create=created, update=updated, delete=lambda arn, *rest: delete(_name(arn), *rest))


def _name(arn: str) -> str:
    """Without the characters that AWS, and ministack, put after it."""
    return arn.partition(":secret:")[2].rpartition("-")[0]
