"""What is fetched from an issuer is small, prompt and from where it was asked for."""

import socket
from collections.abc import Iterator

import pytest

from openmind_llm.identity import fetching
from openmind_llm.identity.fetching import UnreadableError
from tests.fake_issuer import FakeIssuer
from tests.fake_upstream import Reply


@pytest.fixture
def issuer() -> Iterator[FakeIssuer]:
    with FakeIssuer() as issuer:
        yield issuer


def test_a_query_is_part_of_the_address(issuer: FakeIssuer) -> None:
    issuer.replies["/keys?tenant=one"] = Reply(200, b"{}")

    assert fetching.json_object(f"{issuer.url}/keys?tenant=one#part") == {}


def test_an_answer_of_the_largest_size_is_read(issuer: FakeIssuer) -> None:
    issuer.replies["/"] = Reply(200, b"{}".ljust(fetching.MAX_BYTES))

    assert fetching.json_object(issuer.url) == {}


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, b"{}".ljust(fetching.MAX_BYTES + 1)),
        Reply(200, b"[]"),
        Reply(200, b"{"),
        Reply(200, b"\xff"),
        Reply(200, b"[" * 100_000),
        Reply(204),
        Reply(301, b"{}", {"location": "/elsewhere"}),
        Reply(404, b"{}"),
        Reply(500, b"{}"),
    ],
    ids=lambda reply: f"{reply.status} {reply.body[:4]!r}",
)
def test_another_answer_is_unreadable(issuer: FakeIssuer, reply: Reply) -> None:
    issuer.replies["/"] = reply

    with pytest.raises(UnreadableError):
        fetching.json_object(issuer.url)

    assert issuer.asked == ["/"]


@pytest.mark.parametrize(
    "url",
    ["http://id.example/", "http://10.0.0.1/", "http://127.0.0.1.id.example/", "ftp://127.0.0.1/", "id.example", ""],
)
def test_plain_http_leads_to_this_machine_alone(url: str) -> None:
    with pytest.raises(UnreadableError, match="neither https nor on this machine"):
        fetching.json_object(url)


def test_https_is_not_spoken_in_the_clear(issuer: FakeIssuer) -> None:
    with pytest.raises(UnreadableError, match="SSL"):
        fetching.json_object(issuer.url.replace("http:", "https:"))


def test_a_proxy_of_the_environment_is_not_used(issuer: FakeIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    issuer.replies["/"] = Reply(200, b"{}")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")

    assert fetching.json_object(issuer.url) == {}


def test_an_issuer_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "TIMEOUT_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(UnreadableError, match="TimeoutError"):
        fetching.json_object(f"http://127.0.0.1:{silent.getsockname()[1]}")


def test_an_issuer_that_is_not_there_is_unreadable() -> None:
    with pytest.raises(UnreadableError, match="ConnectionRefusedError"):
        fetching.json_object("http://127.0.0.1:9/")
