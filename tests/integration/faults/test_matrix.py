"""Each cell of the matrix: what its caller got, what reached the providers, what was charged, and how long it took."""

import pytest

from tests.integration.faults.callers import SITUATIONS, Observed, Situation
from tests.integration.faults.outcomes import Outcome
from tests.integration.faults.played import Played, expected
from tests.integration.faults.rows import ROWS, Row
from tests.integration.faults.stage import CREDIT


def _id(row: Row, situation: Situation) -> str:
    way, fallback = "stream" if situation.is_stream else "whole", "-fallback" if situation.has_fallback else ""
    return f"{row.name}-{way}-{situation.keys}{fallback}"


CELLS = [
    pytest.param(row, situation, outcome, id=_id(row, situation))
    for row in ROWS
    for situation in SITUATIONS
    if (outcome := expected(row, situation)) is not None
]


@pytest.fixture
def observed(seen: Played, row: Row, situation: Situation) -> Observed:
    return seen.matrix[row.name, situation]


@pytest.mark.parametrize(("row", "situation", "outcome"), CELLS)
def test_a_fault_has_the_outcome_that_is_promised(observed: Observed, outcome: Outcome) -> None:
    assert observed.outcome == outcome


@pytest.mark.parametrize(("row", "situation", "outcome"), CELLS)
def test_nothing_stays_held_and_the_charge_is_all_that_is_gone(observed: Observed, outcome: Outcome) -> None:
    books = observed.books

    assert (books["held"], books["charged"], books["balance"]) == (0, outcome.charge, CREDIT - outcome.charge)
    assert books["granted"] == CREDIT


@pytest.mark.parametrize(("row", "situation", "outcome"), CELLS)
def test_a_caller_is_told_its_cost(observed: Observed, outcome: Outcome) -> None:
    """In the headers of all but a stream, whose headers are out before it is known."""
    has_begun = outcome.status == 200 and observed.cell.situation.is_stream

    assert observed.books.get("told") == (None if has_begun else outcome.charge)


@pytest.mark.parametrize(("row", "situation", "outcome"), CELLS)
def test_every_caller_gets_an_answer_in_time(observed: Observed, row: Row, outcome: Outcome) -> None:
    assert observed.heard.took_s < row.within_s
