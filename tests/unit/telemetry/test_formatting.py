"""Our lines are those of Powertools."""

import io
import json
import logging
from typing import Any

import pytest
from aws_lambda_powertools import Logger
from hypothesis import given
from hypothesis import strategies as st

from openmind_llm.telemetry.formatting import LineFormatter

OURS, THEIRS = (
    Logger(service="stream", stream=io.StringIO(), logger_formatter=one).registered_handler
    for one in (LineFormatter(), None)
)
MESSAGES = st.sampled_from(["completion", "true", "Infinity", "NaN", "null", "", '{"a": 1}', "12", "a %s"]) | st.text()
VALUES = st.none() | st.integers() | st.text() | st.lists(st.integers()) | st.booleans()
NAMES = st.sampled_from(
    ["request_id", "attempts", "_aws", "service", "level", "exception", "sampling_rate", "location"]
)


def record(message: str, extra: dict[str, Any] | None = None, **more: Any) -> logging.LogRecord:
    made = logging.getLogger("test").makeRecord("test", logging.INFO, "file.py", 12, message, (), None, "tell")
    made.__dict__.update(extra or {})
    made.__dict__.update(more)
    return made


def both(told: logging.LogRecord) -> tuple[list[Any], list[Any]]:
    """The fields in their order, by ours and by theirs."""
    ours, theirs = (json.loads(handler.format(told)) for handler in (OURS, THEIRS))
    return list(ours.items()), list(theirs.items())


@given(MESSAGES, st.dictionaries(NAMES, VALUES))
def test_a_line_is_what_powertools_writes(message: str, extra: dict[str, Any]) -> None:
    ours, theirs = both(record(message, extra))

    assert repr(sorted(ours)) == repr(sorted(theirs))


def test_arguments_and_exceptions_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = record("failed", exc_info=(KeyError, KeyError("name"), None))
    counted = record("a %s", args=("b",))

    assert [pair[0] == pair[1] for pair in map(both, (failed, counted))] == [True, True]
    assert dict(both(failed)[0])["exception_name"] == "KeyError"


def test_the_trace_of_the_invocation_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1")

    ours, theirs = both(record("completion"))

    assert dict(ours)["xray_trace_id"] == "1-5bef4de7-ad49b0e87f6ef6c87fc2e700"
    assert dict(ours) == dict(theirs)
