"""The door that serves completions and nothing else."""

import asyncio
from typing import Any

import pytest

from openmind_llm.api.asgi import Message, Receive, Scope, Send, send_json
from openmind_llm.api.paths import CompletionsAlone
from openmind_llm.errors import MethodNotAllowedError, NotFoundError


async def completions(scope: Scope, receive: Receive, send: Send) -> None:
    await send_json(send, 200, scope["path_params"]["provider"].encode(), {})


def answered(method: str, path: str) -> Any:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    asyncio.run(CompletionsAlone(completions)({"type": "http", "method": method, "path": path}, receive, send))
    return sent[1]["body"]


@pytest.mark.parametrize("provider", ["openai", "a b", "..", "é"])
def test_the_provider_is_what_stands_in_its_place(provider: str) -> None:
    assert answered("POST", f"/api/core/{provider}/chat/completions") == provider.encode()


def test_health_answers() -> None:
    assert answered("GET", "/health") == b'{"status":"ok"}'


@pytest.mark.parametrize(
    "path", ["/", "/api/core//chat/completions", "/api/core/a/b/chat/completions", "/api/core/openai/chat/completions/"]
)
def test_another_path_is_not_found(path: str) -> None:
    with pytest.raises(NotFoundError):
        answered("POST", path)


@pytest.mark.parametrize(
    ("method", "path", "allowed"), [("GET", "/api/core/openai/chat/completions", "POST"), ("POST", "/health", "GET")]
)
def test_another_method_is_refused_and_told_the_right_one(method: str, path: str, allowed: str) -> None:
    with pytest.raises(MethodNotAllowedError) as refused:
        answered(method, path)

    assert refused.value.headers == {"allow": allowed}
