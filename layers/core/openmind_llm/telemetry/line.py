"""One line in the log for each request, with its metrics in it; and the trace of what was tried."""

import logging
from collections.abc import Callable
from typing import Any

from openmind_llm.domain.attempts.trail import Attempt
from openmind_llm.domain.telemetry import Content, Summary
from openmind_llm.telemetry import content as contents
from openmind_llm.telemetry import xray
from openmind_llm.telemetry.metrics import Metrics
from openmind_llm.telemetry.xray import Segments, Trace

logger = logging.getLogger(__name__)


class Lines:
    """The port Telemetry. `trace_header` gives what Lambda says of the invocation at hand, "" where it says nothing."""

    def __init__(self, metrics: Metrics, segments: Segments, trace_header: Callable[[], str]) -> None:
        self._metrics = metrics
        self._segments = segments
        self._trace_header = trace_header

    def tell(self, summary: Summary) -> None:
        trace = xray.read(self._trace_header())
        _try("line", lambda: self._write(summary, trace))
        _try("trace", lambda: self._segments.send(summary, trace))

    def tell_content(self, content: Content, *, is_wanted: bool) -> None:
        if is_wanted:
            _try("content", lambda: logger.info("content", extra=contents.fields(content)))

    def _write(self, summary: Summary, trace: Trace | None) -> None:
        if not logger.isEnabledFor(logging.INFO):
            return
        fields = _fields(summary, trace)
        _try("metrics", lambda: fields.update(self._metrics.fields(summary)))
        logger.info("completion", extra=fields)


def _fields(summary: Summary, trace: Trace | None) -> dict[str, Any]:
    facts = dict(summary.facts)
    facts |= {"attempts": len(summary.attempts), "tried": [_tried(attempt) for attempt in summary.attempts]}
    trace_id = _trace_id(facts.pop("trace_id", ""), trace)
    return facts | ({"trace_id": trace_id} if trace_id else {})


def _trace_id(given: str, trace: Trace | None) -> str:
    """Lambda names a trace for each invocation; one that is not sampled is kept nowhere, the client's may be."""
    if trace is None or (given and not trace.is_sampled):
        return given
    return trace.trace_id


def _tried(attempt: Attempt) -> dict[str, Any]:
    return {
        "provider": attempt.provider,
        "model": attempt.model,
        "key_id": attempt.key_id,
        "means": attempt.means or "answered",
        "ms": attempt.duration_ms,
    }


def _try(part: str, tell: Callable[[], None]) -> None:
    """Whatever goes wrong: the answer is not to be lost for what is told of it. An error's text may quote a value."""
    try:
        tell()
    except Exception as error:  # noqa: BLE001
        logger.error("not told", extra={"part": part, "cause": type(error).__name__})
