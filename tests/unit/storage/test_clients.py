"""How long a service that hangs may keep a caller."""

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError

from openmind_llm.storage import clients

AUTHORIZER_S = 10


@pytest.fixture
def black_hole(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An AWS endpoint that takes every connection and never answers."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "test")
    with socket.create_server(("127.0.0.1", 0), backlog=50) as hole:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{hole.getsockname()[1]}")
        yield


CALLS: list[Callable[[], Any]] = [
    lambda: clients.dynamodb().get_item(TableName="t", Key={"pk": {"S": "a"}}),
    lambda: clients.dynamodb_for_requests().put_item(TableName="t", Item={"pk": {"S": "a"}}),
    lambda: clients.secretsmanager().get_secret_value(SecretId="s"),
]


@pytest.mark.parametrize("call", CALLS)
def test_a_service_that_hangs_is_given_up_before_the_authorizers_time_is_up(
    black_hole: None, call: Callable[[], Any]
) -> None:
    given_up = threading.Event()

    def ask() -> None:
        with pytest.raises(BotoCoreError):
            call()
        given_up.set()

    threading.Thread(target=ask, daemon=True).start()

    assert given_up.wait(AUTHORIZER_S)
