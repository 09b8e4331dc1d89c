"""What runs every night where the gateway is deployed, beside `make dev`."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import PROVIDERS
from tests.e2e.test_dev import QUIET, ROOT, environment, running

INVOKE = """
import json
from types import SimpleNamespace
from functions.inspect.handler import handler
event = json.load(open("events/inspect_schedule.json"))
print("result:", json.dumps(handler(event, SimpleNamespace(get_remaining_time_in_millis=lambda: 900_000))))
"""


@pytest.fixture(scope="module")
def beside_dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment that a running server has left."""
    state: Path = tmp_path_factory.mktemp("dev") / "state"
    with running(state):
        yield QUIET | environment(state)


def run(words: list[str], environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words], cwd=ROOT, env=environ, capture_output=True, text=True, check=False, timeout=120
    )


def test_the_simulated_providers_list_what_we_send_at_our_prices(beside_dev: dict[str, str]) -> None:
    """What a calendar finds, models that end, is not judged here."""
    done = run(["-m", "openmind_llm.cli", "models", "check"], beside_dev)

    found = [line for line in done.stdout.splitlines() if not line.startswith("retiring: ")]
    assert [name for name in PROVIDERS if f"{name}: " not in done.stderr] == []
    assert "not looked at" not in done.stderr
    assert found == []


def test_the_nightly_function_looks_at_all_providers_and_accounts(beside_dev: dict[str, str]) -> None:
    lambdas = {"POWERTOOLS_SERVICE_NAME": "inspect", "PYTHONPATH": f"{ROOT}/layers/core"}

    done = run(["-c", INVOKE], beside_dev | lambdas)

    told = next(line for line in done.stdout.splitlines() if line.startswith("result: "))
    result = json.loads(told.removeprefix("result: "))
    assert (result["providers"], result["sound_accounts"], result["unchecked_accounts"]) == (6, 1, 0)
    assert result["models"] > 50
