"""A key that is revoked, or whose account is closed, is refused by the next request, whatever anybody has cached."""

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3
import pytest

from dev import seed
from openmind_llm import plans
from openmind_llm.domain import keys
from openmind_llm.domain.accounts import Accounts
from openmind_llm.storage import boto
from openmind_llm.storage.accounts import DynamoAccounts
from tests.doors import Answer, ApiGatewayDoor, Door
from tests.e2e.conftest import JSON, chat
from tests.fake_upstream import FakeUpstream

PATHS = ("/api/core/models", "/api/core/key", "/api/core/usage", "/api/core/no-such-path")


@dataclass(frozen=True)
class Owner:
    """A new account with a key, and what its owner can do."""

    account_id: str
    key: str

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.key}"} | JSON

    def revoke(self, accounts: Accounts) -> None:
        accounts.delete_key(self.account_id, keys.key_id(self.key), "test")

    def close(self, accounts: Accounts) -> None:
        accounts.close(self.account_id, "test")


@pytest.fixture(scope="session")
def accounts(stack: dict[str, str]) -> Accounts:
    pepper = boto3.client("secretsmanager").get_secret_value(SecretId=seed.PEPPER_SECRET)["SecretString"].encode()
    return Accounts(
        DynamoAccounts(boto.dynamodb(boto3.client("dynamodb")), seed.TABLE), plans.load(), lambda: pepper, time.time
    )


@pytest.fixture
def owner(accounts: Accounts) -> Owner:
    account_id = f"account-{uuid.uuid4()}"
    accounts.open(account_id, "unlimited", "test")
    return Owner(account_id, accounts.create_key(account_id, "test")[0])


def ask(door: Door, owner: Owner, **body: Any) -> Answer:
    content = json.dumps(chat(**body)).encode()
    return door.request("POST", "/api/core/openai/chat/completions", owner.headers, content)


def caching(door: Door) -> Door:
    """An API Gateway that remembers what the authorizer said, as one may be set up to do."""
    if not isinstance(door, ApiGatewayDoor):
        return door
    authorize = door._auth
    said: list[dict[str, Any]] = []

    def remembered(event: dict[str, Any], context: Any) -> dict[str, Any]:
        if not said:
            said.append(authorize(event, context))
        return said[0]

    return ApiGatewayDoor(remembered, door._route, door._loop, door._stream)


@pytest.mark.parametrize("end", [Owner.revoke, Owner.close], ids=["revoked", "closed"])
def test_the_next_completion_is_refused(
    door: Door, owner: Owner, accounts: Accounts, upstream: FakeUpstream, end: Callable[[Owner, Accounts], None]
) -> None:
    seen = caching(door)
    assert ask(seen, owner).status == 200
    end(owner, accounts)

    refused = [ask(seen, owner), ask(seen, owner, stream=True), ask(seen, owner, model="no-such")]

    assert [answer.status for answer in refused] == [401, 401, 401]
    assert len(upstream.received) == 1


@pytest.mark.parametrize("end", [Owner.revoke, Owner.close], ids=["revoked", "closed"])
@pytest.mark.parametrize("path", PATHS)
def test_so_is_every_other_path(
    doors: dict[str, Door], owner: Owner, accounts: Accounts, path: str, end: Callable[[Owner, Accounts], None]
) -> None:
    seen = [caching(doors[name]) for name in ("uvicorn", "api_gateway")]
    assert all(door.request("GET", path, owner.headers, b"").status in {200, 404} for door in seen)
    end(owner, accounts)

    assert [door.request("GET", path, owner.headers, b"").status for door in seen] == [401, 401]


def test_a_rotated_key_is_good_at_once(door: Door, owner: Owner, accounts: Accounts, upstream: FakeUpstream) -> None:
    assert ask(door, owner).status == 200

    fresh, _ = accounts.rotate_key(owner.account_id, keys.key_id(owner.key), 0, "test")

    assert ask(door, Owner(owner.account_id, fresh)).status == 200


def test_the_secret_before_a_rotation_is_refused_at_once(
    door: Door, owner: Owner, accounts: Accounts, upstream: FakeUpstream
) -> None:
    seen = caching(door)
    assert ask(seen, owner).status == 200

    accounts.rotate_key(owner.account_id, keys.key_id(owner.key), 0, "test")

    assert [ask(seen, owner).status, ask(seen, owner).status] == [401, 401]


def test_with_an_overlap_both_secrets_are_good(
    door: Door, owner: Owner, accounts: Accounts, upstream: FakeUpstream
) -> None:
    fresh, _ = accounts.rotate_key(owner.account_id, keys.key_id(owner.key), 3_600, "test")

    assert [ask(door, one).status for one in (owner, Owner(owner.account_id, fresh))] == [200, 200]
