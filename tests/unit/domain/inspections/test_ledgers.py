"""Every account is checked, until the time is up."""

import random
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from openmind_llm.domain.inspections.ledgers import Checked, Ledgers
from openmind_llm.domain.ledger.inspection import Inspection, MovingError
from openmind_llm.errors import LedgerUnavailableError
from tests.spending import clock_at

IDS = ["a", "b", "c", "d"]


def inspection(found: Callable[[str], list[str]]) -> Callable[[str], Inspection]:
    def made(account_id: str) -> Inspection:
        return cast("Inspection", SimpleNamespace(discrepancies=lambda: found(account_id)))

    return made


def ledgers(found: Callable[[str], list[str]], **changes: Any) -> Ledgers:
    parts: dict[str, Any] = {"account_ids": lambda: list(IDS), "now": clock_at(0), "shuffled": list}
    return Ledgers(inspection=inspection(found), **parts | changes)


def test_each_account_is_told_with_what_was_found() -> None:
    checked = list(ledgers(lambda account_id: ["wrong"] if account_id == "b" else []).check(10))

    assert checked == [Checked("a"), Checked("b", ("wrong",)), Checked("c"), Checked("d")]


def test_nothing_is_begun_once_the_time_is_up_and_the_rest_is_told_as_unchecked() -> None:
    clock = clock_at(0)

    def slow(_: str) -> list[str]:
        clock.now += 6
        return []

    checked = list(ledgers(slow, now=clock).check(10))

    assert [one.unchecked for one in checked] == ["", "", "no time left", "no time left"]


@pytest.mark.parametrize(
    ("error", "told"),
    [(MovingError("account b"), "too much is going on"), (LedgerUnavailableError(), "LedgerUnavailableError")],
)
def test_an_account_that_cannot_be_checked_is_no_discrepancy_and_stops_nobody(error: Exception, told: str) -> None:
    def found(account_id: str) -> list[str]:
        if account_id == "b":
            raise error
        return []

    checked = list(ledgers(found).check(10))

    assert checked == [Checked("a"), Checked("b", unchecked=told), Checked("c"), Checked("d")]


def test_the_order_is_of_chance() -> None:
    shuffled = random.Random(1)  # noqa: S311 - the same order each time

    checked = list(ledgers(lambda _: [], shuffled=lambda ids: shuffled.sample(ids, len(ids))).check(10))

    assert [one.account_id for one in checked] != IDS
    assert sorted(one.account_id for one in checked) == IDS
