"""Rates, budgets and concurrency, each as a move of a counter that is made only within the limit.

A rate is a bucket (GCRA): its counter is the moment, in nanoseconds since the epoch, at which it is full again. A
budget is a window: its counters are the number of the day or month last spent in, and what was spent or held in it.
"""

from datetime import UTC, datetime
from functools import lru_cache

from openmind_llm.classes import dataclass
from openmind_llm.domain.ledger.counters import Counters, Move
from openmind_llm.domain.plans import Limits
from openmind_llm.errors import CreditError, TooManyRequestsError

NS = 1_000_000_000
SKEW_NS = 10 * NS
"""A bucket that fills later than this after it could be empty was written by a clock that was ahead: it is reset."""

_DAY_S = 86_400

BUSY_RETRY_S = 1
"""Nobody knows when one of the open requests ends."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """`capacity` units at once, one more every `interval_ns`."""

    counter: str
    unit: str
    interval_ns: int
    capacity: int

    def take(self, counters: Counters, units: int, now_ns: int) -> Move:
        """Raises TooManyRequestsError; one that no wait can help says so."""
        full_at, cost, room = counters[self.counter], units * self.interval_ns, self.capacity * self.interval_ns
        if cost > room:
            raise TooManyRequestsError(f"The request needs more than the {self.capacity} {self.unit} allowed at once")
        if full_at <= now_ns:
            return Move(self.counter, to=now_ns + cost, at_most=now_ns)
        if full_at > now_ns + room + SKEW_NS:
            return Move(self.counter, to=now_ns + cost, at_least=full_at)
        latest = now_ns + room - cost
        if full_at > latest:
            raise TooManyRequestsError(f"Too many {self.unit}", wait_ns=full_at - latest)
        return Move(self.counter, by=cost, at_least=now_ns + 1, at_most=latest)

    def left(self, counters: Counters, now_ns: int) -> int:
        return max(0, (self.capacity * self.interval_ns - self.refill_ns(counters, now_ns)) // self.interval_ns)

    def refill_ns(self, counters: Counters, now_ns: int) -> int:
        """Until it is full."""
        return max(0, counters[self.counter] - now_ns)


def request_bucket(limits: Limits) -> Bucket | None:
    if limits.requests_per_second is None:
        return None
    rate = limits.requests_per_second
    return Bucket("requests_full_at", "requests", -(-NS // rate), limits.burst or rate)


def token_bucket(limits: Limits) -> Bucket | None:
    """A minute's tokens at once."""
    if limits.tokens_per_minute is None:
        return None
    rate = limits.tokens_per_minute
    return Bucket("tokens_full_at", "tokens per minute", -(-60 * NS // rate), rate)


def take_rates(limits: Limits, counters: Counters, tokens: int, now_ns: int) -> list[Move]:
    """Raises TooManyRequestsError."""
    wanted = ((request_bucket(limits), 1), (token_bucket(limits), tokens))
    return [bucket.take(counters, units, now_ns) for bucket, units in wanted if bucket is not None]


def give_back_tokens(limits: Limits, unused: int) -> list[Move]:
    """What was taken for tokens that did not come. More than was taken, if more came: the next requests wait."""
    bucket = token_bucket(limits)
    return [] if bucket is None else [Move(bucket.counter, by=-unused * bucket.interval_ns)]


def take_place(limits: Limits, counters: Counters) -> Move:
    """Of those that may be open at once. Raises TooManyRequestsError."""
    if limits.concurrency is None:
        return Move("open_holds", by=1)
    if counters["open_holds"] >= limits.concurrency:
        text = f"Too many requests at once: {limits.concurrency} may be open"
        raise TooManyRequestsError(text, wait_ns=BUSY_RETRY_S * NS)
    return Move("open_holds", by=1, at_most=limits.concurrency - 1)


@dataclass(frozen=True, slots=True)
class Window:
    """A day or a month of UTC, by its number."""

    counter: str
    number: int
    budget: int | None

    @property
    def used(self) -> str:
        return f"{self.counter}_used"

    def left(self, counters: Counters) -> int | None:
        """Of the budget, in micro-OMCU; None without one."""
        return None if self.budget is None else max(0, self.budget - self.spent(counters))

    def spent(self, counters: Counters) -> int:
        """What is charged and held in it."""
        return counters[self.used] if counters[self.counter] >= self.number else 0

    def spend(self, counters: Counters, amount: int) -> list[Move]:
        """Raises CreditError. A clock that is behind spends in the window of those that are ahead."""
        left = self.left(counters)
        if left is not None and amount > left:
            raise CreditError(f"The {self.counter} budget of this API key is used up")
        current = counters[self.counter]
        if current < self.number:
            return [Move(self.counter, to=self.number, at_most=current), Move(self.used, to=amount)]
        at_most = None if self.budget is None else self.budget - amount
        return [Move(self.counter, at_least=current, at_most=current), Move(self.used, by=amount, at_most=at_most)]


def windows(limits: Limits, now_s: float) -> tuple[Window, Window]:
    day = int(now_s) // _DAY_S
    return Window("day", day, limits.day_budget), Window("month", _month(day), limits.month_budget)


@lru_cache(maxsize=4)
def _month(day: int) -> int:
    """The months since the year 0 of a day since the epoch."""
    then = datetime.fromtimestamp(day * _DAY_S, UTC)
    return then.year * 12 + then.month - 1


def give_back(counter: str, number: int, unused: int, counters: Counters) -> list[Move]:
    """To the window that it was taken from, while that lasts."""
    if counters[counter] > number:
        return [Move(counter, at_least=number + 1)]
    return [Move(counter, at_most=number), Move(f"{counter}_used", by=-unused)]
