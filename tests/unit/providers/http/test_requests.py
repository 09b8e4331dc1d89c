"""Requests as they go over the wire."""

import pytest

from openmind_llm.providers.http.errors import BadRequestError
from openmind_llm.providers.http.requests import Request


@pytest.mark.parametrize(
    ("url", "origin", "first_lines"),
    [
        ("https://api.acme.example/v1/chat", ("https", "api.acme.example", 443), b"/v1/chat|api.acme.example"),
        ("http://127.0.0.1:8080/a?b=c", ("http", "127.0.0.1", 8080), b"/a?b=c|127.0.0.1:8080"),
        ("https://[::1]:8443/v1", ("https", "::1", 8443), b"/v1|[::1]:8443"),
        ("https://ACME.example", ("https", "acme.example", 443), b"/|acme.example"),
    ],
)
def test_a_url_says_where_to_connect_and_what_to_ask_for(
    url: str, origin: tuple[str, str, int], first_lines: bytes
) -> None:
    request = Request("GET", url, {})
    target, host = first_lines.split(b"|")

    assert request.origin == origin
    assert request.head == b"GET " + target + b" HTTP/1.1\r\nhost: " + host + b"\r\n\r\n"


def test_headers_and_the_length_of_the_body_are_told() -> None:
    request = Request("POST", "http://acme.example/", {"accept": "text/plain"}, b"body")

    assert request.head.split(b"\r\n")[2:] == [b"accept: text/plain", b"content-length: 4", b"", b""]


@pytest.mark.parametrize(
    "url",
    [
        "https://user:secret@acme.example/",
        "https://@acme.example/",
        "ftp://acme.example/",
        "acme.example",
        "https:///v1",
        "https://acme.example:port/",
        "https://acme.example:99999/",
        "https://[::1/",
        "https://acme.example/a b",
        "https://acme.example/\r\nx: y",
        "https://acme.example/é",
    ],
)
def test_a_url_that_says_something_else_is_refused(url: str) -> None:
    with pytest.raises(BadRequestError):
        Request("GET", url, {})


@pytest.mark.parametrize("value", ["sk-1\r\nx-admin: 1", "sk-1\n", "sk\x00", "sk\x7f", "ключ"])
def test_a_value_that_would_be_more_than_one_is_refused_and_not_told(value: str) -> None:
    with pytest.raises(BadRequestError) as refused:
        Request("GET", "https://acme.example/", {"authorization": value})

    assert value not in str(refused.value)
    assert "authorization" in str(refused.value)
