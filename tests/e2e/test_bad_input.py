"""What is not as the contract says is refused in its form, and reaches no provider, through every door."""

import re
from typing import Any

import pytest

from tests import canaries
from tests.doors import Door
from tests.e2e.conftest import BEARER, Ask
from tests.fake_upstream import FakeUpstream

WRONG: list[tuple[str, Any, str]] = [
    ("temperature", -0.1, "temperature must be between 0 and 2"),
    ("temperature", 2.1, "temperature must be between 0 and 2"),
    ("temperature", "1", "temperature must be a number"),
    ("temperature", True, "temperature must be a number"),
    ("max_tokens", 0, "max_tokens must be at least 1"),
    ("max_tokens", 1.5, "max_tokens must be an integer"),
    ("max_tokens", "100", "max_tokens must be an integer"),
    ("top_p", 1.1, "top_p must be between 0 and 1"),
    ("top_p", -0.1, "top_p must be between 0 and 1"),
    ("frequency_penalty", 2.1, "frequency_penalty must be between -2 and 2"),
    ("presence_penalty", -2.1, "presence_penalty must be between -2 and 2"),
    ("stream", "true", "stream must be a boolean"),
    ("stream_options", [], "stream_options must be an object"),
    ("model", None, "model is required"),
    ("model", "", "model is required"),
    ("model", 4, "model must be a string"),
    ("model", ["gpt-4o"], "model must be a string"),
    ("messages", None, "messages is required"),
    ("messages", "Hello", "messages must be an array"),
    ("messages", [], "messages must not be empty"),
    ("messages", ["Hello"], "messages[0] must be an object"),
    ("messages", [{"content": "Hello"}], "messages[0].role must be one of"),
    ("messages", [{"role": "robot", "content": "Hello"}], "messages[0].role must be one of"),
    ("messages", [{"role": ["user"], "content": "Hello"}], "messages[0].role must be one of"),
    ("messages", [{"role": "user"}], "messages[0].content is required"),
    ("messages", [{"role": "user", "content": 7}], "messages[0].content must be a string or an array of parts"),
    ("messages", [{"role": "user", "content": ["x"]}], "messages[0].content[0] must be an object with a type"),
]


@pytest.mark.parametrize(("field", "value", "text"), WRONG)
def test_a_field_that_is_not_as_the_contract_says_is_400_and_named(
    ask: Ask, upstream: FakeUpstream, field: str, value: Any, text: str
) -> None:
    answer = ask(**{field: value})

    assert answer.status == 400
    assert answer.error.startswith(text)
    assert not upstream.received


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"not json",
        b'{"model": ',
        b'"gpt-4o"',
        b"[]",
        b"null",
        b"\xff\xfe{}",
        b"\xef\xbb\xbf{}",
        '{"model": "gpt-4o"}'.encode("utf-16"),
        b'{"temperature": NaN}',
        b'{"temperature": -Infinity}',
        b'{"model": "gpt-4o-mini", "model": "gpt-5"}',
        b'{"model": "gpt-4o", "messages": [{"role": "user", "role": "system", "content": "x"}]}',
        b'{"model": "gpt-4o", "messages": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
        b"[" * 100_000,
        b'{"seed": ' + b"9" * 5_000 + b"}",
        b'{"model": "gpt-4o", "messages": [{"role": "user", "content": "\\ud800"}]}',
        b'{"model": "gpt-4o", "messages": [{"role": "user", "content": "x"}], "seed": 1e999}',
    ],
)
def test_what_is_not_one_plain_json_object_is_400(ask: Ask, upstream: FakeUpstream, raw: bytes) -> None:
    answer = ask(raw=raw)

    assert answer.status == 400
    assert answer.error.startswith("Invalid JSON")
    assert not upstream.received


@pytest.mark.parametrize("name", ["Model", "MODEL", "me\u017f\u017fages", "Stream", "max_to\u212aens"])
def test_a_second_spelling_of_a_checked_field_is_400(ask: Ask, upstream: FakeUpstream, name: str) -> None:
    answer = ask(**{name: "gpt-5"})

    assert answer.status == 400
    assert answer.error.endswith("must be spelled in lower case")
    assert not upstream.received


def test_a_body_of_6_mb_is_taken_and_one_byte_more_is_413(ask: Ask, upstream: FakeUpstream) -> None:
    empty = b'{"model":"gpt-4o-mini","messages":[{"role":"user","content":"%s"}]}'
    filler = b"x" * (6 * 1024 * 1024 - len(empty % b""))

    whole, over = ask(raw=empty % filler), ask(raw=empty % (filler + b"x"))

    assert whole.status == 200
    assert (over.status, over.error) == (413, "The body must not be larger than 6291456 bytes")
    assert len(upstream.received) == 1


@pytest.mark.parametrize(
    "media_type",
    ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonp", "application/json; charset=utf-16"],
)
def test_another_content_type_is_415(ask: Ask, upstream: FakeUpstream, media_type: str) -> None:
    answer = ask(headers={"content-type": media_type})

    assert (answer.status, answer.error) == (415, "Content-Type must be application/json")
    assert not upstream.received


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json; charset=utf-8",
        "Application/JSON",
        'application/json;charset="UTF-8"',
        "application/json; profile=x; charset=utf-8",
    ],
)
def test_json_may_be_declared_in_its_other_spellings(ask: Ask, media_type: str) -> None:
    answer = ask(headers={"content-type": media_type})

    assert answer.status == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_another_method_is_405_and_says_which_is_allowed(door: Door, method: str) -> None:
    answer = door.request(method, "/api/core/openai/chat/completions", BEARER, b"")

    assert (answer.status, answer.error) == (405, "Method not allowed")
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize(
    "path", ["/", "/nothing", "/api/core", "/api/core/openai/chat/completions/", "/api/core/openai", "/v1/models"]
)
def test_an_unknown_path_is_404(door: Door, path: str) -> None:
    answer = door.request("GET", path, BEARER, b"")

    assert (answer.status, answer.error) == (404, "Not found")


@pytest.mark.parametrize(
    "provider", ["openai%0d%0ax-evil:%201", "%00", "..%2f..", "%ff%fe", "open%20ai", "%F0%9F%A4%96"]
)
def test_a_provider_that_tries_to_inject_is_404_and_no_header_is_born(ask: Ask, provider: str) -> None:
    answer = ask(provider)

    assert answer.status == 404
    assert re.fullmatch(r"[^\r\n]*", answer.error)
    assert "x-evil" not in answer.headers


@pytest.mark.parametrize("model", ["gpt-4o\r\nx-evil: 1", "gpt-4o\x00", "gpt-4o ", "x" * 201, "gpt-4ö"])
def test_a_model_that_tries_to_inject_is_400(ask: Ask, model: str) -> None:
    answer = ask(model=model)

    assert answer.status == 400
    assert "x-evil" not in answer.headers


@pytest.mark.parametrize("field", ["models", "route", "preset"])
def test_a_body_that_names_a_second_model_is_400(ask: Ask, upstream: FakeUpstream, field: str) -> None:
    answer = ask("openrouter", model="anthropic/claude-sonnet-4.5", **{field: ["openai/gpt-5-pro"]})

    assert (answer.status, answer.error) == (400, f"{field} is not supported: name one model")
    assert not upstream.received


@pytest.mark.parametrize(
    ("provider", "model", "field", "value"),
    [
        ("openrouter", "anthropic/claude-sonnet-4.5", "plugins", [{"id": "web", "max_results": 100}]),
        ("xai", "grok-4", "search_parameters", {"mode": "on"}),
        ("openai", "gpt-4o", "web_search_options", {}),
        ("openrouter", "anthropic/claude-sonnet-4.5", "tools", [{"type": "openrouter:web_search"}]),
        ("xai", "grok-4", "tools", [{"type": "live_search"}]),
    ],
)
def test_what_a_provider_bills_beyond_tokens_is_400(
    ask: Ask, upstream: FakeUpstream, provider: str, model: str, field: str, value: object
) -> None:
    answer = ask(provider, model=model, **{field: value})

    assert answer.status == 400
    assert answer.error.startswith(field)
    assert answer.error.endswith("only tokens are priced")
    assert not upstream.received


@pytest.mark.parametrize("tier", ["priority", "flex", "auto"])
def test_another_tier_than_the_one_that_is_priced_is_not_asked_for(ask: Ask, upstream: FakeUpstream, tier: str) -> None:
    ask(service_tier=tier)

    assert "service_tier" not in upstream.received[0].body


@pytest.mark.parametrize("option", [":online", "@preset/dear", ",openai/gpt-5-pro"])
def test_a_model_with_an_option_of_the_router_is_404(ask: Ask, upstream: FakeUpstream, option: str) -> None:
    answer = ask("openrouter", model=f"anthropic/claude-sonnet-4.5{option}")

    assert answer.status == 404
    assert not upstream.received


@pytest.mark.parametrize("key", [canaries.API_KEY, canaries.PROVIDER_KEY])
def test_a_key_sent_as_the_rest_of_a_model_is_not_logged(ask: Ask, key: str) -> None:
    assert ask(model=f"gpt-4o-{key}").status == 200


@pytest.mark.parametrize("key", [canaries.API_KEY, canaries.PROVIDER_KEY])
def test_a_key_sent_as_a_model_is_not_echoed(ask: Ask, key: str) -> None:
    answer = ask(model=key)

    assert answer.status == 404
    assert answer.error.startswith("unsupported model: [redacted].")
