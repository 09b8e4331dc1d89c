"""What ministack's CloudFormation makes of resources otherwise than AWS does."""

from collections.abc import Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any

from ministack.services.cloudformation import changesets, engine, handlers, provisioners
from samtranslator.translator import transform

from dev.aws.patches import Function, PatchError, change, theirs

_parameters: ContextVar[Mapping[str, str]] = ContextVar("parameters", default=MappingProxyType({}))
_SECRET = "AWS::SecretsManager::Secret"  # noqa: S105 - a type


def apply() -> None:
    """Raises PatchError."""
    known = theirs(provisioners, "_RESOURCE_HANDLERS")
    if not {"create", "update", "delete"} <= known.get(_SECRET, {}).keys():
        raise PatchError(f"ministack does not make a {_SECRET} as dev/aws expects")
    _refer_by_arn(known[_SECRET])
    change(provisioners, "_cw_metric_alarm_record", _with_its_first_metric)
    for module in (changesets, handlers):
        change(module, "_apply_transforms", _knowing_the_parameters)
    change(transform, "transform", _by_the_parameters)


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


def _knowing_the_parameters(original: Function) -> Function:
    """SAM names a version after all that its function has; without parameters, a changed one would publish none."""

    def apply_transforms(template: dict[str, Any], provided: Any = None, previous: Any = None) -> Any:
        token = _parameters.set(theirs(engine, "_transform_parameters")(template, provided, previous))
        try:
            return original(template, provided, previous)
        finally:
            _parameters.reset(token)

    return apply_transforms


def _by_the_parameters(original: Function) -> Function:
    def translate(template: dict[str, Any], _: Any, *rest: Any) -> Any:
        return original(template, dict(_parameters.get()), *rest)

    return translate


def _with_its_first_metric(original: Function) -> Function:
    """An alarm that reckons with metrics is refused, and the stack with it: here it is made, and is silent."""

    def record(name: str, properties: dict[str, Any]) -> Any:
        queries = properties.get("Metrics")
        if not queries:
            return original(name, properties)
        measured = next(query["MetricStat"] for query in queries if "MetricStat" in query)
        kept = {name: value for name, value in properties.items() if name != "Metrics"}
        simple = {**measured["Metric"], "Period": measured["Period"], "Statistic": "Sum", "ActionsEnabled": False}
        return original(name, {**kept, **simple})

    return record


def _name(arn: str) -> str:
    """Without the characters that AWS, and ministack, put after it."""
    return arn.partition(":secret:")[2].rpartition("-")[0]
