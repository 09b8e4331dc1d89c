"""Our lines are those of Powertools."""

import io
import json
import logging
import time
from typing import Any

import pytest
from aws_lambda_powertools import Logger
from hypothesis import given
from hypothesis import strategies as st

from openmind_llm.settings import Settings
from openmind_llm.telemetry import formatting
from openmind_llm.telemetry.formatting import LineFormatter

TRACE = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1"
NEEDED = {"TABLE_NAME": "t", "KEY_PEPPER_SECRET": "p"}
THEIRS = Logger(service="stream", stream=io.StringIO(), utc=True).registered_handler
MESSAGES = st.sampled_from(["completion", "ledger unavailable", "not told", "ein Wort: schön", "a\nb", "50% off"])
VALUES = st.none() | st.integers() | st.text() | st.lists(st.integers()) | st.booleans() | st.builds(object)
NAMES = st.sampled_from(["request_id", "attempts", "_aws", "service", "level", "exception", "location", "tried"])


def record(message: str, extra: dict[str, Any] | None = None, **more: Any) -> logging.LogRecord:
    made = logging.getLogger("test").makeRecord("test", logging.INFO, "file.py", 12, message, (), None, "tell")
    made.__dict__.update(extra or {})
    made.__dict__.update(more)
    return made


def both(told: logging.LogRecord, trace: str = "") -> tuple[list[Any], list[Any]]:
    """The fields, by ours and by theirs, but for the trace of an error, whose lines quote the source."""
    ours = json.loads(LineFormatter("stream", lambda: trace).format(told))
    theirs = {name: value for name, value in json.loads(THEIRS.format(told)).items() if name != "stack_trace"}
    return sorted(ours.items()), sorted(theirs.items())


@given(MESSAGES, st.dictionaries(NAMES, VALUES))
def test_a_line_is_what_powertools_writes(message: str, extra: dict[str, Any]) -> None:
    ours, theirs = both(record(message, extra))

    assert repr(ours) == repr(theirs)


def test_arguments_and_exceptions_are_written() -> None:
    failed = record("failed", exc_info=(KeyError, KeyError("name"), None))
    counted = record("a %s", args=("b",))

    assert [pair[0] == pair[1] for pair in map(both, (failed, counted))] == [True, True]
    assert dict(both(failed)[0])["exception_name"] == "KeyError"


def test_the_trace_of_the_invocation_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", TRACE)

    ours, theirs = both(record("completion"), TRACE)

    assert dict(ours)["xray_trace_id"] == "1-5bef4de7-ad49b0e87f6ef6c87fc2e700"
    assert ours == theirs


def test_the_timestamp_is_in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/Lima")
    time.tzset()
    try:
        ours, _ = both(record("completion", created=1_000_000_000.25))
    finally:
        monkeypatch.undo()
        time.tzset()

    assert dict(ours)["timestamp"] == "2001-09-09 01:46:40,250+0000"


@pytest.mark.parametrize(
    ("variables", "level"),
    [
        ({}, "INFO"),
        ({"LOG_LEVEL": "error"}, "ERROR"),
        ({"LOG_LEVEL": "ERROR", "AWS_LAMBDA_LOG_LEVEL": "DEBUG"}, "DEBUG"),
        ({"AWS_LAMBDA_LOG_LEVEL": "TRACE"}, "DEBUG"),
        ({"AWS_LAMBDA_LOG_LEVEL": "FATAL"}, "CRITICAL"),
    ],
)
def test_lambdas_level_goes_before_the_templates(variables: dict[str, str], level: str) -> None:
    assert Settings.from_env(NEEDED | variables).log_level == level


def test_what_the_package_tells_is_written_to_stdout_from_its_level_on(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = logging.getLogger("openmind_llm")
    for name in ("handlers", "propagate", "level"):
        monkeypatch.setattr(ours, name, getattr(ours, name))

    formatting.write("INFO", LineFormatter("stream", str))
    logging.getLogger("openmind_llm.domain").debug("unheard")
    logging.getLogger("openmind_llm.domain").info("heard")

    assert [json.loads(line)["message"] for line in capsys.readouterr().out.splitlines()] == ["heard"]
