"""Parts of a translated template, by what they are."""

from typing import Any

from tests.integration.conftest import Template


def of_type(template: Template, kind: str) -> dict[str, Any]:
    return {name: r for name, r in template["Resources"].items() if r["Type"] == kind}


def properties(template: Template, name: str) -> Any:
    return template["Resources"][name]["Properties"]


def api(template: Template) -> Any:
    return properties(template, "Api")["Body"]


def integrations(template: Template) -> dict[tuple[str, str], Any]:
    paths = api(template)["paths"].items()
    return {(p, m): one["x-amazon-apigateway-integration"] for p, methods in paths for m, one in methods.items()}
