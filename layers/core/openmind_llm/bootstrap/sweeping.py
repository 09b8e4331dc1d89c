"""Wires the sweeper."""

from openmind_llm.bootstrap import ledgers, signals
from openmind_llm.domain.ledger.sweeper import Sweeper
from openmind_llm.settings import Settings


def sweeper(settings: Settings) -> Sweeper:
    """Raises PlanOverrideError."""
    return Sweeper(ledgers.ledger(settings), signals.create(settings))
