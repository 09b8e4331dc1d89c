"""What guards the API, read from the translated template: each part is off, or shared, until a parameter says so."""

import json
from typing import Any

import pytest

from tests.integration.conftest import Template
from tests.integration.translated import of_type, properties

NO_VALUE = {"Ref": "AWS::NoValue"}
BODY_RULES = {
    "Common": {
        "SizeRestrictions_BODY",
        "EC2MetaDataSSRF_BODY",
        "GenericLFI_BODY",
        "GenericRFI_BODY",
        "CrossSiteScripting_BODY",
    },
    "KnownBadInputs": {"JavaDeserializationRCE_BODY", "Log4JRCE_BODY", "ReactJSRCE_BODY"},
}
"""Of AWS's managed rule groups, as of November 2026: prompts hold what these look for, and are long, by right."""

CONDITIONAL = {
    "HasStreamUrl": {"StreamFunctionUrl", "StreamFunctionUrlPermission", "StreamFunctionUrlInvokePermission"},
    "HasAccessLogs": {"AccessLogGroup"},
    "HasDomain": {"Domain", "DomainMapping"},
    "HasZone": {"DomainRecord"},
    "HasWaf": {"Firewall", "FirewallAssociation"},
    "HasSecretsKey": {"SecretsKeyPolicy"},
}


def _stage(template: Template) -> Any:
    (stage,) = of_type(template, "AWS::ApiGateway::Stage").values()
    return stage["Properties"]


def _firewall_rules(template: Template) -> dict[str, Any]:
    return {rule["Name"]: rule for rule in properties(template, "Firewall")["Rules"]}


@pytest.mark.parametrize(("condition", "names"), CONDITIONAL.items())
def test_a_part_is_there_by_its_parameter_alone(template: Template, condition: str, names: set[str]) -> None:
    assert {n for n, r in template["Resources"].items() if r.get("Condition") == condition} == names


@pytest.mark.parametrize("name", ["AccessLogs", "Waf"])
def test_what_costs_or_needs_the_account_is_off_by_default(template: Template, name: str) -> None:
    parameter = template["Parameters"][name]

    assert (parameter["Default"], parameter["AllowedValues"]) == ("off", ["on", "off"])


def test_the_stage_is_throttled_for_all_its_methods(template: Template) -> None:
    (settings,) = _stage(template)["MethodSettings"]

    assert (settings["HttpMethod"], settings["ResourcePath"]) == ("*", "/*")
    assert settings["ThrottlingRateLimit"] == {"Ref": "ThrottleRate"}
    assert settings["ThrottlingBurstLimit"] == {"Ref": "ThrottleBurst"}


def test_the_stage_keeps_no_bodies(template: Template) -> None:
    """API Gateway's execution log and data trace would hold prompts, and headers with keys."""
    (settings,) = _stage(template)["MethodSettings"]

    assert (settings["LoggingLevel"], settings["DataTraceEnabled"]) == ("OFF", False)


def test_the_access_log_is_json_of_nothing_secret_or_personal(template: Template) -> None:
    """The resource, not the path; no query, header, body, address or what the authorizer tells of the caller."""
    condition, setting, otherwise = _stage(template)["AccessLogSetting"]["Fn::If"]
    facts = json.loads(setting["Format"])

    assert (condition, otherwise) == ("HasAccessLogs", NO_VALUE)
    assert all(value.startswith("$context.") for value in facts.values())
    assert {value.removeprefix("$context.") for value in facts.values()} == {
        *("requestId", "requestTimeEpoch", "httpMethod", "resourcePath", "status", "error.responseType"),
        *("responseLatency", "responseLength", "authorizer.latency", "authorizer.status", "waf.status"),
        *("integration.latency", "integration.integrationStatus", "integration.timeToAllHeaders"),
        *("integration.timeToFirstContent", "integration.responseTransferMode"),
    }


def test_the_access_log_does_not_stay_forever(template: Template) -> None:
    assert properties(template, "AccessLogGroup") == {"RetentionInDays": {"Ref": "LogRetentionDays"}}


@pytest.mark.parametrize("name", ["Auth", "Route", "Stream"])
def test_concurrency_is_shared_until_some_is_set_aside(template: Template, name: str) -> None:
    reserved = properties(template, f"{name}Function")["ReservedConcurrentExecutions"]

    assert reserved == {"Fn::If": [f"Has{name}Concurrency", {"Ref": f"{name}Concurrency"}, NO_VALUE]}
    assert template["Parameters"][f"{name}Concurrency"]["Default"] == 0


def test_the_domain_leads_to_the_stage_with_current_tls(template: Template) -> None:
    """The mapping has no base path, so that paths begin as they do in the documents."""
    domain = properties(template, "Domain")

    assert (domain["EndpointConfiguration"], domain["SecurityPolicy"]) == ({"Types": ["REGIONAL"]}, "TLS_1_2")
    assert properties(template, "DomainMapping") == {
        "DomainName": {"Ref": "Domain"},
        "RestApiId": {"Ref": "Api"},
        "Stage": {"Ref": "ApiStage"},
    }


def test_the_record_leads_to_the_domain(template: Template) -> None:
    target = properties(template, "DomainRecord")["AliasTarget"]

    assert target == {
        "DNSName": {"Fn::GetAtt": ["Domain", "RegionalDomainName"]},
        "HostedZoneId": {"Fn::GetAtt": ["Domain", "RegionalHostedZoneId"]},
    }


def test_the_firewall_stands_before_the_stage(template: Template) -> None:
    association = properties(template, "FirewallAssociation")

    assert association["ResourceArn"]["Fn::Sub"].endswith("::/restapis/${Api}/stages/${ApiStage}")
    assert association["WebACLArn"] == {"Fn::GetAtt": ["Firewall", "Arn"]}


def test_the_firewall_counts_what_looks_into_bodies(template: Template) -> None:
    """A rule that AWS adds is to be added here: docs/operations.md tells how to see one."""
    groups = {
        name: rule["Statement"]["ManagedRuleGroupStatement"].get("RuleActionOverrides", [])
        for name, rule in _firewall_rules(template).items()
        if "ManagedRuleGroupStatement" in rule["Statement"]
    }
    counted = {
        name: {o["Name"] for o in overrides if o["ActionToUse"] == {"Count": {}}} for name, overrides in groups.items()
    }

    assert counted == BODY_RULES | {"Common": BODY_RULES["Common"] | {"NoUserAgent_HEADER"}, "Reputation": set()}


def test_the_firewall_answers_too_many_requests_as_we_do(template: Template) -> None:
    rule = _firewall_rules(template)["RatePerAddress"]
    answer = rule["Action"]["Block"]["CustomResponse"]
    body = properties(template, "Firewall")["CustomResponseBodies"][answer["CustomResponseBodyKey"]]

    assert rule["Statement"]["RateBasedStatement"]["Limit"] == {"Ref": "WafRequestsPer5Minutes"}
    assert (answer["ResponseCode"], json.loads(body["Content"])) == (429, {"error": "Too many requests"})


def test_the_firewall_keeps_no_requests(template: Template) -> None:
    """Samples hold headers, and so keys."""
    firewall = properties(template, "Firewall")
    views = [firewall["VisibilityConfig"], *(rule["VisibilityConfig"] for rule in firewall["Rules"])]

    assert {view["SampledRequestsEnabled"] for view in views} == {False}


@pytest.mark.parametrize("name", ["KeyPepperSecret", "ProviderKeysSecret"])
def test_secrets_may_have_a_key_of_the_operators(template: Template, name: str) -> None:
    key = properties(template, name)["KmsKeyId"]

    assert key == {"Fn::If": ["HasSecretsKey", {"Ref": "SecretsKmsKeyArn"}, NO_VALUE]}


def test_whoever_reads_a_secret_may_use_its_key(template: Template) -> None:
    """A role without the policy would fail only where an operator has a key of their own."""
    roles = of_type(template, "AWS::IAM::Role")
    policy = properties(template, "CompletionsPolicy")
    reading = {n for n in roles if "secretsmanager:GetSecretValue" in json.dumps(properties(template, n))}
    folded = {n for n in roles if {"Ref": "CompletionsPolicy"} in properties(template, n).get("ManagedPolicyArns", [])}
    holding = {n for n in roles if "SecretsKeyPolicy" in json.dumps(properties(template, n))}

    assert "secretsmanager:GetSecretValue" in json.dumps(policy)
    assert holding == reading | folded
