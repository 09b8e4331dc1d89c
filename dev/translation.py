"""The template as CloudFormation gets to see it: SAM's translation, which needs no AWS."""

import logging
from functools import cache
from pathlib import Path
from typing import Any

from samcli.lib.translate.sam_template_validator import SamTemplateValidator
from samtranslator.yaml_helper import yaml_parse

TEMPLATE = Path(__file__).parent.parent / "template.yaml"
REGION = "us-east-1"

logging.getLogger("samtranslator").setLevel(logging.CRITICAL)  # it speaks of features that it does not look for


class _NoManagedPolicies:
    """Stands where SAM would ask IAM for the managed policies that a template names: ours names none."""

    def load(self) -> dict[str, str]:
        raise AssertionError("the template names a managed policy")


@cache
def translate(text: str, **parameters: str) -> dict[str, Any]:
    """What SAM makes of a template's text where these parameters are set. Not to be changed: others have the same."""
    overrides = {"Stage": "dev"} | parameters
    validator = SamTemplateValidator(
        yaml_parse(text), _NoManagedPolicies(), region=REGION, parameter_overrides=overrides
    )
    translated: dict[str, Any] = yaml_parse(validator.get_translated_template_if_valid())
    return translated


def layers(text: str) -> dict[str, list[str]]:
    """The names of each function's layers, in the order in which Lambda unpacks them."""
    written = yaml_parse(text)
    shared = written["Globals"]["Function"]["Layers"]
    functions = {n: r for n, r in written["Resources"].items() if r["Type"] == "AWS::Serverless::Function"}
    return {
        name: [layer["Ref"] for layer in (*shared, *function["Properties"].get("Layers", ()))]
        for name, function in functions.items()
    }
