"""The catalogue against what a provider states."""

from typing import Any

import pytest

from openmind_llm.domain.catalogue import Price
from openmind_llm.domain.inspections import lists
from openmind_llm.domain.listing import Listed
from tests.unit.domain.routing import TODAY, catalogue, row


def listed(*names: str, shutdown: str | None = None, **prices: int) -> Listed:
    return Listed(names, prices, shutdown)


def priced(**usd: Any) -> Price:
    return Price("2026-01-01", usd, {"input": 1, "output": 1}, "documented")


def test_what_is_listed_is_not_missing() -> None:
    shop = catalogue(row("big", snapshots=("big-1",)))

    assert lists.missing(shop, "acme", [listed("big"), listed("big-1")], TODAY) == []


def test_a_model_that_is_listed_no_more_is_missing_once_with_all_rows_that_send_it() -> None:
    shop = catalogue(row("big"), row("old-big", upstream_id="big"), row("small"))

    found = lists.missing(shop, "acme", [listed("small")], TODAY)

    assert [str(one) for one in found] == ["acme/big is not listed; asked for by big, old-big"]


def test_a_snapshot_is_missing_by_itself() -> None:
    shop = catalogue(row("big", snapshots=("big-1", "big-2")))

    (found,) = lists.missing(shop, "acme", [listed("big", "big-2")], TODAY)

    assert found.upstream_id == "big-1"


@pytest.mark.parametrize(("on", "missing"), [("2026-12-10", 1), ("2026-12-11", 0)])
def test_from_the_day_of_its_shutdown_on_a_model_need_not_be_listed(on: str, missing: int) -> None:
    shop = catalogue(row("big", shutdown="2026-12-11"))

    assert len(lists.missing(shop, "acme", [listed("other")], on)) == missing


def test_a_retired_name_that_was_repointed_needs_the_model_that_it_is_sent_as() -> None:
    shop = catalogue(row("gone", status="retired", upstream_id="new"))

    (found,) = lists.missing(shop, "acme", [listed("gone")], TODAY)

    assert (found.upstream_id, found.rows) == ("new", ("gone",))


def test_only_the_providers_own_models_are_looked_for() -> None:
    shop = catalogue(row("big"), row("giant", "other"))

    assert lists.missing(shop, "acme", [listed("big")], TODAY) == []


def test_equal_prices_are_no_drift() -> None:
    shop = catalogue(row("big", prices=(priced(input=100, cached_input=10, output=200),)))

    assert lists.drifts(shop, "acme", [listed("big", input=100, cached_input=10, output=200)], TODAY) == []


@pytest.mark.parametrize(("theirs", "way"), [(101, "dearer"), (99, "cheaper")])
def test_a_price_that_differs_is_told_with_both_and_which_way(theirs: int, way: str) -> None:
    shop = catalogue(row("big", prices=(priced(input=100, output=200),)))

    (found,) = lists.drifts(shop, "acme", [listed("big", input=theirs, output=200)], TODAY)

    assert str(found) == f"acme/big input: ours 100, theirs {theirs} ({way})"
    assert found.is_dearer is (way == "dearer")


def test_a_price_is_compared_with_the_one_that_holds_that_day() -> None:
    later = Price("2026-12-01", {"input": 7, "output": 7}, {"input": 1, "output": 1}, "documented")
    shop = catalogue(row("big", prices=(priced(input=5, output=5), later)))

    assert lists.drifts(shop, "acme", [listed("big", input=5)], "2026-11-30") == []
    assert len(lists.drifts(shop, "acme", [listed("big", input=5)], "2026-12-01")) == 1


@pytest.mark.parametrize(("theirs", "drifts"), [(100, 0), (125, 1)])
def test_a_class_without_a_price_of_ours_is_compared_as_it_is_reckoned(theirs: int, drifts: int) -> None:
    shop = catalogue(row("big", prices=(priced(input=100, cache_write=None, output=200),)))

    assert len(lists.drifts(shop, "acme", [listed("big", cache_write=theirs)], TODAY)) == drifts


def test_what_the_provider_does_not_price_is_no_drift() -> None:
    shop = catalogue(row("big", prices=(priced(input=100, cached_input=10, output=200),)))

    assert lists.drifts(shop, "acme", [listed("big", input=100)], TODAY) == []


@pytest.mark.parametrize(("ours", "shown"), [(None, "never"), ("2026-12-24", "2026-12-24")])
def test_a_shutdown_that_only_the_provider_knows_is_told(ours: str | None, shown: str) -> None:
    shop = catalogue(row("big", shutdown=ours))

    (found,) = lists.shutdown_drifts(shop, "acme", [listed("big", shutdown="2026-12-31")])

    assert str(found) == f"acme/big ends: ours {shown}, theirs 2026-12-31"


def test_a_shutdown_is_compared_with_the_row_of_the_model_and_not_with_those_that_were_repointed_to_it() -> None:
    shop = catalogue(row("big", shutdown="2026-12-31"), row("old", upstream_id="big", shutdown="2026-05-15"))

    assert lists.shutdown_drifts(shop, "acme", [listed("big", shutdown="2026-12-31")]) == []


def test_a_provider_that_states_no_shutdown_says_nothing_of_ours() -> None:
    shop = catalogue(row("big", shutdown="2026-12-31"))

    assert lists.shutdown_drifts(shop, "acme", [listed("big")]) == []
