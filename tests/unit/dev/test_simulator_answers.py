"""What the simulator answers in words, and what it counts."""

import math
from typing import Any

import pytest

from tests.unit.dev.asking import NOW, PROVIDERS, REQUEST_ID, ask, request, send

PIXEL = "data:image/png;base64,iVBORw0KGgo="


def _with_image(url: str = PIXEL) -> dict[str, Any]:
    parts = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": url}}]
    return {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": parts}]}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_answer_announces_itself(provider: str) -> None:
    """An answer carries the header of the simulator and a request id."""
    reply = ask(provider, request())

    assert reply.headers["x-openmind-simulated"] == "true"
    assert reply.headers["x-request-id"] == REQUEST_ID


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_refusal_announces_itself(provider: str) -> None:
    """A refusal carries the same headers as an answer."""
    reply = ask(provider, {})

    assert reply.status == 400
    assert reply.headers["x-openmind-simulated"] == "true"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/"),
        ("POST", "/openai"),
        ("POST", "/openai/models"),
        ("POST", "/mistral/chat/completions"),
        ("GET", "/openai/chat/completions"),
    ],
)
def test_other_paths_do_not_exist(method: str, path: str) -> None:
    """All but the one endpoint is a 404, which announces itself too."""
    reply = send(path, b"", method=method)

    assert reply.status == 404
    assert reply.headers["x-openmind-simulated"] == "true"


def test_a_completion_has_the_whole_form() -> None:
    """Every field of OpenAI's completion is there."""
    body = ask("openai", request("How are you?")).json

    assert body["object"] == "chat.completion"
    assert body["created"] == NOW
    assert body["model"] == "gpt-4o-mini"
    assert body["id"].startswith("chatcmpl-")
    assert body["choices"] == [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": 'This is a simulated answer. You said "How are you?". All is well.',
                "refusal": None,
                "annotations": [],
            },
            "logprobs": None,
            "finish_reason": "stop",
        }
    ]


def test_the_same_request_gets_the_same_answer() -> None:
    """Nothing but the clock and the request id changes from call to call."""
    assert ask("xai", request()).raw == ask("xai", request()).raw


def test_the_model_is_the_one_asked_for() -> None:
    """Names are echoed, whatever they are."""
    assert ask("nearai", request(model="Qwen/Some-Model")).json["model"] == "Qwen/Some-Model"


def test_the_answer_speaks_of_the_last_user_message() -> None:
    """Earlier messages of the user are not quoted."""
    messages = [
        {"role": "user", "content": "first"},
        {"role": "assistant", "content": "second"},
        {"role": "user", "content": "third"},
    ]

    content = ask("openai", request(messages=messages)).message["content"]

    assert '"third"' in content
    assert "first" not in content


def test_a_tool_message_is_answered_in_words() -> None:
    """What the tool said is quoted."""
    call = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    messages = [
        {"role": "user", "content": "Look!"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "a red ball"},
    ]
    tools = [{"type": "function", "function": {"name": "look"}}]

    reply = ask("openai", request(messages=messages, tools=tools))

    assert 'The tool answered "a red ball".' in reply.message["content"]
    assert reply.json["choices"][0]["finish_reason"] == "stop"


@pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens"])
def test_a_cap_cuts_the_answer(field: str) -> None:
    """The answer ends at the cap and says so."""
    body = ask("openai", request() | {field: 5}).json

    assert body["choices"][0]["message"]["content"] == "This is a simulated "
    assert body["choices"][0]["finish_reason"] == "length"
    assert body["usage"]["completion_tokens"] == 5


def test_a_cap_never_cuts_a_character_in_two() -> None:
    """The cut falls between characters, though tokens are counted in bytes."""
    content = ask("openai", request("ü" * 60, max_tokens=15)).message["content"]

    assert content.endswith("ü")
    assert math.ceil(len(content.encode()) / 4) <= 15


@pytest.mark.parametrize("stop", ["simulated", ["nothing", " simulated"], ["is", "simulated"]])
def test_a_stop_ends_the_answer_before_it(stop: Any) -> None:
    """The earliest of the stops counts, and is left out."""
    choice = ask("openai", request(stop=stop)).json["choices"][0]

    assert "simulated" not in choice["message"]["content"]
    assert choice["finish_reason"] == "stop"


def test_n_choices_differ() -> None:
    """Each has its index and words of its own."""
    choices = ask("openai", request(n=3)).json["choices"]

    assert [choice["index"] for choice in choices] == [0, 1, 2]
    assert len({choice["message"]["content"] for choice in choices}) == 3


def test_images_are_counted_and_mentioned() -> None:
    """Two images cost twice the fixed price of one."""
    without, with_one = ask("openai", request("What is this?")), ask("openai", _with_image())

    assert "I see 1 image." in with_one.message["content"]
    assert with_one.json["usage"]["prompt_tokens"] - without.json["usage"]["prompt_tokens"] == 765


@pytest.mark.parametrize(
    "url", ["data:image/jpeg;base64,%%%", "data:text/plain;base64,aGk=", "ftp://example.com/a.png", "", 1, None]
)
def test_a_bad_image_is_refused(url: Any) -> None:
    """Neither a web address nor an image in base64: 400, with the place."""
    reply = ask("openai", _with_image(url))

    assert reply.status == 400
    assert reply.json["error"]["param"] == "messages[0].content[1]"


def test_a_web_image_is_accepted() -> None:
    """It is not fetched."""
    assert ask("gemini", _with_image("https://example.com/a.png") | {"model": "gemini-x"}).status == 200


def test_usage_is_a_token_for_four_bytes_and_four_for_a_message() -> None:
    """12 bytes are 3 tokens; the answer is counted by the same rule."""
    body = ask("openai", request("twelve bytes")).json

    written = body["choices"][0]["message"]["content"].encode()
    assert body["usage"]["prompt_tokens"] == 3 + 4
    assert body["usage"]["completion_tokens"] == math.ceil(len(written) / 4)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_usage_adds_up(provider: str) -> None:
    """Without thinking, the total is prompt and completion everywhere."""
    usage = ask(provider, request()).json["usage"]

    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def test_a_conversation_that_goes_on_is_read_from_the_cache() -> None:
    """Whole blocks of what came before the last message count as cached."""
    messages = [{"role": "system", "content": "x" * 4 * 1100}, {"role": "user", "content": "Hello"}]

    usage = ask("openai", request(messages=messages)).json["usage"]

    assert usage["prompt_tokens_details"]["cached_tokens"] == 1024


def test_half_a_surrogate_pair_does_no_harm() -> None:
    """What cannot be encoded comes back as a question mark."""
    raw = rb'{"model": "m", "messages": [{"role": "user", "content": "\ud800"}]}'

    assert send("/xai/chat/completions", raw).status == 200
