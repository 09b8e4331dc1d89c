"""What each function loads at its start. Modules are counted, not seconds: a number that no busy machine changes."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ENVIRONMENT = {
    "TABLE_NAME": "table",
    "KEY_PEPPER_SECRET": "pepper",
    "PROVIDER_KEYS_SECRET": "keys",
    "USAGE_BUCKET": "bucket",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "POWERTOOLS_SERVICE_NAME": "test",
    "PYTHONPATH": f"{ROOT}/layers/core",
}
CEILINGS = {"auth": 240, "export": 500, "inspect": 410, "rollout": 285, "route": 800, "stream": 485, "sweep": 275}
"""Modules. Raised only with a reason in the commit that raises it."""

NOT_DEPLOYED = ("OpenSSL", "awscrt", "click", "h2", "pygments", "rich")
"""Packages of the development environment that libraries take up where they find them."""


def loaded(function: str) -> set[str]:
    program = (
        f"import sys; sys.modules.update(dict.fromkeys({NOT_DEPLOYED})); import functions.{function}.handler; "
        f"print(*(name for name in sys.modules if name not in {NOT_DEPLOYED}))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return set(done.stdout.split())


@pytest.mark.parametrize("function", CEILINGS)
def test_a_function_loads_no_more_modules_than_its_ceiling(function: str) -> None:
    assert len(loaded(function)) <= CEILINGS[function]


def test_the_stream_function_does_not_load_the_framework() -> None:
    tops = {name.partition(".")[0] for name in loaded("stream")}

    assert not tops & {"fastapi", "starlette", "pydantic", "mangum"}


def test_the_authorizer_loads_neither_the_framework_nor_the_http_client() -> None:
    tops = {name.partition(".")[0] for name in loaded("auth")}

    assert not tops & {"fastapi", "starlette", "pydantic", "httpx", "httpcore", "anyio", "mangum"}


@pytest.mark.parametrize("function", ["auth", "stream", "sweep"])
def test_what_requests_wait_for_does_not_load_boto3(function: str) -> None:
    """Powertools takes up the name `botocore` where there is one, and nothing that is in it."""
    of_boto3 = {name for name in loaded(function) if name.partition(".")[0] in {"boto3", "botocore"}}

    assert of_boto3 <= {"botocore", "botocore.exceptions"}
