"""Every permission that a translated template gives, as one line of text each: policies, trust, Lambda permissions."""

import json
import re
from collections.abc import Iterator
from typing import Any

from tests.integration.conftest import Template

PERMISSION_KEYS = {"Action", "Principal", "FunctionName", "SourceArn"}


def all_of(template: Template) -> set[tuple[str, str]]:
    """(resource, what it allows). For a Lambda permission the resource is the function or its alias."""
    found: set[tuple[str, str]] = set()
    for name, resource in template["Resources"].items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Lambda::Permission":
            found.add(_permission(properties))
        found |= {(name, line) for line in _lines(properties)}
    return {(name, re.sub(r"Version[0-9a-f]{10}\b", "Version", line)) for name, line in found}


def _permission(properties: dict[str, Any]) -> tuple[str, str]:
    source = f" from {text(properties['SourceArn'])}" if "SourceArn" in properties else ""
    rest = {key: value for key, value in properties.items() if key not in PERMISSION_KEYS}
    conditions = f" if {text(rest)}" if rest else ""
    line = f"Permission {properties['Action']} by {text(properties['Principal'])}{source}{conditions}"
    return text(properties["FunctionName"]), line


def _lines(value: Any) -> Iterator[str]:
    """Of what lies anywhere in a resource: documents, whatever property they are in, and policies attached by ARN."""
    if isinstance(value, list):
        for each in value:
            yield from _lines(each)
    elif isinstance(value, dict):
        if "Statement" in value and "Version" in value:
            yield from (_statement(statement) for statement in value["Statement"])
            return
        for key, each in value.items():
            if key == "ManagedPolicyArns":
                yield from (f"Attached {text(arn)}" for arn in each)
            yield from _lines(each)


def _statement(statement: dict[str, Any]) -> str:
    words = [
        statement["Effect"],
        text(statement.get("Action", {"NotAction": statement.get("NotAction")})),
        *(f"by {text(statement[key])}" for key in ("Principal", "NotPrincipal") if key in statement),
        *(f"on {text(statement[key])}" for key in ("Resource", "NotResource") if key in statement),
        *(f"if {text(statement['Condition'])}" for _ in range("Condition" in statement)),
    ]
    return " ".join(words)


def text(value: Any) -> str:
    """A property as short as it can be told: references by their names, and lists with commas."""
    match value:
        case str():
            told = value
        case list():
            told = ", ".join(map(text, value))
        case {"Ref": name} | {"Fn::Sub": str(name)}:
            told = name
        case {"Fn::GetAtt": [name, attribute]}:
            told = f"{name}.{attribute}"
        case {"Fn::Select": [0, [first, *_]]}:
            told = text(first)
        case {"Fn::Sub": [form, variables]}:
            told = _filled(form, variables)
        case {"Fn::If": [condition, then, {"Ref": "AWS::NoValue"}]}:
            told = f"{text(then)} where {condition}"
        case _:
            told = json.dumps(value)
    return told


def _filled(form: str, variables: dict[str, Any]) -> str:
    for name, value in variables.items():
        form = form.replace(f"${{{name}}}", text(value))
    return form
