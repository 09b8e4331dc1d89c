"""What the API's own description says of the `Idempotency-Key`."""

from typing import Any

import pytest

from openmind_llm.api import app
from openmind_llm.providers import table
from tests.fakes import Fixed
from tests.unit.api.account_service import no_completions


@pytest.fixture(scope="module")
def paths() -> Any:
    return app.create(Fixed(table.load()), no_completions).openapi()["paths"]


def test_the_header_is_described_beside_the_provider(paths: Any) -> None:
    parameters = {one["name"]: one for one in paths[app.CHAT_PATH]["post"]["parameters"]}

    assert {"provider", "Idempotency-Key", "x-request-timeout-ms", "x-openmind-fallback"} <= set(parameters)
    assert (parameters["Idempotency-Key"]["in"], parameters["Idempotency-Key"]["required"]) == ("header", False)


@pytest.mark.parametrize("status", ["409", "422"])
def test_the_refusals_are_described_in_the_contracts_form(paths: Any, status: str) -> None:
    response = paths[app.CHAT_PATH]["post"]["responses"][status]

    assert "Idempotency-Key" in response["description"]
    assert response["content"]["application/json"]["schema"]["$ref"].endswith("/ErrorBody")


def test_no_other_operation_is_said_to_refuse_by_422(paths: Any) -> None:
    refusing = {path for path, operations in paths.items() for one in operations.values() if "422" in one["responses"]}

    assert refusing == {app.CHAT_PATH}
