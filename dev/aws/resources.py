"""What ministack's CloudFormation makes of resources otherwise than AWS does."""

import sys
from typing import Any

from ministack.services.cloudformation import provisioners

from dev.aws.patches import Function, PatchError, change, theirs

_SECRET = "AWS::SecretsManager::Secret"  # noqa: S105 - a type


def apply() -> None:
    """Raises PatchError."""
    known = theirs(provisioners, "_RESOURCE_HANDLERS")
    if not {"create", "update", "delete"} <= known.get(_SECRET, {}).keys():
        raise PatchError(f"ministack does not make a {_SECRET} as dev/aws expects")
    _refer_by_arn(known[_SECRET])
    change(provisioners, "_cw_metric_alarm_record", _without_reckoning)


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


def _without_reckoning(record: Function) -> Function:
    """An alarm that reckons with metrics is refused here. So it is one of the first of them, and never rings."""

    def made(name: str, properties: dict[str, Any]) -> Any:
        stats = [one["MetricStat"] for one in properties.get("Metrics") or [] if "MetricStat" in one]
        if not stats:
            return record(name, properties)
        first = {**stats[0]["Metric"], "Period": stats[0]["Period"]}
        never = {"ComparisonOperator": "GreaterThanThreshold", "Threshold": sys.float_info.max}
        return record(name, {**properties, **first, **never, "Metrics": None})

    return made
