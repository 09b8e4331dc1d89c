"""A user's keys and credit, from the login to the provider, over an emulated AWS and a real issuer."""

import importlib
import json
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from mangum import Mangum

from openmind_llm.bootstrap import application
from openmind_llm.settings import Settings
from tests import canaries, fake_issuer
from tests.doors import Answer, ApiGatewayDoor, Door, UvicornDoor
from tests.fake_issuer import FakeIssuer
from tests.fake_upstream import FakeUpstream

KEYS = "/api/core/api_keys"
CHAT = json.dumps({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello!"}]}).encode()

type Ask = Callable[..., Answer]


@pytest.fixture(scope="module")
def signing_key() -> ec.EllipticCurvePrivateKey:
    return fake_issuer.ec_key()


@pytest.fixture(scope="module")
def issuer(signing_key: ec.EllipticCurvePrivateKey) -> Iterator[FakeIssuer]:
    with FakeIssuer() as running:
        running.publishes(fake_issuer.jwk(signing_key, "one"))
        yield running


@pytest.fixture(scope="module", params=["uvicorn", "api_gateway"])
def door(request: pytest.FixtureRequest, stack: dict[str, str], issuer: FakeIssuer) -> Iterator[Door]:
    settings = Settings.from_env(stack | {"OIDC_ISSUER": issuer.url, "DEFAULT_PLAN": "starter"})
    if request.param == "uvicorn":
        with UvicornDoor(application.create(settings)) as served:
            yield served
        return
    request.getfixturevalue("doors")
    auth = importlib.import_module("functions.auth.handler")
    route = importlib.import_module("functions.route.handler")
    yield ApiGatewayDoor(auth.handler, Mangum(application.create(settings), lifespan="off"), route.loop)


@pytest.fixture
def ask(door: Door, issuer: FakeIssuer, signing_key: ec.EllipticCurvePrivateKey) -> Ask:
    """As a user who was never here before."""
    claims = {"iss": issuer.url, "sub": f"user_{uuid.uuid4().hex}", "exp": int(time.time()) + 600}
    login = fake_issuer.signed(claims, signing_key, "ES256", "one")

    def asked(method: str, path: str, body: Any = None) -> Answer:
        headers = {"authorization": f"Bearer {login}", "content-type": "application/json"}
        return door.request(method, path, headers, b"" if body is None else json.dumps(body).encode())

    return asked


def chat(door: Door, key: str) -> Answer:
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    return door.request("POST", "/api/core/openai/chat/completions", headers, CHAT)


def test_a_key_spends_its_owners_credit_until_it_is_deleted(door: Door, ask: Ask, upstream: FakeUpstream) -> None:
    created = ask("POST", f"{KEYS}/create").body
    key, key_id = created["api_key"], created["api_key_info"]["id"]

    answered = chat(door, key)
    (listed,) = ask("GET", KEYS).body["api_keys"]
    balance = ask("GET", "/api/core/account/balance").body
    deleted = ask("POST", f"{KEYS}/delete", {"id": key_id})

    assert answered.status == 200
    assert listed["total_cost_micro_omcu"] > 0
    assert balance["omcu_balance_micro"] == 2_500_000_000 - listed["total_cost_micro_omcu"]
    assert deleted.body == {"message": "API key deleted successfully"}
    assert chat(door, key).status == 401
    assert ask("GET", KEYS).body == {"api_keys": []}


def test_a_rotated_key_answers_by_both_secrets(door: Door, ask: Ask, upstream: FakeUpstream) -> None:
    created = ask("POST", f"{KEYS}/create").body
    chat(door, created["api_key"])

    rotated = ask("POST", f"{KEYS}/rotate", {"id": created["api_key_info"]["id"]}).body

    assert [chat(door, key).status for key in (rotated["api_key"], created["api_key"])] == [200, 200]


def test_a_key_that_is_kept_to_other_models_is_refused_at_once(door: Door, ask: Ask, upstream: FakeUpstream) -> None:
    created = ask("POST", f"{KEYS}/create").body
    before = chat(door, created["api_key"]).status

    ask("POST", f"{KEYS}/update", {"id": created["api_key_info"]["id"], "allowed_models": ["gpt-4o"]})

    assert (before, chat(door, created["api_key"]).status) == (200, 403)


@pytest.mark.parametrize("door", ["uvicorn"], indirect=True)  # a Lambda serves one request at a time
def test_many_who_create_at_once_get_no_more_keys_than_the_plan_allows(ask: Ask) -> None:
    with ThreadPoolExecutor(8) as racing:
        answers = list(racing.map(lambda _: ask("POST", f"{KEYS}/create").status, range(8)))

    listed = {one["id"] for one in ask("GET", KEYS).body["api_keys"]}
    assert sorted(set(answers)) == [200, 403]
    assert answers.count(200) == len(listed) == 5


@pytest.mark.parametrize("path", ["/create", "", "/delete", "/rotate", "/update"])
def test_a_key_opens_no_door_to_keys(door: Door, path: str) -> None:
    headers = {"authorization": f"Bearer {canaries.API_KEY}", "content-type": "application/json"}

    refused = door.request("POST" if path else "GET", KEYS + path, headers, b"{}" if path else b"")

    assert (refused.status, refused.error) == (401, "User not found")
