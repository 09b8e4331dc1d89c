"""What is deployed runs by itself: each built function with its layers, on a Python that has nothing else."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from dev import seed
from dev.emulator import Emulator
from tests import processes
from tests.fake_runtime_api import FakeRuntimeApi
from tests.integration import emulators
from tests.integration.conftest import REGION, ROOT, Template
from tests.integration.test_build import FUNCTIONS, LAYERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

TIMEOUT_S = 60
PLACES = {"Table": "table", "KeyPepperSecret": "key-pepper", "ProviderKeysSecret": "provider-keys"}
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_DEFAULT_REGION": REGION}


@pytest.fixture(scope="module")
def opt(built_here: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """As Lambda lays /opt out for a function: its layers, and no other, in one folder."""

    @cache
    def laid_out(layers: tuple[str, ...]) -> Path:
        folder = tmp_path_factory.mktemp("opt")
        for layer in layers:
            shutil.copytree(built_here / layer, folder, dirs_exist_ok=True)
        return folder

    return lambda function: laid_out(tuple(LAYERS[function]))


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The table and the pepper that functions look at."""
    with Emulator(processes.free_port(), tmp_path_factory.mktemp("aws") / "log") as emulator:
        session = boto3.Session("local", "local", region_name=REGION)
        seed.create_table(session.client("dynamodb", endpoint_url=emulator.url), PLACES["Table"])
        secrets = session.client("secretsmanager", endpoint_url=emulator.url)
        seed.create_secret(secrets, PLACES["KeyPepperSecret"], "pepper", replace=False)
        yield {"AWS_ENDPOINT_URL": emulator.url, **CREDENTIALS}


class Alone:
    """How a function is started on nothing but its own."""

    def __init__(self, built: Path, opt: Callable[[str], Path], template: Template) -> None:
        self._built, self._opt, self._template = built, opt, template

    def command(self, function: str, event: str = "") -> list[str]:
        handler = self._template["Resources"][function]["Properties"]["Handler"]
        program = [sys._base_executable, "-I", "-S", "-W", "error::ImportWarning"]  # type: ignore[attr-defined]
        content = (ROOT / "events" / f"{event}.json").read_text() if event else ""
        folders = [str(self._built / function), str(self._opt(function) / "python")]
        return [*program, str(emulators.APPS / "alone.py"), *folders, handler, content]

    def environment(self, function: str, places: Mapping[str, str]) -> dict[str, str]:
        variables = self._template["Resources"][function]["Properties"]["Environment"]["Variables"]
        named = {name: self._value(value) for name, value in variables.items() if value != {"Ref": "AWS::NoValue"}}
        return {**named, **places}

    def _value(self, value: Any) -> str:
        """What a deployment with the parameters' defaults has."""
        if not isinstance(value, dict):
            return str(value)
        defaults = {name: str(told.get("Default", "")) for name, told in self._template["Parameters"].items()}
        return (defaults | PLACES).get(value.get("Ref", ""), "stand-in")

    def run(self, function: str, event: str, places: Mapping[str, str]) -> Any:
        environment = self.environment(function, places)
        done = subprocess.run(
            self.command(function, event),
            env=environment, cwd=self._built, capture_output=True, text=True, timeout=TIMEOUT_S, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def alone(built_here: Path, opt: Callable[[str], Path], template: Template) -> Alone:
    return Alone(built_here, opt, template)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_loads_nothing_but_itself_its_layers_and_the_standard_library(alone: Alone, function: str) -> None:
    program = alone.command(function)
    program[-2] = program[-2].replace("handler.app", "handler.__name__")  # loaded here, served below
    done = subprocess.run(
        program, env=alone.environment(function, CREDENTIALS), capture_output=True, text=True, timeout=TIMEOUT_S,
        check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {"answer": None, "foreign": []}


def test_the_route_function_answers_alone(alone: Alone) -> None:
    ran = alone.run("RouteFunction", "route_health", CREDENTIALS)

    assert ran["answer"]["statusCode"] == 200
    assert ran["foreign"] == []


def test_the_authorizer_refuses_alone(alone: Alone, aws: dict[str, str]) -> None:
    """For which it asks for the pepper and the key, without the AWS SDK.

    That would be loaded, from Lambda's own Python, for credentials that are not in the environment; there they are.
    """
    assert alone.run("AuthFunction", "auth_wrong_key", aws) == {"answer": "Unauthorized", "foreign": []}


def test_the_sweeper_answers_alone(alone: Alone, aws: dict[str, str]) -> None:
    assert alone.run("SweepFunction", "sweep_schedule", aws) == {"answer": {"swept": 0}, "foreign": []}


def test_the_stream_function_answers_alone(alone: Alone) -> None:
    """Served by the runtime of its layer, until that is told to stop."""
    with FakeRuntimeApi() as api:
        api.give(json.loads((ROOT / "events" / "stream_url_missing_key.json").read_text()))
        process = subprocess.Popen(
            alone.command("StreamFunction"),
            env=alone.environment("StreamFunction", CREDENTIALS)
            | {"AWS_LAMBDA_RUNTIME_API": api.address, "_HANDLER": "handler.app"},
            stdout=subprocess.PIPE,
            text=True,
        )
        api.on_idle = process.terminate
        printed, _ = process.communicate(timeout=TIMEOUT_S)

    answered = next(one for one in api.received if one.kind == "response")
    assert answered.prelude["statusCode"] == 401
    served = {"exit": 0, "is_on_uvloop": True}
    assert json.loads(printed.splitlines()[-1]) == {"answer": served, "foreign": []}
