"""The simulator behind a real server, with the official client."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest
import uvicorn
from pydantic import BaseModel

from dev.simulator.app import Simulator

MOVE: Any = {
    "type": "function",
    "function": {
        "name": "move",
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {"action": {"type": "string", "enum": ["walk", "sit"]}},
            "required": ["action"],
            "additionalProperties": False,
        },
    },
}


class Action(BaseModel):
    type: str
    value: str


class Actions(BaseModel):
    actions: list[Action]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Listens before the server runs, so that there is nothing to wait for."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(Simulator(pause_s=0), log_level="critical", lifespan="on", ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.fixture
def client(url: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{url}/openai", api_key="none", max_retries=0, timeout=10) as client:
        yield client


def test_the_client_reads_an_answer(client: openai.OpenAI) -> None:
    """Plain."""
    completion = client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": "Hi"}])

    assert 'You said "Hi".' in (completion.choices[0].message.content or "")
    assert completion.usage is not None
    assert completion.usage.total_tokens > 0


def test_the_client_reads_a_stream(client: openai.OpenAI) -> None:
    """With usage at its end."""
    with client.chat.completions.create(
        model="gpt-4o",
        messages=[{"role": "user", "content": "Hi"}],
        stream=True,
        stream_options={"include_usage": True},
    ) as stream:
        chunks = list(stream)

    content = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert 'You said "Hi".' in content
    assert chunks[-1].usage is not None


def test_the_client_reads_a_tool_call(client: openai.OpenAI) -> None:
    """With arguments that are JSON."""
    completion = client.chat.completions.create(
        model="gpt-4o", messages=[{"role": "user", "content": "sit"}], tools=[MOVE], tool_choice="auto"
    )

    call: Any = (completion.choices[0].message.tool_calls or [])[0]
    assert json.loads(call.function.arguments) == {"action": "sit"}


def test_the_client_gathers_a_streamed_tool_call(client: openai.OpenAI) -> None:
    """The pieces fit together."""
    with client.chat.completions.stream(
        model="gpt-4o", messages=[{"role": "user", "content": "sit"}], tools=[MOVE]
    ) as stream:
        completion = stream.get_final_completion()

    call: Any = (completion.choices[0].message.tool_calls or [])[0]
    assert json.loads(call.function.arguments) == {"action": "sit"}


def test_the_client_parses_a_model(client: openai.OpenAI) -> None:
    """By the schema that it made from the class."""
    completion = client.chat.completions.parse(
        model="gpt-4o", messages=[{"role": "user", "content": "Hi"}], response_format=Actions
    )

    parsed = completion.choices[0].message.parsed
    assert parsed is not None
    assert [action.type for action in parsed.actions] == ["move", "speak", "emotion"]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("401", openai.AuthenticationError),
        ("403", openai.PermissionDeniedError),
        ("404", openai.NotFoundError),
        ("429", openai.RateLimitError),
        ("500", openai.InternalServerError),
    ],
)
def test_the_client_raises_what_was_asked_for(client: openai.OpenAI, fault: str, error: type[Exception]) -> None:
    """Each status is its own exception."""
    with pytest.raises(error):
        client.chat.completions.create(model="gpt-4o", messages=[{"role": "user", "content": f"simulate: {fault}"}])


def test_the_client_sees_a_timeout(client: openai.OpenAI) -> None:
    """Nothing comes within its patience."""
    with pytest.raises(openai.APITimeoutError):
        client.with_options(timeout=0.05).chat.completions.create(
            model="gpt-4o", messages=[{"role": "user", "content": "simulate: timeout"}]
        )


@pytest.mark.parametrize("is_stream", [False, True])
def test_a_cut_is_a_broken_connection(url: str, *, is_stream: bool) -> None:
    """The server closes it before the end of the response."""
    body = {"model": "m", "messages": [{"role": "user", "content": "simulate: cut"}], "stream": is_stream}

    with httpx.Client() as client, pytest.raises(httpx.RemoteProtocolError):
        client.post(f"{url}/xai/chat/completions", json=body)


def test_a_server_may_start_and_stop_it() -> None:
    """Both stages of an ASGI lifespan are answered."""
    sent: list[Any] = []
    inbox = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

    async def run() -> None:
        async def receive() -> Any:
            return inbox.pop(0)

        async def send(message: Any) -> None:
            sent.append(message)

        await Simulator()({"type": "lifespan"}, receive, send)

    asyncio.run(run())

    assert [message["type"] for message in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
