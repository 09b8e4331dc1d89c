"""Lambda's environments under a load, in steps of a second, by the rule that AWS tells of.

An environment serves one request at a time. A request takes a free one; else a new one, if the function may still grow:
by what is left of the burst, which refills steadily, and below the quota. Else it is throttled, and does not come back.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count


@dataclass(frozen=True, slots=True)
class Scaling:
    """New environments at once, how many more each second, and how many there may be at all."""

    burst: int
    refill_s: int
    quota: int


@dataclass(frozen=True, slots=True)
class Stream:
    """How long a request holds its environment, and a new environment takes before that. Seconds."""

    busy_s: float
    init_s: float


@dataclass(frozen=True, slots=True)
class Second:
    """`environments` at its end, of which `new` were begun in it, by the first of the `served` requests or more."""

    environments: int
    new: int
    served: int
    throttled: int


def played(requests_s: int, stream: Stream, scaling: Scaling) -> Iterator[Second]:
    """Without end, from a function without environments, whom all of the load meets from the first second on."""
    environments, free, burst = 0, 0, scaling.burst
    ending: dict[int, int] = {}
    warm_s, cold_s = math.ceil(stream.busy_s), math.ceil(stream.busy_s + stream.init_s)
    for now in count():
        free += ending.pop(now, 0)
        warm = min(requests_s, free)
        new = min(requests_s - warm, burst, scaling.quota - environments)
        for until, number in ((now + warm_s, warm), (now + cold_s, new)):
            ending[until] = ending.get(until, 0) + number
        free, environments = free - warm, environments + new
        burst = min(scaling.burst, burst - new + scaling.refill_s)
        yield Second(environments, new, warm + new, requests_s - warm - new)


def needed(requests_s: float, stream: Stream) -> int:
    """Environments at once, when none is new: rate by duration."""
    return math.ceil(requests_s * stream.busy_s)


def steepest(stream: Stream, scaling: Scaling) -> float:
    """Requests a second that a load may grow by, each second, so that none is throttled once the burst is used up."""
    return scaling.refill_s / stream.busy_s


def calm_after(seconds: list[Second]) -> int | None:
    """The second from which on nothing is throttled; None where the last one still is."""
    throttled = [number for number, second in enumerate(seconds) if second.throttled]
    if not throttled:
        return 0
    return throttled[-1] + 1 if throttled[-1] + 1 < len(seconds) else None
