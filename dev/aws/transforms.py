"""SAM is told the values of the stack's parameters, as on AWS: by them it decides whether to publish a new version."""

from typing import Any

from ministack.services.cloudformation import changesets, engine, handlers
from samtranslator.translator import transform

from dev.aws.patches import Function, change, theirs


def apply() -> None:
    """Raises PatchError."""
    given: dict[str, str] = {}
    read = theirs(engine, "_transform_parameters")

    def with_parameters(original: Function) -> Function:
        def applied(template: Any, provided_params: Any = None, previous_params: Any = None) -> Any:
            given.clear()
            given.update(read(template, provided_params, previous_params))
            return original(template, provided_params, previous_params)

        return applied

    def told(original: Function) -> Function:
        return lambda template, _, loader: original(template, dict(given), loader)

    for module in (changesets, handlers):
        change(module, "_apply_transforms", with_parameters)
    change(transform, "transform", told)
