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
    stack.deploy("Stage=dev", "LogLevel=INFO", "LogRetentionDays=7", "Alarms=on")
    return before


@pytest.mark.usefixtures("before_update")
def test_another_parameter_reaches_the_functions_that_are_live(stack: Deployed) -> None:
    function = stack.physical_id("RouteFunction")
    config = stack.functions.get_function_configuration(FunctionName=function, Qualifier="live")

    assert config["Environment"]["Variables"]["LOG_LEVEL"] == "INFO"


@pytest.mark.usefixtures("before_update")
def test_alarms_are_made_where_they_are_wanted(stack: Deployed) -> None:
    """Stage dev has none of its own accord."""
    watch = stack.session.client("cloudwatch", endpoint_url=stack.environment["AWS_ENDPOINT_URL"])

    assert len(watch.describe_alarms(MaxRecords=100)["MetricAlarms"]) > 20


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
def test_a_rollback_makes_the_former_version_live(stack: Deployed) -> None:
    stack.operate("releases", "rollback")

    function = stack.physical_id("RouteFunction")
    config = stack.functions.get_function_configuration(FunctionName=function, Qualifier="live")
    assert config["Environment"]["Variables"]["LOG_LEVEL"] == "DEBUG"
