"""Wires what alarms watch. A module of its own: those who tell it do without what tells of requests."""

from openmind_llm.domain.telemetry import Signals
from openmind_llm.settings import Settings
from openmind_llm.telemetry import signals


def create(settings: Settings) -> Signals:
    return signals.Signals(settings.stage)
