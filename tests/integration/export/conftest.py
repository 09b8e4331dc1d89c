"""What the template makes of UsageExport=on, in an emulator: the table with its stream, the function, bucket, queue."""

import io
import json
import zipfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from dev.emulator import Emulator
from openmind_llm.domain.ledger.audit import AuditRow
from openmind_llm.domain.ports import Written
from openmind_llm.storage import boto
from openmind_llm.storage.accounts import DynamoAccounts
from openmind_llm.storage.ledger import DynamoLedger
from tests import processes
from tests.integration.conftest import ROOT, Template
from tests.memory_ledger import new_account, new_key
from tests.spending import Spending

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.client import CloudFormationClient

SERVICES = "cloudformation,dynamodb,dynamodbstreams,iam,lambda,logs,s3,secretsmanager,sqs"
RESOURCES = ("Table", "KeyPepperSecret", "Export", "Usage")
"""What their names begin with. The rest of the stack is of no matter here."""

CODE = {"S3Bucket": "code", "S3Key": "export.zip"}


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    log = tmp_path_factory.mktemp("export-emulator") / "log"
    with Emulator(processes.free_port(), log, variables={"SERVICES": SERVICES}) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def stack(emulator: Emulator, template: Template) -> Iterator[dict[str, str]]:
    """The outputs of a stack with UsageExport=on."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in emulator.client_environment().items():
            patch.setenv(name, value)
        yield _created(boto3.client("cloudformation"), template)


@pytest.fixture
def spending(stack: dict[str, str], request: pytest.FixtureRequest) -> Spending:
    """Of an account named after the test, with the key `key-<account>`."""
    name = request.node.name
    client = boto3.client("dynamodb")
    accounts = DynamoAccounts(boto.dynamodb(client), stack["TableName"])
    audit = AuditRow(name, 0, "test", "open", name)
    known = new_account(account_id=name)
    assert accounts.open(known.account, known.counters, audit) is Written.DONE
    assert accounts.add_key(new_key(f"key-{name}", name).record, (), audit)
    return Spending(DynamoLedger(boto.dynamodb(client), stack["TableName"]))


def _created(cloudformation: "CloudFormationClient", template: Template) -> dict[str, str]:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=CODE["S3Bucket"])
    s3.put_object(Bucket=CODE["S3Bucket"], Key=CODE["S3Key"], Body=_code())
    cloudformation.create_stack(
        StackName="export",
        TemplateBody=json.dumps(_part(template)),
        Parameters=[{"ParameterKey": "UsageExport", "ParameterValue": "on"}],
        Capabilities=["CAPABILITY_IAM"],
    )
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName="export", WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    (stack,) = cloudformation.describe_stacks(StackName="export")["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def _part(template: Template) -> dict[str, Any]:
    """With the function's code and package in one archive, since the emulator runs it on this machine's libraries."""
    resources = {name: one for name, one in template["Resources"].items() if name.startswith(RESOURCES)}
    function = resources["ExportFunction"]["Properties"]
    resources["ExportFunction"] = resources["ExportFunction"] | {
        "Properties": {name: value for name, value in function.items() if name != "Layers"} | {"Code": CODE}
    }
    outputs = {name: one for name, one in template["Outputs"].items() if name.startswith(RESOURCES)}
    return template | {"Resources": resources, "Outputs": outputs}


def _code() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(ROOT / "functions/export/handler.py", "handler.py")
        for path in (ROOT / "layers/core").rglob("*"):
            if path.suffix in {".py", ".json"}:
                archive.write(path, path.relative_to(ROOT / "layers/core"))
    return packed.getvalue()
