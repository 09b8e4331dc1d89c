"""One request as its client saw it: when it was sent, what came when, and whether that was what was asked for."""

import time
from dataclasses import dataclass, field

from tests.benchmarks import canned


@dataclass(slots=True)
class Outcome:
    """Times are in milliseconds from the sending; delays from the upstream's write of a chunk to its arrival here."""

    fault: str
    latency: float
    first: float
    delays: list[float] = field(default_factory=list)
    gap: float = 0

    @property
    def worst(self) -> float:
        """The largest delay of a chunk."""
        return max(self.delays, default=0)


class Watch:
    """Takes a body as it arrives."""

    def __init__(self, *, stream: bool) -> None:
        self._stream = stream
        self._body = bytearray()
        self._seen_to = 0
        self._first = 0
        self._arrivals: list[int] = []
        self._delays: list[float] = []
        self._began = time.monotonic_ns()

    def take(self, data: bytes) -> None:
        now = time.monotonic_ns()
        self._first = self._first or now
        self._body += data
        if not self._stream:
            return
        for stamp in canned.STAMP.finditer(self._body, self._seen_to):
            self._seen_to = stamp.end()
            self._delays.append((now - int(stamp[1])) / 1e6)
            self._arrivals.append(now)

    def outcome(self, status: int, broken: str = "") -> Outcome:
        """`broken`: why no more came."""
        ended = time.monotonic_ns()
        fault = broken or ("" if status == 200 else f"status {status}: {bytes(self._body[:160])!r}")
        fault = fault or canned.fault(bytes(self._body), stream=self._stream)
        first = self._arrivals[0] if self._arrivals else self._first or ended
        gaps = [b - a for a, b in zip(self._arrivals, self._arrivals[1:], strict=False)]
        return Outcome(
            fault,
            (ended - self._began) / 1e6,
            (first - self._began) / 1e6,
            self._delays,
            max(gaps, default=0) / 1e6,
        )
