"""The nightly inspection: looks at all there is, and tells what an operator has to know of.

A signal is told only where there is something to count, and one line at the end of what was looked at.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterable

from openmind_llm.domain import utc
from openmind_llm.domain.inspections.ledgers import Checked, Ledgers
from openmind_llm.domain.inspections.models import Findings, ModelCheck
from openmind_llm.domain.telemetry import Signals

logger = logging.getLogger(__name__)

MOST_TOLD = 50
"""Lines of one finding; its count is of all."""

MARGIN_S = 120
"""What the last account may take, and the telling."""


class Nightly:
    """Blocking."""

    def __init__(self, models: ModelCheck, ledgers: Ledgers, signals: Signals, now: Callable[[], float]) -> None:
        self._models = models
        self._ledgers = ledgers
        self._signals = signals
        self._now = now

    def run(self, within_s: float) -> dict[str, int]:
        """How much was looked at. A part that fails does not keep the other from its work; then it raises."""
        until = self._now() + within_s - MARGIN_S
        try:
            looked_at = self._look_at_models()
        finally:
            accounts = self._look_at_ledgers(until)
        return looked_at | accounts

    def _look_at_models(self) -> dict[str, int]:
        found = self._models.findings(utc.day(self._now()))
        self._tell("models not listed", "ModelsMissing", found.missing)
        self._tell("prices drifted", "PricesDrifted", found.drifts)
        self._tell("shutdowns drifted", "ShutdownsDrifted", found.shutdown_drifts)
        self._tell("models retiring", "ModelsRetiring", found.abandoned)
        self._tell("providers not listed", "ProvidersUnlisted", [f"{n}: {why}" for n, why in found.deaf.items()])
        logger.info("models inspected", extra=_facts(found))
        return {"providers": len(found.listed), "models": sum(found.listed.values())}

    def _look_at_ledgers(self, until: float) -> dict[str, int]:
        """Of each account that does not add up at once, so that it is known however this ends."""
        unchecked: list[Checked] = []
        sound = unsound = 0
        for one in self._ledgers.check(until):
            if one.unchecked:
                unchecked.append(one)
            elif one.found:
                unsound += 1
                self._tell("ledger discrepancies", "LedgerDiscrepancies", one.found, account_id=one.account_id)
            else:
                sound += 1
        self._tell_unchecked(unchecked)
        counts = {"sound_accounts": sound, "unsound_accounts": unsound, "unchecked_accounts": len(unchecked)}
        logger.info("ledger inspected", extra=counts)
        return counts

    def _tell_unchecked(self, unchecked: list[Checked]) -> None:
        reasons = Counter(one.unchecked for one in unchecked)
        self._tell(
            "accounts unchecked", "AccountsUnchecked", [one.account_id for one in unchecked], reasons=dict(reasons)
        )

    def _tell(self, what: str, metric: str, found: Iterable[object], **facts: object) -> None:
        lines = [str(one) for one in found]
        if lines:
            self._signals.tell(what, {metric: len(lines)}, {"found": lines[:MOST_TOLD], **facts})


def _facts(found: Findings) -> dict[str, object]:
    return {
        "listed": found.listed,
        "unlisted": {name: told.reason for name, told in found.unlisted.items()},
        "dearer": sum(one.is_dearer for one in found.drifts),
        "cheaper": sum(not one.is_dearer for one in found.drifts),
        "retiring_with_fallback": [str(one) for one in found.endings if one.successor is not None][:MOST_TOLD],
    }
