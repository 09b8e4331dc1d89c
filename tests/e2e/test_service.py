"""The routes beside completions: models, health, the API's own description."""

from typing import Any

import pytest
from openapi_spec_validator import validate

from tests.doors import Door
from tests.e2e.conftest import BEARER, PROVIDERS
from tests.e2e.test_contract import ALL_MODELS


@pytest.fixture(params=["uvicorn", "api_gateway"])
def door_name(request: pytest.FixtureRequest) -> str:
    """The doors to the whole application: behind the function URL there are completions alone."""
    return str(request.param)


def test_all_models_of_the_contract_are_listed_with_their_facts(door: Door) -> None:
    listed = door.request("GET", "/api/core/models", BEARER, b"").body

    models = {(m["provider"], m["id"]): m for m in listed["data"]}
    assert listed["object"] == "list"
    assert set(ALL_MODELS) <= models.keys()
    for model in models.values():
        assert model["object"] == "model"
        assert model["context_window"] > 0
        assert model["status"] in {"active", "deprecated", "retired", "unverified"}
        assert model["price"]["omcu_per_million_tokens"]["input"] > 0
        assert isinstance(model["capabilities"]["vision"], bool)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_provider_lists_its_own_models(door: Door, provider: str) -> None:
    listed = door.request("GET", f"/api/core/{provider}/models", BEARER, b"").body

    assert {model["provider"] for model in listed["data"]} == {provider}


def test_the_models_of_an_unknown_provider_are_404(door: Door) -> None:
    answer = door.request("GET", "/api/core/nobody/models", BEARER, b"")

    assert (answer.status, answer.error) == (404, "unsupported model provider: nobody")


@pytest.mark.parametrize("path", ["/api/core/models", "/api/core/openai/models", "/nothing"])
def test_every_path_that_is_not_public_needs_a_key(door: Door, path: str) -> None:
    assert door.request("GET", path, {}, b"").status == 401


def test_health_needs_no_key(door: Door) -> None:
    answer = door.request("GET", "/health", {}, b"")

    assert (answer.status, answer.body) == (200, {"status": "ok"})


def test_the_openapi_document_is_valid(door: Door) -> None:
    document: dict[str, Any] = door.request("GET", "/openapi.json", {}, b"").body

    validate(document)
    chat = document["paths"]["/api/core/{provider}/chat/completions"]["post"]
    assert {"200", "400", "401", "402", "403", "404", "409", "422", "429", "500", "503"} <= chat["responses"].keys()


def test_the_document_names_the_providers_of_the_catalogue(door: Door) -> None:
    document = door.request("GET", "/openapi.json", {}, b"").body

    parameter = document["paths"]["/api/core/{provider}/chat/completions"]["post"]["parameters"][0]
    assert parameter["schema"]["enum"] == list(PROVIDERS)


def test_the_docs_page_stands_alone(door: Door) -> None:
    answer = door.request("GET", "/docs", {}, b"")

    assert answer.headers["content-type"].startswith("text/html")
    assert b"openapi.json" in answer.raw
    assert b"https://" not in answer.raw
