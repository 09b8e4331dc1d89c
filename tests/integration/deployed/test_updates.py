"""A stack that is deployed again: what changes, and what must not."""

import pytest

from tests.integration.deployed.conftest import Caller, Deployed

KEPT = ("Table", "KeyPepperSecret", "ProviderKeysSecret")


def test_the_same_once_more_changes_nothing(stack: Deployed) -> None:
    assert "No changes to deploy" in stack.deploy()


@pytest.fixture(scope="module")
def before_update(stack: Deployed, caller: Caller) -> dict[str, str]:
    """What the stack had before it was deployed with other parameters."""
    assert caller.get("/api/core/key").status == 200
    pepper = stack.secrets.get_secret_value(SecretId=stack.physical_id("KeyPepperSecret"))["SecretString"]
    provider_keys = stack.secrets.get_secret_value(SecretId=stack.physical_id("ProviderKeysSecret"))["SecretString"]
    before = {name: stack.physical_id(name) for name in KEPT} | {"pepper": pepper, "provider keys": provider_keys}
    stack.deploy("LogLevel=DEBUG", "LogRetentionDays=7")
    return before


@pytest.mark.usefixtures("before_update")
def test_another_parameter_reaches_the_functions(stack: Deployed) -> None:
    config = stack.functions.get_function_configuration(FunctionName=stack.physical_id("RouteFunction"))

    assert config["Environment"]["Variables"]["LOG_LEVEL"] == "DEBUG"


@pytest.mark.parametrize("name", KEPT)
def test_another_parameter_replaces_neither_table_nor_secrets(
    stack: Deployed, before_update: dict[str, str], name: str
) -> None:
    assert stack.physical_id(name) == before_update[name]


@pytest.mark.parametrize(("what", "secret"), [("pepper", "KeyPepperSecret"), ("provider keys", "ProviderKeysSecret")])
def test_another_parameter_leaves_the_secrets_as_they_were(
    stack: Deployed, before_update: dict[str, str], what: str, secret: str
) -> None:
    value = stack.secrets.get_secret_value(SecretId=stack.physical_id(secret))["SecretString"]

    assert value == before_update[what]


@pytest.mark.usefixtures("before_update")
def test_keys_hold_beyond_an_update(stack: Deployed, caller: Caller) -> None:
    assert Caller(stack.door("API_URL"), caller.key).get("/api/core/key").status == 200


@pytest.mark.usefixtures("before_update")
@pytest.mark.parametrize("name", ["AuthFunction", "RouteFunction", "StreamFunction"])
def test_another_parameter_publishes_a_version_and_leads_to_it(stack: Deployed, name: str) -> None:
    function = stack.physical_id(name)

    live = stack.functions.get_alias(FunctionName=function, Name="live")["FunctionVersion"]

    versions = stack.functions.list_versions_by_function(FunctionName=function)["Versions"]
    assert ([one["Version"] for one in versions], live) == (["$LATEST", "1", "2"], "2")


@pytest.mark.usefixtures("before_update")
def test_a_rollback_leads_back(stack: Deployed) -> None:
    function = stack.physical_id("RouteFunction")

    stack.operate("releases", "rollback")

    assert stack.functions.get_alias(FunctionName=function, Name="live")["FunctionVersion"] == "1"
