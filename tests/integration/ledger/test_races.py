"""Hundreds of requests at once, from processes that know nothing of each other: no limit is passed by a single one."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import quantiles

import pytest

from openmind_llm.domain import money, pricing
from openmind_llm.domain.plans import UNLIMITED, Limits, Plan
from tests.integration.ledger import racers
from tests.integration.ledger.books import Books, require_balanced
from tests.integration.ledger.conftest import Open, Run
from tests.integration.ledger.racers import INPUT, OUTPUT, Race, Result

HOLD = pricing.hold(racers.route().price, INPUT, OUTPUT)
TOKENS = INPUT + OUTPUT
NOON = 20_000 * 86_400 + 43_200
PLENTY = 10**15

UNDECIDED = "LedgerUnavailableError"
MOST_UNDECIDED = 5
"""Of 500: on a busy machine one write may meet others each time that it is tried. Nothing is held for it."""


def plan(limits: Limits = UNLIMITED) -> Plan:
    return Plan("race", "Race", False, 0, None, 4096, limits)


def told(name: str, result: Result) -> None:
    """For whoever runs the tests with -s: how it went."""
    decided, settled = sum(result.outcomes.values()), result.outcomes["admitted"]
    sys.stdout.write(
        f"\n{name}: {dict(result.outcomes)}; round trips per decision {result.trips_to_decide / decided:.2f}, "
        f"per settlement {result.trips_to_settle / settled:.2f}; decided within "
        f"{quantiles(result.waits, n=20)[-1]:.1f} s (95 %), {max(result.waits):.1f} s (all)\n"
    )


@dataclass
class Reads:
    """Of an account, over and over."""

    seen: list[dict[str, int]] = field(default_factory=list)


@contextmanager
def watching(books: Books) -> Iterator[Reads]:
    reads, is_over = Reads(), threading.Event()

    def read() -> None:
        while not is_over.wait(0.01):
            reads.seen.append(books.account())

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield reads
    finally:
        is_over.set()
        reader.join()


@dataclass(frozen=True)
class Bound:
    """What admits exactly 50."""

    refusal: str
    credit: int = PLENTY
    plan: Limits = UNLIMITED
    key: Limits = UNLIMITED


BOUNDS = {
    "credit": Bound("CreditError", credit=50 * HOLD + HOLD - 1),
    "rate": Bound("TooManyRequestsError", plan=Limits(requests_per_second=1, burst=50)),
    "concurrency": Bound("TooManyRequestsError", plan=Limits(concurrency=50)),
    "key's day budget": Bound("CreditError", key=Limits(day_budget=50 * HOLD)),
    "tokens per minute": Bound("TooManyRequestsError", plan=Limits(tokens_per_minute=50 * TOKENS)),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_of_500_parallel_requests_from_8_processes_exactly_the_50_that_are_allowed_are_admitted(
    name: str, open_account: Open, run: Run
) -> None:
    bound = BOUNDS[name]
    books = open_account(credit=bound.credit, key_limits=bound.key)

    result = run(Race(books.account_id, plan(bound.plan), calls=500, now=NOON))

    told(name, result)
    undecided = result.outcomes.pop(UNDECIDED, 0)
    assert result.outcomes == {"admitted": 50, bound.refusal: 450 - undecided}
    assert undecided <= MOST_UNDECIDED
    assert result.settle_failures == 0
    books.require_exact()
    assert books.account()["charged"] == 50 * HOLD
    assert books.account()["open_holds"] == 0


def test_1000_parallel_requests_whose_usage_exceeds_the_estimate_never_overdraw_one_dollar(
    open_account: Open, run: Run
) -> None:
    dollar = 10_000 * money.MICRO
    books = open_account(credit=dollar)

    with watching(books) as reads:
        result = run(
            Race(books.account_id, plan(), calls=1000, now=NOON, least=0.2, most=3.0, settles_last=False, seed=7)
        )

    told(f"one dollar ({len(reads.seen)} reads)", result)
    for seen in reads.seen:
        require_balanced(seen)
    assert result.outcomes["admitted"] + result.outcomes["CreditError"] == 1000
    assert result.settle_failures == 0
    books.require_exact()
    assert dollar - HOLD < books.account()["charged"] <= dollar


def test_all_are_decided_and_charged_though_half_of_the_writes_conflict(open_account: Open, run: Run) -> None:
    books = open_account(credit=100 * HOLD)
    started = time.monotonic()

    result = run(Race(books.account_id, plan(), calls=200, now=NOON, conflicts=0.5, seed=7))

    told(f"conflicts, {time.monotonic() - started:.1f} s", result)
    assert result.outcomes == {"admitted": 100, "CreditError": 100}
    assert result.settle_failures == 0
    books.require_exact()
