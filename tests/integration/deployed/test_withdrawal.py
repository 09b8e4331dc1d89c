"""A stack that is deleted. The last file of its folder: nothing is deployed after it."""

import pytest
from botocore.exceptions import ClientError

from tests.integration.deployed.conftest import STACK, Deployed


@pytest.fixture(scope="module")
def deleted(stack: Deployed) -> dict[str, str]:
    """The functions that it had."""
    had = stack.functions_by_name
    stack.sam("delete", "--stack-name", STACK, "--no-prompts", "--region", "us-east-1")
    return had


@pytest.mark.usefixtures("deleted")
def test_a_deleted_stack_is_gone(stack: Deployed) -> None:
    with pytest.raises(ClientError, match="does not exist"):
        stack.cloudformation.describe_stacks(StackName=STACK)


def test_a_deleted_stack_has_no_functions(stack: Deployed, deleted: dict[str, str]) -> None:
    left = {function["FunctionName"] for function in stack.functions.list_functions()["Functions"]}

    assert len(deleted) >= 4
    assert left.isdisjoint(deleted.values())


@pytest.mark.usefixtures("deleted")
def test_a_deleted_stack_leaves_its_table(stack: Deployed) -> None:
    """With what is in it: the ledger outlives the stack."""
    assert stack.dynamodb.scan(TableName=stack.outputs["TableName"], Limit=1)["Items"]


@pytest.mark.usefixtures("deleted")
@pytest.mark.parametrize("output", ["KeyPepperSecret", "ProviderKeysSecret"])
def test_a_deleted_stack_leaves_its_secrets(stack: Deployed, output: str) -> None:
    assert stack.secrets.get_secret_value(SecretId=stack.outputs[output])["SecretString"]
