"""Wires what is told of a request."""

from openmind_llm.domain.telemetry import Telemetry
from openmind_llm.settings import Settings
from openmind_llm.telemetry import formatting, xray
from openmind_llm.telemetry.formatting import LineFormatter
from openmind_llm.telemetry.line import Lines
from openmind_llm.telemetry.metrics import Metrics
from openmind_llm.telemetry.xray import Segments


def log(settings: Settings) -> None:
    """Of a function whose start and requests should not wait for Powertools."""
    formatting.write(settings.log_level, LineFormatter(settings.service, settings.trace_header))


def create(settings: Settings) -> Telemetry:
    segments = Segments(xray.address(settings.xray_daemon_address))
    return Lines(Metrics(settings.stage, settings.metrics), segments, settings.trace_header)
