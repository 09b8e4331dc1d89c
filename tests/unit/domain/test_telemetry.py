"""The trace that a client names."""

import pytest

from openmind_llm.domain import telemetry

TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.mark.parametrize("version", ["00", "cc"])
def test_a_traceparent_names_its_trace(version: str) -> None:
    assert telemetry.trace_id(f" {version}-{TRACE}-b7ad6b7169203331-01 ") == TRACE


def test_a_later_version_may_say_more() -> None:
    assert telemetry.trace_id(f"01-{TRACE}-b7ad6b7169203331-01-more") == TRACE


@pytest.mark.parametrize(
    "header",
    [
        "",
        "nonsense",
        TRACE,
        f"ff-{TRACE}-b7ad6b7169203331-01",
        f"00-{'0' * 32}-b7ad6b7169203331-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-b7ad6b7169203331-01",
        f"00-{TRACE[:-1]}-b7ad6b7169203331-01",
        f"00-{TRACE}-b7ad6b7169203331-01\nmore",
    ],
)
def test_what_is_no_traceparent_names_none(header: str) -> None:
    assert telemetry.trace_id(header) == ""
