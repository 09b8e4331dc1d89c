"""The control plane of a deployed stack: what its REST API answers, and what its authorizer lets through."""

import re

import pytest

from tests.doors import HttpDoor
from tests.integration.deployed.conftest import Caller, Deployed

WRONG = {"authorization": f"Bearer om1_live_{'0' * 80}"}
QUESTION = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello!"}]}


@pytest.mark.parametrize("path", ["/health", "/openapi.json", "/docs"])
def test_public_paths_need_no_key(api: HttpDoor, path: str) -> None:
    assert api.request("GET", path, {}, b"").status == 200


@pytest.mark.parametrize("headers", [{}, WRONG], ids=["no key", "a wrong key"])
@pytest.mark.parametrize("path", ["/api/core/key", "/api/core/usage"], ids=["authorizer", "function"])
def test_without_a_good_key_it_is_401(api: HttpDoor, path: str, headers: dict[str, str]) -> None:
    answer = api.request("GET", path, headers, b"")

    assert answer.status == 401
    assert answer.error.startswith("Missing or invalid API key")


def test_a_key_tells_of_itself(caller: Caller) -> None:
    answer = caller.get("/api/core/key")

    assert (answer.status, answer.body["object"], answer.body["plan"]) == (200, "key", "unlimited")


def test_a_key_may_stand_in_the_other_header(api: HttpDoor, example_key: str) -> None:
    assert api.request("GET", "/api/core/key", {"x-api-key": example_key}, b"").status == 200


def test_models_are_listed(caller: Caller) -> None:
    answer = caller.get("/api/core/models")

    assert answer.status == 200
    assert {"openai", "gemini"} <= {model["provider"] for model in answer.body["data"]}


def test_a_price_is_quoted(caller: Caller) -> None:
    answer = caller.post("/api/core/openai/chat/completions/quote", QUESTION)

    assert (answer.status, answer.body["object"]) == (200, "quote")


def test_usage_is_told(caller: Caller) -> None:
    assert caller.get("/api/core/usage").body["object"] == "usage"


def test_an_unknown_path_is_404_for_those_with_a_key(caller: Caller) -> None:
    answer = caller.get("/api/core/no-such-path")

    assert (answer.status, answer.error) == (404, "Not found")


def test_an_unknown_path_is_401_for_others(api: HttpDoor) -> None:
    assert api.request("GET", "/no-such-path", {}, b"").status == 401


def test_a_revoked_key_is_refused_at_once(stack: Deployed, api: HttpDoor) -> None:
    """The authorizer's answers are not cached."""
    printed = stack.operate("keys", "create", "--account", "revoked")
    key = re.search(r"om1_live_\w+", printed)
    assert key
    caller = Caller(api, key[0])
    assert caller.get("/api/core/key").status == 200

    stack.operate("keys", "revoke", key[0].removeprefix("om1_live_")[:16])

    assert caller.get("/api/core/key").status == 401
