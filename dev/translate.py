"""The template as CloudFormation gets to see it: SAM's translation, which needs no AWS."""

from pathlib import Path
from typing import Any

from samcli.lib.translate.sam_template_validator import SamTemplateValidator
from samtranslator.yaml_helper import yaml_parse

TEMPLATE = Path(__file__).parent.parent / "template.yaml"
REGION = "us-east-1"


class _NoManagedPolicies:
    """Stands where SAM would ask IAM for the managed policies that a template names: ours names none."""

    def load(self) -> dict[str, str]:
        raise AssertionError("the template names a managed policy")


def translated(stage: str = "dev") -> dict[str, Any]:
    source = yaml_parse(TEMPLATE.read_text())
    validator = SamTemplateValidator(source, _NoManagedPolicies(), region=REGION, parameter_overrides={"Stage": stage})
    template: dict[str, Any] = yaml_parse(validator.get_translated_template_if_valid())
    return template
