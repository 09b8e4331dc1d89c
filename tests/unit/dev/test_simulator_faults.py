"""Errors on demand, and the table that lists them."""

import json
import re
from typing import Any

import pytest

from dev.simulator import app
from tests.unit.dev.asking import PROVIDERS, Reply, ask, request


def _asked(provider: str, fault: str, **fields: Any) -> Reply:
    return ask(provider, request(f"simulate: {fault}", **fields))


def _listed() -> list[str]:
    return re.findall(r"^\| `simulate: (.+?)` \|", app.__doc__ or "", re.MULTILINE)


@pytest.mark.parametrize("fault", _listed())
@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_fault_of_the_table_is_known(provider: str, fault: str) -> None:
    """None of the lines in the docstring is answered as an unknown one."""
    reply = _asked(provider, fault)

    assert b"is not one of" not in reply.raw


def test_the_table_lists_all_kinds() -> None:
    """A guard against a table that cannot be read any more."""
    assert len(_listed()) == 12


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("status", [403, 408, 422, 429, 500, 502, 503, 529])
def test_a_status_is_answered_with(provider: str, status: int) -> None:
    """Any error status goes."""
    assert _asked(provider, str(status)).status == status


@pytest.mark.parametrize(
    ("provider", "fault", "status", "words"),
    [
        ("xai", "401", 400, "Incorrect API key"),
        ("openai", "401", 401, "Incorrect API key"),
        ("openai", "402", 429, "exceeded your current quota"),
        ("gemini", "402", 429, "exceeded your current quota"),
        ("xai", "402", 429, "used all available credits"),
        ("deepseek", "402", 402, "Insufficient Balance"),
        ("nearai", "402", 402, "Insufficient credits"),
        ("openrouter", "402", 402, "Insufficient credits"),
        ("deepseek", "404", 400, "The supported API model names are"),
        ("openai", "404", 404, "The model `gpt-4o-mini` does not exist"),
        ("openrouter", "404", 404, "No endpoints found for gpt-4o-mini"),
    ],
)
def test_a_refusal_is_the_providers_own(provider: str, fault: str, status: int, words: str) -> None:
    """Status and words are those that the provider uses for that cause."""
    reply = _asked(provider, fault)

    assert reply.status == status
    assert words in reply.raw.decode()


def test_openai_and_its_likes_answer_with_an_object() -> None:
    """Message, type, param and code."""
    for provider in ("openai", "deepseek", "nearai"):
        assert set(_asked(provider, "500").json["error"]) == {"message", "type", "param", "code"}


def test_gemini_answers_with_a_list() -> None:
    """Of one object, with Google's status."""
    [entry] = _asked("gemini", "503").json

    assert (entry["error"]["code"], entry["error"]["status"]) == (503, "UNAVAILABLE")


def test_xai_answers_with_a_string() -> None:
    """Beside a sentence as code."""
    body = _asked("xai", "403").json

    assert isinstance(body["error"], str)
    assert body["code"] == "The caller does not have permission to execute the specified operation"


def test_openrouter_answers_with_an_integer_code() -> None:
    """And with metadata."""
    error = _asked("openrouter", "429").json["error"]

    assert error["code"] == 429
    assert error["metadata"]["provider_name"]


@pytest.mark.parametrize("provider", ["openai", "deepseek", "xai", "nearai", "openrouter"])
def test_the_wait_is_told_in_a_header(provider: str) -> None:
    """In seconds."""
    assert _asked(provider, "429 retry-after=7").headers["retry-after"] == "7"


def test_gemini_tells_the_wait_in_the_body() -> None:
    """And in no header."""
    reply = _asked("gemini", "429 retry-after=7")

    assert reply.json[0]["error"]["details"][0]["retryDelay"] == "7s"
    assert "retry-after" not in reply.headers


def test_nearai_always_tells_the_wait() -> None:
    """Two seconds, unless told otherwise."""
    assert _asked("nearai", "429").headers["retry-after"] == "2"
    assert "retry-after" not in _asked("openai", "429").headers


def test_a_timeout_sends_nothing() -> None:
    """It ends when the client hangs up."""
    assert _asked("openai", "timeout").status == 0


@pytest.mark.parametrize("provider", PROVIDERS)
def test_an_error_hides_in_status_200(provider: str) -> None:
    """The body is the provider's error."""
    reply = _asked(provider, "200-error")

    assert reply.status == 200
    assert "Simulated error within status 200." in reply.raw.decode()
    assert b"choices" not in reply.raw


def test_an_error_comes_within_a_stream() -> None:
    """After some words, without a finish reason and without `[DONE]`."""
    reply = _asked("nearai", "200-error", stream=True)

    *chunks, last = reply.chunks
    assert chunks
    assert last["error"]["message"] == "Simulated error within status 200."
    assert b"[DONE]" not in reply.raw
    assert reply.is_whole


def test_openrouter_ends_a_stream_with_an_error_chunk() -> None:
    """It has choices, and the finish reason "error"."""
    last = _asked("openrouter", "200-error", stream=True).chunks[-1]

    assert last["error"]["code"] == 502
    assert last["choices"][0]["finish_reason"] == "error"


def test_a_cut_stream_just_stops() -> None:
    """No finish reason, no `[DONE]`, no end of the response."""
    reply = _asked("openai", "cut", stream=True)

    assert len(reply.chunks) > 1
    assert not any(chunk["choices"][0]["finish_reason"] for chunk in reply.chunks)
    assert not reply.is_whole


def test_a_cut_answer_is_shorter_than_its_length() -> None:
    """Half of the bytes that were announced."""
    reply = _asked("openai", "cut")

    assert len(reply.raw) == int(reply.headers["content-length"]) // 2
    assert not reply.is_whole


@pytest.mark.parametrize("fault", ["slow 3s", "slow 3.0s"])
def test_a_slow_answer_waits_once(fault: str) -> None:
    """Then it is like any other."""
    reply = _asked("openai", fault)

    assert reply.waits == [3.0]
    assert reply.json["choices"]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_usage_may_be_left_out(provider: str) -> None:
    """Whole or in pieces, nothing is counted."""
    whole = _asked(provider, "no-usage")
    stream = _asked(provider, "no-usage", stream=True, stream_options={"include_usage": True})

    assert "usage" not in whole.json
    assert not any(chunk.get("usage") for chunk in stream.chunks)


def test_the_line_may_stand_among_others() -> None:
    """A long prompt can ask for an error too."""
    reply = ask("openai", request("You are a robot.\n  simulate: 500  \r\nWhat do you do?"))

    assert reply.status == 500


def test_only_the_last_user_message_counts() -> None:
    """History does not repeat an error."""
    messages = [{"role": "user", "content": "simulate: 500"}, {"role": "user", "content": "Hello"}]

    assert ask("openai", request(messages=messages)).status == 200


def test_words_about_it_are_no_request() -> None:
    """Only a line that begins with it counts."""
    assert ask("openai", request("please simulate: 500")).status == 200


@pytest.mark.parametrize("fault", ["nonsense", "200", "429 soon", "slow", "600"])
def test_an_unknown_fault_is_refused_with_the_list(fault: str) -> None:
    """A typing error does not pass for an answer."""
    reply = _asked("openai", fault)

    assert reply.status == 400
    assert "no-usage" in json.dumps(reply.json)
