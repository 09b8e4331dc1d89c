"""How long a service that hangs may keep a caller."""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from openmind_llm.settings import Settings
from openmind_llm.storage import clients
from openmind_llm.storage.wire.errors import UnreachableError

AUTHORIZER_S = 10


@pytest.fixture
def black_hole(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An AWS endpoint that takes every connection and never answers."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "test")
    with socket.create_server(("127.0.0.1", 0), backlog=50) as hole:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{hole.getsockname()[1]}")
        yield


CALLS: list[Callable[[Settings], Any]] = [
    lambda told: clients.dynamodb(told).get_item(TableName="t", Key={"pk": {"S": "a"}}),
    lambda told: clients.dynamodb_for_requests(told).put_item(TableName="t", Item={"pk": {"S": "a"}}),
    lambda told: clients.secretsmanager(told).get_secret_value(SecretId="s"),
]
NOT_PLAIN = {"AWS_PROFILE": "default"}
"""What makes it boto3 that asks."""


@pytest.mark.parametrize("more", [{}, NOT_PLAIN], ids=["wire", "boto3"])
@pytest.mark.parametrize("call", CALLS)
def test_a_service_that_hangs_is_given_up_before_the_authorizers_time_is_up(
    black_hole: None, call: Callable[[Settings], Any], more: dict[str, str]
) -> None:
    given_up = threading.Event()
    told = Settings.from_env({**os.environ, "TABLE_NAME": "t", "KEY_PEPPER_SECRET": "s", **more})

    def ask() -> None:
        with pytest.raises(UnreachableError):
            call(told)
        given_up.set()

    threading.Thread(target=ask, daemon=True).start()

    assert given_up.wait(AUTHORIZER_S)
