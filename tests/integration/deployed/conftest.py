"""The real template, built and deployed by SAM to an emulated AWS on loopback, and who calls it there."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import pytest

from dev.aws import __main__ as emulation
from dev.aws import urls
from openmind_llm.providers import table
from tests import canaries, processes
from tests.doors import Answer, HttpDoor
from tests.integration.conftest import BIN, REGION, ROOT, run_sam

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mypy_boto3_cloudformation.client import CloudFormationClient
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_lambda.client import LambdaClient
    from mypy_boto3_secretsmanager.client import SecretsManagerClient

STACK = "openmind-llm-dev"
JSON = {"content-type": "application/json"}
TIMEOUT_S = 120
WATCHED = ("Stage=dev", "Alarms=on")
"""As every stage but dev is."""


@dataclass(frozen=True)
class Deployed:
    """A stack on the emulator; `environment` is what `.dev/aws/environment` exports."""

    artefacts: Path
    environment: dict[str, str]
    outputs: dict[str, str]

    def door(self, name: str) -> HttpDoor:
        """`name` is API_URL or STREAM_URL."""
        place = urlsplit(urls.urls(STACK, self.session, self.environment["AWS_ENDPOINT_URL"])[name])
        assert place.port
        return HttpDoor(place.port, place.path)

    @property
    def session(self) -> boto3.Session:
        given = self.environment
        return boto3.Session(given["AWS_ACCESS_KEY_ID"], given["AWS_SECRET_ACCESS_KEY"], region_name=REGION)

    @property
    def cloudformation(self) -> CloudFormationClient:
        return self.session.client("cloudformation", endpoint_url=self.environment["AWS_ENDPOINT_URL"])

    @property
    def dynamodb(self) -> DynamoDBClient:
        return self.session.client("dynamodb", endpoint_url=self.environment["AWS_ENDPOINT_URL"])

    @property
    def functions(self) -> LambdaClient:
        return self.session.client("lambda", endpoint_url=self.environment["AWS_ENDPOINT_URL"])

    @property
    def secrets(self) -> SecretsManagerClient:
        return self.session.client("secretsmanager", endpoint_url=self.environment["AWS_ENDPOINT_URL"])

    @property
    def cloudwatch(self) -> Any:
        return self.session.client("cloudwatch", endpoint_url=self.environment["AWS_ENDPOINT_URL"])

    def physical_id(self, logical_id: str) -> str:
        found = self.cloudformation.describe_stack_resource(StackName=STACK, LogicalResourceId=logical_id)
        return found["StackResourceDetail"]["PhysicalResourceId"]

    @property
    def functions_by_name(self) -> dict[str, str]:
        """Physical ids by logical ones."""
        found = self.cloudformation.describe_stack_resources(StackName=STACK)["StackResources"]
        functions = (one for one in found if one["ResourceType"] == "AWS::Lambda::Function")
        return {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in functions}

    def sam(self, *arguments: str) -> str:
        return run_sam(*arguments, cwd=self.artefacts, variables=self.environment)

    def deploy(self, *overrides: str) -> str:
        """What an operator types, for stage dev. `overrides` go over what samconfig.toml says."""
        return deploy(self.artefacts, self.environment, *overrides)

    def operate(self, *arguments: str, text: str = "") -> str:
        """What `openmind-llm --stack` prints."""
        done = subprocess.run(
            [BIN / "openmind-llm", "--stack", STACK, *arguments],
            env={"PATH": os.environ["PATH"], **self.environment},
            input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=TIMEOUT_S, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        return done.stdout


def deploy(artefacts: Path, environment: dict[str, str], *overrides: str) -> str:
    config = ["--config-file", str(ROOT / "samconfig.toml"), "--config-env", "dev"]
    return run_sam(
        "deploy", *config, "--parameter-overrides", *WATCHED, *overrides, cwd=artefacts, variables=environment
    )


@pytest.fixture(scope="session")
def emulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    log = tmp_path_factory.mktemp("emulator") / "log"
    with emulation.emulated(processes.free_port(), log) as emulator:
        yield emulator.client_environment()
    canaries.look_through("emulated functions", [log.read_text(errors="replace")])


@pytest.fixture(scope="session")
def stack(built_here: Path, emulated: dict[str, str]) -> Deployed:
    """Stage dev, with a provider key for each provider, as an operator puts them in."""
    deploy(built_here, emulated)
    stack = Deployed(built_here, emulated, {})
    described = stack.cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]}
    keys = {provider.name: canaries.PROVIDER_KEY for provider in table.load().providers()}
    stack.secrets.put_secret_value(SecretId=outputs["ProviderKeysSecret"], SecretString=json.dumps(keys))
    return Deployed(built_here, emulated, outputs)


@dataclass(frozen=True)
class Caller:
    """Who has a key, at one door."""

    door: HttpDoor
    key: str

    def get(self, path: str) -> Answer:
        return self.door.request("GET", path, {"authorization": f"Bearer {self.key}"}, b"")

    def post(self, path: str, body: Any) -> Answer:
        return self.door.request("POST", path, self.headers, json.dumps(body).encode())

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.key}", **JSON}


@pytest.fixture(scope="session")
def api(stack: Deployed) -> HttpDoor:
    """The REST API."""
    return stack.door("API_URL")


@pytest.fixture(scope="session")
def example_key(stack: Deployed) -> str:
    """The one that the recorded events carry."""
    event = json.loads((ROOT / "events" / "auth_x_api_key.json").read_text())
    key = str(event["headers"]["x-api-key"])
    stack.operate(
        "keys", "create", "--account", "acct_example", "--plan", "unlimited", "--key-from-stdin", text=f"{key}\n"
    )
    return key


@pytest.fixture(scope="session")
def caller(api: HttpDoor, example_key: str) -> Caller:
    return Caller(api, example_key)


@pytest.fixture(scope="session", params=["API_URL", "STREAM_URL"], ids=["rest api", "function url"])
def at_either_door(request: pytest.FixtureRequest, stack: Deployed, example_key: str) -> Caller:
    return Caller(stack.door(request.param), example_key)
