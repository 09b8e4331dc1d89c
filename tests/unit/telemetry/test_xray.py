"""Traces, as the X-Ray daemon gets them."""

import json
import re
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from openmind_llm.domain.attempts import table
from openmind_llm.telemetry import xray
from openmind_llm.telemetry.xray import Trace
from tests.unit.telemetry.telling import PARENT, ROOT, SAMPLED, attempt, lines, told

PROVIDERS = {"outage", "unreachable", "broken", "timeout"}


@pytest.fixture
def daemon() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(5)
        yield listening


def received(daemon: socket.socket, count: int) -> list[dict[str, Any]]:
    documents = []
    for _ in range(count):
        header, _, document = daemon.recv(65_536).partition(b"\n")
        assert json.loads(header) == {"format": "json", "version": 1}
        documents.append(json.loads(document))
    return documents


def nothing_came(daemon: socket.socket) -> bool:
    """What was sent on loopback has arrived once sendto has returned."""
    daemon.setblocking(False)
    try:
        daemon.recv(65_536)
    except BlockingIOError:
        return True
    return False


def test_an_attempt_is_a_subsegment_of_the_invocation(daemon: socket.socket) -> None:
    lines(SAMPLED, daemon=daemon.getsockname()).tell(told(attempt()))
    (document,) = received(daemon, 1)

    assert re.fullmatch("[0-9a-f]{16}", document.pop("id"))
    assert document == {
        "type": "subsegment",
        "trace_id": ROOT,
        "parent_id": PARENT,
        "name": "openai",
        "namespace": "remote",
        "start_time": 1000.5,
        "end_time": 1000.75,
        "http": {"response": {"status": 200}},
        "annotations": {"model": "gpt-4o", "key_id": "main", "means": "answered", "request_id": "request-1"},
    }


def test_each_attempt_is_one_with_an_id_of_its_own(daemon: socket.socket) -> None:
    lines(SAMPLED, daemon=daemon.getsockname()).tell(told(attempt("rate"), attempt("outage"), attempt(provider="xai")))
    documents = received(daemon, 3)

    assert [one["name"] for one in documents] == ["openai", "openai", "xai"]
    assert len({one["id"] for one in documents}) == 3


@pytest.mark.parametrize("means", sorted(table.RULES.keys() - {"unconfigured"}))
def test_what_failed_is_marked_by_whose_it_is(daemon: socket.socket, means: str) -> None:
    lines(SAMPLED, daemon=daemon.getsockname()).tell(told(attempt(means)))
    (document,) = received(daemon, 1)

    assert document["annotations"]["means"] == means
    assert document.get("fault", False) is (means in PROVIDERS)
    assert document.get("error", False) is (means not in PROVIDERS)


def test_a_limit_is_marked_as_throttling(daemon: socket.socket) -> None:
    lines(SAMPLED, daemon=daemon.getsockname()).tell(told(attempt("rate")))
    (document,) = received(daemon, 1)

    assert document["throttle"] is True
    assert document["http"]["response"]["status"] == 429


def test_one_that_was_stopped_failed_nobody(daemon: socket.socket) -> None:
    lines(SAMPLED, daemon=daemon.getsockname()).tell(told(attempt("stopped")))
    (document,) = received(daemon, 1)

    assert not {"fault", "error", "throttle", "http"} & set(document)


def test_means_that_are_new_are_faults(daemon: socket.socket) -> None:
    lines(SAMPLED, daemon=daemon.getsockname()).tell(told(attempt("haunted")))
    (document,) = received(daemon, 1)

    assert document["fault"] is True


@pytest.mark.parametrize(
    "header",
    [
        "",
        "nonsense",
        f"Root={ROOT};Parent={PARENT};Sampled=0",
        f"Root={ROOT};Parent={PARENT}",
        f"Root={ROOT};Sampled=1",
        f"Root=1-2-3;Parent={PARENT};Sampled=1",
    ],
)
def test_without_a_sampled_trace_nothing_is_sent(daemon: socket.socket, header: str) -> None:
    lines(header, daemon=daemon.getsockname()).tell(told(attempt()))

    assert nothing_came(daemon)


def test_a_request_without_attempts_sends_nothing(daemon: socket.socket) -> None:
    lines(SAMPLED, daemon=daemon.getsockname()).tell(told())

    assert nothing_came(daemon)


def test_a_daemon_that_is_not_there_is_not_missed(caplog: pytest.LogCaptureFixture, daemon: socket.socket) -> None:
    gone = daemon.getsockname()
    daemon.close()

    lines(SAMPLED, daemon=gone).tell(told(attempt(), attempt()))

    assert "not told" not in caplog.messages


def test_other_fields_of_the_header_do_not_matter() -> None:
    assert xray.read(f"{SAMPLED};Lineage=a87bd80c:1|68fd508a:5|c512fbe3:2") == Trace(ROOT, PARENT, is_sampled=True)


@pytest.mark.parametrize(
    ("variable", "place"),
    [
        ("169.254.100.1:2000", ("169.254.100.1", 2000)),
        ("tcp:127.0.0.1:2000 udp:127.0.0.2:2001", ("127.0.0.2", 2001)),
        ("", None),
        ("tcp:127.0.0.1:2000", None),
        ("daemon.example:2000", None),
        ("127.0.0.1", None),
        ("127.0.0.1:", None),
    ],
)
def test_the_daemon_is_where_its_variable_says(variable: str, place: tuple[str, int] | None) -> None:
    assert xray.address(variable) == place
