"""Metrics that are not of a request: what alarms watch, told in a line of the log as CloudWatch's embedded format."""

import logging
from collections.abc import Mapping
from typing import Any

from openmind_llm.telemetry import metrics

logger = logging.getLogger(__name__)

SECONDS, COUNT = "Seconds", "Count"


class Signals:
    """See domain.telemetry.Signals. Told whatever the parameter Metrics says: an alarm without its metric is silent."""

    def __init__(self, stage: str) -> None:
        self._stage = stage

    def tell(self, what: str, counts: Mapping[str, float], facts: Mapping[str, Any] | None = None) -> None:
        measures = [(name, SECONDS if name.endswith("Seconds") else COUNT, value) for name, value in counts.items()]
        made = metrics.embedded(([{"stage": self._stage}], measures))
        logger.warning(what, extra={**made, **(facts or {})})
