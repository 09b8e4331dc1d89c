"""Which models end, and who answers for them then."""

import pytest

from openmind_llm.domain.inspections.endings import endings
from tests.unit.domain.routing import catalogue, row

DAY = "2026-12-31"


@pytest.mark.parametrize(("on", "count"), [("2026-11-30", 0), ("2026-12-01", 1), (DAY, 1), ("2027-02-01", 1)])
def test_a_shutdown_is_told_thirty_days_ahead_and_from_then_on(on: str, count: int) -> None:
    assert len(endings(catalogue(row("big", shutdown=DAY)), on)) == count


def test_a_model_that_nothing_answers_for_is_told_as_such() -> None:
    (found,) = endings(catalogue(row("big", shutdown=DAY)), DAY)

    assert found.successor is None
    assert str(found) == f"acme/big ends on {DAY}, and nothing answers for it"


def test_the_first_fallback_that_lives_on_answers() -> None:
    shop = catalogue(
        row("big", shutdown=DAY, fallbacks=("acme/small", "acme/tiny")),
        row("small", shutdown="2026-12-24"),
        row("tiny"),
    )

    big = next(one for one in endings(shop, "2026-12-20") if one.model == "big")

    assert str(big) == f"acme/big ends on {DAY}, then acme/tiny answers"


def test_fallbacks_that_end_as_well_are_none() -> None:
    shop = catalogue(row("big", shutdown=DAY, fallbacks=("acme/small",)), row("small", shutdown=DAY))

    assert [one.successor for one in endings(shop, DAY)] == [None, None]


def test_a_fallback_is_judged_by_what_it_is_sent_as() -> None:
    shop = catalogue(
        row("big", shutdown=DAY, fallbacks=("acme/small",)),
        row("small", upstream_id="gone"),
        row("gone", status="retired"),
    )

    assert next(one for one in endings(shop, DAY) if one.model == "big").successor is None


def test_a_retired_name_that_is_sent_as_a_living_model_does_not_end() -> None:
    shop = catalogue(row("gone", status="retired", shutdown="2026-05-15", upstream_id="new"), row("new"))

    assert endings(shop, DAY) == []


def test_a_name_that_is_sent_as_a_model_that_ends_ends_with_it() -> None:
    shop = catalogue(row("alias", upstream_id="big"), row("big", shutdown=DAY, fallbacks=("acme/new",)), row("new"))

    alias = next(one for one in endings(shop, DAY) if one.model == "alias")

    assert str(alias) == f"acme/alias (sent as big) ends on {DAY}, and nothing answers for it"


def test_a_retired_model_without_a_day_has_ended() -> None:
    (found,) = endings(catalogue(row("big", status="retired")), DAY)

    assert str(found) == "acme/big ends on a day that has passed, and nothing answers for it"
