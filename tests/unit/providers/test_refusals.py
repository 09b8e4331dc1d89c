"""Providers' errors in every shape and spelling, and errors that hide in a 200."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmind_llm.domain.catalogue import ErrorRule, Provider
from openmind_llm.errors import (
    GatewayError,
    InvalidRequestError,
    ModelNotServedError,
    ProviderNotConfiguredError,
    ProviderUnavailableError,
    RateLimitError,
)
from openmind_llm.providers import refusals, table

ACME = Provider("acme", "Acme", "https://acme.example/v1", (ErrorRule(429, "out of credits", "provider_credit"),))

SHAPES: list[tuple[str, bytes, str]] = [
    ("openai", b'{"error": {"message": "Unknown", "type": "x", "param": null, "code": null}}', "Unknown"),
    ("openrouter", b'{"error": {"code": 400, "message": "No endpoints", "metadata": {"raw": "x"}}}', "No endpoints"),
    ("xai", b'{"code": "Client specified an invalid argument", "error": "Not supported"}', "Not supported"),
    ("gemini", b'[{"error": {"code": 400, "message": "Unknown name", "status": "INVALID_ARGUMENT"}}]', "Unknown name"),
    ("no error, a message", b'{"message": "Nope"}', "Nope"),
    ("html", b"<html>Bad gateway</html>", ""),
    ("empty", b"", ""),
    ("empty list", b"[]", ""),
    ("list of texts", b'["no"]', ""),
    ("a text", b'"no"', ""),
    ("null", b"null", ""),
    ("not UTF-8", b'{"error": "\xff"}', ""),
    ("too deep", b"[" * 100_000, ""),
    ("a number as message", b'{"error": {"message": 7}}', ""),
    ("an object as message", b'{"error": {"message": {"text": "no"}}}', ""),
    ("a list as message", b'{"error": {"message": ["no"]}}', ""),
    ("null as message", b'{"error": {"message": null}}', ""),
    ("a list as error", b'{"error": ["no"]}', ""),
    ("a number as error", b'{"error": 7}', ""),
    ("null as error", b'{"error": null, "message": "Nope"}', "Nope"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "text"), [shape[1:] for shape in SHAPES], ids=[shape[0] for shape in SHAPES])
def test_the_providers_text_is_found_in_every_shape(body: bytes, text: str) -> None:
    assert refusals.message(refusals.parse(body)) == text


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidRequestError),
        (401, ProviderNotConfiguredError),
        (402, ProviderNotConfiguredError),
        (403, ProviderNotConfiguredError),
        (404, ModelNotServedError),
        (408, ProviderUnavailableError),
        (413, InvalidRequestError),
        (418, ProviderUnavailableError),
        (422, InvalidRequestError),
        (429, RateLimitError),
        (500, ProviderUnavailableError),
        (503, ProviderUnavailableError),
        (302, ProviderUnavailableError),
    ],
)
def test_a_status_has_one_meaning(status: int, kind: type[GatewayError]) -> None:
    assert type(refusals.to_error(ACME, status, {}, b"")) is kind


def test_a_providers_rule_goes_before_the_status_whatever_the_case_of_its_text() -> None:
    error = refusals.to_error(ACME, 429, {}, b'{"error": "You are Out Of Credits."}')

    assert error.message == "acme account is out of credit"


def test_a_providers_rule_holds_for_its_status_alone() -> None:
    assert refusals.meaning(ACME, 400, "out of credits") == "input"


def test_only_a_refusal_of_the_input_quotes_the_provider() -> None:
    body = b'{"error": {"message": "their words"}}'

    texts = {status: refusals.to_error(ACME, status, {}, body).message for status in (400, 401, 402, 404, 429, 500)}

    assert [status for status, text in texts.items() if "their words" in text] == [400]


def test_a_quoted_text_is_fit_to_be_shown() -> None:
    body = json.dumps({"error": {"message": "half \ud83d\n" + "no " * 500}}).encode()

    text = refusals.to_error(ACME, 400, {}, body).message

    assert text.startswith("acme: half ??no no")
    assert len(text) <= len("acme: ") + 200


GOOD = {"message": {"content": "Hi"}, "finish_reason": "stop"}
FAILED = {"message": {"content": ""}, "finish_reason": "error"}

HIDDEN: list[tuple[Any, int | None]] = [
    ({"choices": [GOOD]}, None),
    ({"choices": [GOOD], "error": None}, None),
    ({"choices": [GOOD], "error": {}}, None),
    ({"choices": [GOOD, "no", None, 7]}, None),
    ({"choices": "no"}, None),
    ({"error": {"code": 429, "message": "slow"}}, 429),
    ({"error": {"code": 400}, "choices": [GOOD]}, 400),
    ({"error": {"code": 200}}, 502),
    ({"error": {"code": 600}}, 502),
    ({"error": {"code": "rate_limit_exceeded"}}, 502),
    ({"error": {"code": True}}, 502),
    ({"error": {"code": [429]}}, 502),
    ({"error": "no"}, 502),
    ({"error": ["no"]}, 502),
    ({"choices": [FAILED]}, 502),
    ({"choices": [FAILED | {"error": None}]}, 502),
    ({"choices": [FAILED | {"error": "no"}]}, 502),
    ({"choices": [GOOD, FAILED | {"error": {"code": 403}}]}, 403),
    (None, 502),
    ([], 502),
    ("no", 502),
    (7, 502),
]


@pytest.mark.parametrize(("body", "status"), HIDDEN, ids=str)
def test_an_error_that_hides_in_a_200_is_found(body: Any, status: int | None) -> None:
    assert refusals.hidden_status(body) == status


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "-1e400"])
def test_a_number_that_json_does_not_know_becomes_null(number: str) -> None:
    """Some servers write a log probability of minus infinity so. The rest of the answer is good."""
    assert refusals.parse(b'{"a": [1.5, %s]}' % number.encode()) == {"a": [1.5, None]}


def test_a_number_of_too_many_digits_is_no_answer() -> None:
    assert refusals.parse(b'{"a": %s}' % (b"9" * 5000)) is None


DAY = 86_400

WAITS: list[tuple[dict[str, str], int | None]] = [
    ({}, None),
    ({"retry-after": "7"}, 7),
    ({"retry-after": " 7 "}, 7),
    ({"retry-after": "0"}, 1),
    ({"retry-after": "1.2"}, 2),
    ({"retry-after": "7200"}, 7200),
    ({"retry-after": "9" * 400}, DAY),
    ({"retry-after": "9" * 5000}, DAY),
    ({"retry-after": "-7"}, None),
    ({"retry-after": "+7"}, None),
    ({"retry-after": "\u0667"}, None),
    ({"retry-after": "7s"}, None),
    ({"retry-after": "1e3"}, None),
    ({"retry-after": "inf"}, None),
    ({"retry-after": "nan"}, None),
    ({"retry-after": ""}, None),
    ({"retry-after": "soon"}, None),
    ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 1),
    ({"retry-after": "Wed, 21 Oct 2015 07:28:00"}, 1),
    ({"retry-after": "Wed, 21 Oct 2015 07:28:00 -0000"}, 1),
    ({"retry-after": "Wed, 21 Oct 9999 07:28:00 GMT"}, DAY),
    ({"retry-after": "Wed, 21 Oct 9999 07:28:00 -2359"}, DAY),
    ({"retry-after": "Wed, 21 Oct 99999 07:28:00 GMT"}, None),
    ({"retry-after": "Wed, 21 Oct 2015 07:28:00 +9999999999999999"}, None),
    ({"retry-after": "Wed, 21 Oct 99999999999999999999999999 07:28:00 GMT"}, None),
    ({"retry-after-ms": "1500"}, 2),
    ({"retry-after-ms": "1500.5"}, 2),
    ({"retry-after-ms": "0"}, 1),
    ({"retry-after-ms": "9" * 400}, DAY),
    ({"retry-after-ms": "9" * 5000}, DAY),
    ({"retry-after-ms": "soon"}, None),
    ({"retry-after-ms": "1500", "retry-after": "7"}, 2),
    ({"retry-after-ms": "soon", "retry-after": "7"}, 7),
]


@pytest.mark.parametrize(("headers", "wait"), WAITS, ids=lambda value: str(value)[:60])
def test_a_wait_is_read_in_every_spelling(headers: dict[str, str], wait: int | None) -> None:
    assert refusals.retry_after_s(headers, None) == wait


@pytest.fixture
def _in_tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nine hours from UTC."""
    with monkeypatch.context() as environment:
        environment.setenv("TZ", "JST-9")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("_in_tokyo")
@pytest.mark.parametrize("zone", ["GMT", "-0000", "", "+0000"])
def test_a_date_without_a_zone_is_in_utc(zone: str) -> None:
    later = datetime.now(UTC) + timedelta(seconds=100)
    text = format_datetime(later).removesuffix(" +0000") + f" {zone}"

    wait = refusals.retry_after_s({"retry-after": text.strip()}, None)

    assert wait is not None
    assert 95 <= wait <= 100


@pytest.mark.parametrize(
    ("delay", "wait"),
    [("17s", 17), ("16.2s", 17), ("0s", 1), ("9" * 400 + "s", DAY), ("9" * 5000 + "s", DAY), ("1m", None),
     ("-1s", None), ("", None), (17, None), (None, None), ({"seconds": 17}, None)],
    ids=lambda value: str(value)[:20],
)  # fmt: skip
@pytest.mark.parametrize("is_list", [True, False])
def test_geminis_wait_is_read_from_the_body(delay: Any, wait: int | None, is_list: bool) -> None:
    body = {"error": {"details": ["no", {"@type": "Help"}, {"@type": "RetryInfo", "retryDelay": delay}]}}

    assert refusals.retry_after_s({}, [body] if is_list else body) == wait


@pytest.mark.parametrize(
    "body", [[], ["no"], {"error": "no"}, {"error": {"details": "no"}}, {"error": {"details": {}}}]
)
def test_a_body_without_a_wait_tells_none(body: Any) -> None:
    assert refusals.retry_after_s({}, body) is None


def test_a_rate_limit_without_a_wait_asks_for_a_little() -> None:
    assert refusals.to_error(ACME, 429, {}, b"").retry_after_s == refusals.DEFAULT_RETRY_S


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters())
keys = st.sampled_from(["error", "message", "code", "details", "retryDelay", "choices", "finish_reason"])
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner), max_leaves=10)
waits = st.text(st.characters(max_codepoint=255)) | st.from_regex(
    r"(Mon, )?\d{1,25} (Jan|Feb) \d{1,25} \d\d:\d\d:\d\d( GMT| [+-]\d{1,25})?", fullmatch=True
)


@given(values.map(lambda value: json.dumps(value).encode()) | st.binary(), st.integers(100, 999), waits)
def test_whatever_a_provider_answers_is_an_error_of_ours(body: bytes, status: int, wait: str) -> None:
    """No exception of another kind comes out."""
    error = refusals.to_error(ACME, status, {"retry-after": wait}, body)

    refusals.hidden_status(refusals.parse(body))
    assert error.retry_after_s is None or 1 <= error.retry_after_s <= DAY


OTHERS = table.load()


@pytest.mark.parametrize(
    ("provider", "body", "means"),
    [
        ("openai", {"error": {"message": "Project `p` does not have access", "code": "model_not_found"}}, "model"),
        ("openai", {"error": {"message": "Missing scopes: model.request"}}, "forbidden"),
        (
            "xai",
            {"code": "No permission", "error": "Content violates usage guidelines."},
            "input",
        ),
        ("openrouter", {"error": {"code": 403, "message": "Your input was flagged"}}, "input"),
    ],
)
def test_a_403_does_not_speak_against_the_key_as_a_whole(provider: str, body: dict[str, Any], means: str) -> None:
    """Else anybody could have the operator's keys set aside, one after the other, for all."""
    error = refusals.to_error(OTHERS.provider(provider), 403, {}, json.dumps(body).encode())

    assert error.means == means


def test_whose_key_it_was_is_not_quoted() -> None:
    told = "Content violates usage guidelines. Team: 0f8fad5b-d9cb-469f-a165-70867728950e, Model: grok-4"

    error = refusals.to_error(OTHERS.provider("xai"), 403, {}, json.dumps({"error": told}).encode())

    assert error.message == "xai: Content violates usage guidelines. Team: [redacted], Model: grok-4"


def test_a_cap_beyond_what_is_left_is_not_held_against_the_key() -> None:
    told = "This request requires more credits, or fewer max_tokens. You requested up to 65536 tokens."

    assert refusals.meaning(table.load().provider("openrouter"), 402, told) == "too_dear"
