"""From an event to an ASGI scope and a body."""

import base64
import json
from typing import Any

import pytest

from openmind_llm.runtime import events
from openmind_llm.runtime.events import Request, UnknownEventError
from tests.unit.runtime.serving import rest_event, url_event


def _parse(event: Any) -> Request:
    return events.parse(json.dumps(event).encode())


@pytest.mark.parametrize("make", [rest_event, url_event])
def test_a_scope_has_what_asgi_asks_for(make: Any) -> None:
    scope = _parse(make()).scope

    fixed = ("type", "asgi", "http_version", "method", "scheme", "root_path")
    expected = ["http", {"version": "3.0", "spec_version": "2.4"}, "1.1", "GET", "https", ""]
    assert [scope[name] for name in fixed] == expected


@pytest.mark.parametrize(
    ("event", "client", "server"),
    [(rest_event(), "203.0.113.7", "api.example.com"), (url_event(), "203.0.113.8", "url.example.com")],
)
def test_a_scope_tells_client_and_server(event: Any, client: str, server: str) -> None:
    scope = _parse(event).scope

    assert (scope["client"], scope["server"]) == ((client, 0), (server, 443))


def test_a_scope_without_an_address_has_no_client() -> None:
    assert _parse(rest_event(requestContext={})).scope["client"] is None


@pytest.mark.parametrize("make", [rest_event, url_event])
def test_a_scope_carries_the_event(make: Any) -> None:
    assert _parse(make()).scope["aws.event"] == make()


@pytest.mark.parametrize("event", [rest_event(path="/a%20b/ü"), url_event(rawPath="/a%20b/%C3%BC")])
def test_a_path_is_decoded_once_and_kept_raw(event: Any) -> None:
    scope = _parse(event).scope

    assert (scope["path"], scope["raw_path"]) == ("/a b/ü", b"/a%20b/%C3%BC")


def test_rest_query_is_encoded_again() -> None:
    scope = _parse(rest_event(multiValueQueryStringParameters={"a": ["1", "x y"], "ü": ["&"]})).scope

    assert scope["query_string"] == b"a=1&a=x+y&%C3%BC=%26"


def test_rest_query_may_have_single_values() -> None:
    assert _parse(rest_event(queryStringParameters={"a": "1"})).scope["query_string"] == b"a=1"


def test_url_query_is_taken_as_it_is() -> None:
    assert _parse(url_event(rawQueryString="a=%20&a=+")).scope["query_string"] == b"a=%20&a=+"


def test_rest_headers_may_repeat() -> None:
    scope = _parse(rest_event(multiValueHeaders={"X-Tag": ["one", "two"]}, headers={"X-Tag": "two"})).scope

    assert scope["headers"] == [(b"x-tag", b"one"), (b"x-tag", b"two")]


def test_rest_headers_may_have_single_values() -> None:
    scope = _parse(rest_event(multiValueHeaders=None, headers={"X-Tag": "two"})).scope

    assert scope["headers"] == [(b"x-tag", b"two")]


@pytest.mark.parametrize("event", [rest_event(multiValueHeaders=None, headers=None), url_event(headers=None)])
def test_an_event_may_have_no_headers(event: Any) -> None:
    assert _parse(event).scope["headers"] == []


def test_url_headers_stay_joined() -> None:
    scope = _parse(url_event(headers={"X-Tag": "one,two"})).scope

    assert scope["headers"] == [(b"x-tag", b"one,two")]


def test_url_cookies_become_one_header() -> None:
    scope = _parse(url_event(headers={}, cookies=["a=1", "b=2"])).scope

    assert scope["headers"] == [(b"cookie", b"a=1; b=2")]


@pytest.mark.parametrize("make", [rest_event, url_event])
def test_a_text_body_is_encoded(make: Any) -> None:
    assert _parse(make(body="ü")).body == "ü".encode()


@pytest.mark.parametrize("make", [rest_event, url_event])
def test_a_base64_body_is_decoded(make: Any) -> None:
    event = make(body=base64.b64encode(b"\0\xff").decode(), isBase64Encoded=True)

    assert _parse(event).body == b"\0\xff"


@pytest.mark.parametrize("make", [rest_event, url_event])
def test_no_body_is_an_empty_one(make: Any) -> None:
    assert _parse(make(body=None)).body == b""


@pytest.mark.parametrize(
    "event",
    [
        {},
        [],
        None,
        "text",
        {"Records": []},
        rest_event(httpMethod=None),
        rest_event(path=None),
        rest_event(multiValueHeaders={"a": [1]}),
        rest_event(requestContext=None),
        rest_event(body={"a": 1}),
        rest_event(body="Y!Q==", isBase64Encoded=True),
        rest_event(body="\ud800"),
        url_event(requestContext={}),
        url_event(headers=["a"]),
    ],
)
def test_other_events_are_refused(event: Any) -> None:
    with pytest.raises(UnknownEventError):
        _parse(event)


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b"[" * 100_000], ids=["empty", "cut", "binary", "deep"])
def test_what_is_not_json_is_refused(raw: bytes) -> None:
    with pytest.raises(UnknownEventError):
        events.parse(raw)
