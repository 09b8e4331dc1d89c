"""Wires what is told of a request."""

from openmind_llm.domain.telemetry import Telemetry
from openmind_llm.settings import Settings
from openmind_llm.telemetry import xray
from openmind_llm.telemetry.formatting import LineFormatter
from openmind_llm.telemetry.line import Lines
from openmind_llm.telemetry.metrics import Metrics
from openmind_llm.telemetry.xray import Segments


def lines() -> LineFormatter:
    """For the Logger of a function whose requests should not wait for what is told of them."""
    return LineFormatter()


def create(settings: Settings) -> Telemetry:
    segments = Segments(xray.address(settings.xray_daemon_address))
    return Lines(Metrics(settings.stage, settings.metrics), segments, settings.trace_header)
