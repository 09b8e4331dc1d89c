"""When the counts of a bucket open a cell."""

from hypothesis import given
from hypothesis import strategies as st

from openmind_llm.domain.attempts import rules
from openmind_llm.domain.attempts.cells import CLOSED, HALF_OPEN, Cell, Counts, Look, Opening, Phase
from openmind_llm.domain.attempts.rules import BreakerRules

FULL = BreakerRules(one_in=1)
TALLIES = st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), st.integers(1, 40), max_size=4)
CELL = Cell("openai", "gpt-4o", "main")


def opens(failures: dict[str, int], answers: dict[str, int] | None = None, known: BreakerRules = FULL) -> bool:
    return rules.opens(Counts(answers or {}, failures), known)


def test_five_failures_of_ten_open() -> None:
    assert opens({"a": 3, "b": 2}, {"a": 2, "b": 2})


def test_four_failures_do_not_open_though_nothing_succeeds() -> None:
    assert not opens({"a": 2, "b": 2})


def test_five_failures_of_eleven_do_not_open() -> None:
    assert not opens({"a": 3, "b": 2}, {"c": 6})


def test_an_account_that_is_alone_opens() -> None:
    assert opens({"a": 5}, {"a": 3})


def test_an_account_does_not_open_what_works_for_another() -> None:
    assert not opens({"a": 100}, {"b": 1})


def test_one_failure_of_another_is_not_enough_to_believe_an_account() -> None:
    assert not opens({"a": 100, "b": 1})


def test_an_account_that_fails_much_opens_where_the_others_fail_too() -> None:
    assert opens({"a": 100, "b": 1, "c": 1})


def test_an_account_that_fails_much_does_not_open_where_few_of_the_others_fail() -> None:
    assert not opens({"a": 100, "b": 2, "c": 2}, {"b": 3, "c": 2})


def test_a_sample_without_answers_opens_at_five_failures_and_with_one_only_at_nine() -> None:
    assert opens({"a": 5}, known=BreakerRules())
    assert not opens({"a": 8}, {"a": 5}, BreakerRules())
    assert opens({"a": 9}, {"a": 5}, BreakerRules())


@given(failures=TALLIES, answers=TALLIES)
def test_fewer_failures_than_answers_never_open(failures: dict[str, int], answers: dict[str, int]) -> None:
    fewer = sum(failures.values()) < sum(answers.values())

    assert not (fewer and opens(failures, answers))


@given(failures=TALLIES, others=st.integers(1, 40))
def test_no_account_opens_alone_what_others_use(failures: dict[str, int], others: int) -> None:
    alone = {"a": sum(failures.values()) + 5}

    assert not opens(alone, {"b": others})
    assert opens(alone)


def test_accounts_have_few_tags() -> None:
    assert len({rules.tag(f"account-{number}") for number in range(10_000)}) == rules.TAGS


def test_a_cell_is_open_until_its_time_and_half_open_from_then_on() -> None:
    opening = Opening(until=100, for_s=30, why="outage")

    assert opening.state(99.9).phase is Phase.OPEN
    assert opening.state(99.9).until == 100
    assert opening.state(100) == HALF_OPEN


def test_a_cell_whose_probe_is_under_way_is_open_to_all_others() -> None:
    opening = Opening(until=100, for_s=30, why="outage", probe_until=160)

    assert opening.state(159.9).phase is Phase.OPEN
    assert opening.state(160) == HALF_OPEN


def test_a_cell_is_as_open_as_its_key() -> None:
    key_open, cell_half = Opening(200, 30, "credit"), Opening(100, 30, "outage")

    assert Look({CELL.key: key_open}, 150, 3600).state(CELL).why == "credit"
    assert Look({CELL: cell_half}, 150, 3600).state(CELL) == HALF_OPEN
    assert Look({CELL.key: key_open, CELL: cell_half}, 150, 3600).state(CELL).phase is Phase.OPEN
    assert Look({CELL.key: key_open}, 150, 3600).state(Cell("openai", "gpt-4o", "other")) == CLOSED


def test_an_opening_that_nobody_asked_for_is_forgotten() -> None:
    found = {CELL: Opening(100, 30, "outage")}

    assert Look(found, 3699, 3600).state(CELL) == HALF_OPEN
    assert Look(found, 3700, 3600).state(CELL) == CLOSED
