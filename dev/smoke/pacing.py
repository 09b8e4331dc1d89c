"""Whether a stream really streamed: what arrived when."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from dev.smoke.wire import Piece

ONE_MOMENT_S = 0.002
"""Reads that follow each other faster found what was there already."""

LEAST_EVENTS, LEAST_MOMENTS = 5, 3
LEAST_SPAN = 0.2
"""Of the time from the request to the last event, the part between the first event and the last."""

MOST_AT_ONCE = 0.5
"""Of all events, those that may come in one moment."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds count from the request. `at_once` is the most events that came in one moment."""

    events: int
    moments: int
    at_once: int
    first_s: float
    last_s: float
    largest_gap_s: float

    def __str__(self) -> str:
        first, last, gap = (round(seconds * 1000) for seconds in (self.first_s, self.last_s, self.largest_gap_s))
        return f"{self.events} events at {self.moments} moments, first {first} ms, last {last} ms, largest gap {gap} ms"


def events(raw: bytes) -> list[bytes]:
    """The data of each event, without comments."""
    lines = raw.replace(b"\r\n", b"\n").split(b"\n")
    return [line.removeprefix(b"data:").strip() for line in lines if line.startswith(b"data:")]


def pace(pieces: Sequence[Piece]) -> Pace:
    times = _times(pieces)
    if not times:
        return Pace(0, 0, 0, 0, 0, 0)
    gaps = [after - before for before, after in pairwise(times)]
    sizes = _moments(times)
    return Pace(len(times), len(sizes), max(sizes), times[0], times[-1], max(gaps, default=0))


def fault(pace: Pace) -> str:
    """Why this is no stream; empty for one."""
    if pace.events < LEAST_EVENTS:
        return f"fewer than {LEAST_EVENTS} events"
    if pace.last_s - pace.first_s < LEAST_SPAN * pace.last_s:
        return "buffered: the first event came hardly before the last"
    if pace.moments < LEAST_MOMENTS or pace.at_once > MOST_AT_ONCE * pace.events:
        return "buffered: most events came at once"
    return ""


def _times(pieces: Iterable[Piece]) -> list[float]:
    """When the end of each event's line came."""
    times, rest = [], b""
    for piece in pieces:
        *lines, rest = (rest + piece.raw).split(b"\n")
        times += [piece.at_s for line in lines if line.startswith(b"data:")]
    return times


def _moments(times: Sequence[float]) -> list[int]:
    """How many events came in each."""
    sizes = [1]
    for before, after in pairwise(times):
        if after - before > ONE_MOMENT_S:
            sizes.append(0)
        sizes[-1] += 1
    return sizes
