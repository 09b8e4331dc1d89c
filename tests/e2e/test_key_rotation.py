"""A provider's key is replaced while requests go on, and none of them fails."""

import io
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Queue

import boto3
import pytest

from dev import seed
from openmind_llm import cli
from openmind_llm.bootstrap import application
from openmind_llm.settings import Settings
from tests import canaries
from tests.doors import UvicornDoor
from tests.e2e.conftest import asker
from tests.fake_upstream import FakeUpstream, Received, Reply, completion, json_reply

SECRET = "rotating-provider-keys"
OLD, NEW = "sk-the-old-key", canaries.PROVIDER_KEY
CALLERS = 3


class Locked:
    """A provider that lets in only who has a key that it knows, and remembers which were used for completions."""

    def __init__(self, upstream: FakeUpstream, *keys: str) -> None:
        self.known = set(keys)
        self.used: set[str] = set()
        upstream.answer = self._answer

    def _answer(self, received: Received) -> Reply:
        key = received.headers["authorization"].removeprefix("Bearer ")
        if key not in self.known:
            return json_reply({"error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}}, 401)
        if received.method == "POST":
            self.used.add(key)
        return json_reply(completion() if received.method == "POST" else {"data": []})


@pytest.fixture
def provider(upstream: FakeUpstream) -> Locked:
    return Locked(upstream, OLD, NEW)


@contextmanager
def gateway(stack: dict[str, str], max_age_s: int) -> Iterator[UvicornDoor]:
    seed.create_secret(boto3.client("secretsmanager"), SECRET, json.dumps({"openai": OLD}), replace=True)
    environment = stack | {"PROVIDER_KEYS_SECRET": SECRET, "SECRETS_MAX_AGE_S": str(max_age_s)}
    with UvicornDoor(application.create(Settings.from_env(environment))) as door:
        yield door


@contextmanager
def asking(door: UvicornDoor) -> Iterator["Queue[int]"]:
    """The statuses of requests that go on, one after another from each caller, until it is left."""
    statuses: Queue[int] = Queue()
    is_over = threading.Event()

    def ask() -> None:
        while not is_over.is_set():
            statuses.put(asker(door)().status)

    callers = [threading.Thread(target=ask) for _ in range(CALLERS)]
    for caller in callers:
        caller.start()
    try:
        yield statuses
    finally:
        is_over.set()
        for caller in callers:
            caller.join()


def operate(monkeypatch: pytest.MonkeyPatch, *words: str, typed: str = "") -> int:
    monkeypatch.setenv("PROVIDER_KEYS_SECRET", SECRET)
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    return cli.main(["provider-keys", *words])


def test_no_request_fails_while_a_key_is_rotated_and_the_old_one_revoked(
    stack: dict[str, str], provider: Locked, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered: list[int] = []
    with gateway(stack, max_age_s=0) as door, asking(door) as statuses:

        def waited(_: float) -> None:
            """As many requests as have to be answered until both keys were drawn: the chance against it is 2^-40."""
            answered.extend(statuses.get(timeout=30) for _ in range(40 + CALLERS))
            used_in_between.update(provider.used)

        used_in_between: set[str] = set()
        monkeypatch.setattr(time, "sleep", waited)
        answered.extend(statuses.get(timeout=30) for _ in range(5))
        used_before = set(provider.used)

        code = operate(monkeypatch, "rotate", "openai", typed=NEW)
        provider.known = {NEW}
        answered.extend(statuses.get(timeout=30) for _ in range(20))
        monkeypatch.undo()
    answered.extend(statuses.queue)

    assert code == 0
    assert (used_before, used_in_between) == ({OLD}, {OLD, NEW})
    assert set(answered) == {200}
    assert len(answered) > 60


def test_a_key_that_is_revoked_before_the_new_one_is_known_everywhere_fails_requests(
    stack: dict[str, str], provider: Locked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Why a rotation waits, and what a leaked key costs."""
    with gateway(stack, max_age_s=300) as door:
        ask = asker(door)
        before = ask()
        operate(monkeypatch, "add", "openai", "--untried", typed=NEW)
        provider.known = {NEW}
        after = ask()

    assert (before.status, after.status) == (200, 503)
    assert after.error == "openai API key not configured"
