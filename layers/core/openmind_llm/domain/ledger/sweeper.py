"""The sweeper, as it runs beside the gateway: what it did is told, if it did anything."""

from openmind_llm.domain.ledger.ledger import Ledger
from openmind_llm.domain.telemetry import Signals


class Sweeper:
    def __init__(self, ledger: Ledger, signals: Signals) -> None:
        self._ledger = ledger
        self._signals = signals

    def run(self) -> int:
        """How many holds were settled. A metric that is told of nothing would cost something while nothing happens.

        `SweepLagSeconds` is how long past its time the oldest of them was. Raises LedgerUnavailableError.
        """
        swept = self._ledger.swept()
        counts: dict[str, float] = {}
        if swept.entries:
            lags = [entry.settled_at / 1000 - entry.hold.expires_at for entry in swept.entries]
            counts |= {"HoldsSwept": len(swept.entries), "SweepLagSeconds": max(lags)}
        if swept.left:
            counts["HoldsNotSwept"] = swept.left
        if counts:
            self._signals.tell("swept", counts)
        return len(swept.entries)
