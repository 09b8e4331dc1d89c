"""What an error status means."""

import pytest

from openmind_llm.domain.attempts import table

RETRIED = (408, 409, 425, 429, 500, 502, 503, 504, 520, 529)
NEVER = (400, 401, 402, 403, 404, 405, 410, 411, 413, 415, 418, 422, 431, 451, 501, 505)


@pytest.mark.parametrize("status", RETRIED)
def test_what_may_heal_is_tried_again(status: int) -> None:
    assert table.rule(table.meaning(status)).again


@pytest.mark.parametrize("status", NEVER)
def test_what_will_not_heal_is_not_tried_again_with_the_same_key(status: int) -> None:
    assert not table.rule(table.meaning(status)).again


@pytest.mark.parametrize("status", [400, 413, 422])
def test_the_requests_own_fault_has_no_fallback(status: int) -> None:
    assert not table.rule(table.meaning(status)).elsewhere


def test_an_error_that_says_nothing_of_itself_is_never_tried_again() -> None:
    assert table.rule("") == table.RULES["input"]


def test_only_failures_after_sending_may_have_been_billed() -> None:
    costly = {means for means in table.RULES if table.unavailable("openai", means).may_have_cost}

    assert costly == {"broken", "timeout", "too_large"}


@pytest.mark.parametrize("means", ["forbidden", "too_dear", "too_large", "input", "model"])
def test_what_one_callers_request_can_bring_about_takes_no_key_from_the_others(means: str) -> None:
    rule = table.rule(means)

    assert not rule.set_aside_s
    assert not rule.is_counted


def test_a_403_is_about_the_request_as_far_as_its_status_tells() -> None:
    assert table.meaning(403) == "forbidden"


def test_an_answer_that_is_too_large_is_not_made_once_more() -> None:
    rule = table.rule("too_large")

    assert (rule.again, rule.other_key, rule.elsewhere) == (False, False, False)
