"""What each function loads at its start is what is listed, so that a change of it is a change for a reviewer to see."""

import pytest

from tests.unit.functions import imports
from tests.unit.functions.imports import FUNCTIONS, listed, loaded, named

LEAN = ["auth", "inspect", "stream", "sweep"]
HEAVY = {"anyio", "boto3", "botocore", "cryptography", "fastapi", "httpx", "jwt", "mangum", "pydantic", "starlette"}
"""What is in the layer that these functions do without, and a HTTP client that no function has."""

VERSION_ALONE = "botocore"
"""Without any module in it: aws-lambda-powertools looks at its version, where Lambda's own Python has it."""


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_loads_no_module_that_is_not_listed(function: str) -> None:
    new = sorted(named(loaded(function)) - listed(function))

    assert not new, f"{function} loads {new} at its start. If it must: `make modules`, and say in the commit why"


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_list_names_no_module_that_is_no_longer_loaded(function: str) -> None:
    """It would let the module back in unseen."""
    gone = sorted(listed(function) - named(loaded(function)))

    assert not gone, f"{function} no longer loads {gone}: `make modules` takes it out of the list"


def test_every_function_has_its_list() -> None:
    assert sorted(path.stem for path in imports.LISTS.iterdir()) == FUNCTIONS


@pytest.mark.parametrize("function", LEAN)
def test_a_function_of_completions_or_a_schedule_loads_nothing_heavy(function: str) -> None:
    assert not {name.partition(".")[0] for name in loaded(function) - {VERSION_ALONE}} & HEAVY


def test_the_authorizer_loads_no_http_client() -> None:
    assert "httptools" not in {name.partition(".")[0] for name in loaded("auth")}
