"""What each function loads at its start is what is listed, so that a change of it is a change for a reviewer to see."""

import pytest

from tests.unit.functions import imports
from tests.unit.functions.imports import FUNCTIONS, listed, loaded, named

MANAGING = {"anyio", "boto3", "cryptography", "fastapi", "httpcore", "httpx", "jwt", "mangum", "pydantic"}
"""Packages of the layer that completions do without."""


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


@pytest.mark.parametrize("function", ["auth", "stream"])
def test_completions_load_no_package_of_those_that_manage(function: str) -> None:
    assert not {name.partition(".")[0] for name in loaded(function)} & (MANAGING | {"starlette"})


def test_the_authorizer_loads_no_http_client() -> None:
    assert "httptools" not in {name.partition(".")[0] for name in loaded("auth")}


@pytest.mark.parametrize("function", ["auth", "stream", "sweep"])
def test_what_requests_wait_for_does_not_load_boto3(function: str) -> None:
    """Powertools takes up the name `botocore` where there is one, and nothing that is in it."""
    of_boto3 = {name for name in loaded(function) if name.partition(".")[0] in {"boto3", "botocore"}}

    assert of_boto3 <= {"botocore", "botocore.exceptions"}
