"""Prices are added, and never written over: somebody may have been charged by them."""

from typing import Any

import pytest

from openmind_llm.domain.catalogue import OverrideError
from openmind_llm.domain.catalogue_rows import NewPrice, PriceHistoryError
from tests.unit.domain.catalogue.changing import TODAY, Shop, row


@pytest.fixture
def shop() -> Shop:
    return Shop()


def prices(shop: Shop, name: str = "openai/gpt-4o") -> list[dict[str, Any]]:
    provider, _, model = name.partition("/")
    found: list[dict[str, Any]] = shop.changes.rows()[provider, model]["prices"]
    return found


def later(shop: Shop, since: str = TODAY, **usd: int) -> dict[str, Any]:
    return prices(shop)[-1] | {"since": since, "usd": prices(shop)[-1]["usd"] | usd}


def test_a_new_price_comes_after_those_that_are_there_and_keeps_what_is_not_named(shop: Shop) -> None:
    before = prices(shop)

    shop.made(shop.changes.reprice("openai/gpt-4o", NewPrice(TODAY, {"input": 9}, {"output": 7}), {}, "alice"))

    assert prices(shop)[:-1] == before
    new = shop.catalogue.resolve("openai", "gpt-4o", TODAY).price
    old = before[-1]
    assert new.usd == old["usd"] | {"input": 9}
    assert new.omcu == old["omcu"] | {"output": 7}
    assert (new.version, new.omcu_basis) == (TODAY, "set by the operator")


def test_a_price_can_be_announced(shop: Shop) -> None:
    shop.made(shop.changes.reprice("openai/gpt-4o", NewPrice("2027-01-01", {}, {"output": 7}), {}, "alice"))

    versions = [shop.catalogue.resolve("openai", "gpt-4o", on).price.version for on in (TODAY, "2027-01-01")]
    assert versions == ["2026-11-23", "2027-01-01"]


def test_a_price_and_the_id_that_it_is_of_are_set_at_once(shop: Shop) -> None:
    price = NewPrice(TODAY, {}, {"output": 7})
    shop.made(shop.changes.reprice("openai/gpt-4o", price, {"upstream_id": "gpt-5"}, "alice"))

    route = shop.catalogue.resolve("openai", "gpt-4o", TODAY)
    assert (route.upstream_id, route.price.omcu["output"]) == ("gpt-5", 7)


def test_a_price_that_begins_before_one_that_is_there_is_refused(shop: Shop) -> None:
    with pytest.raises(OverrideError, match="prices must be sorted by their dates"):
        shop.changes.reprice("openai/gpt-4o", NewPrice("2026-11-22", {}, {"output": 7}), {}, "alice")


def test_a_price_with_tiers_is_not_made_of_two_numbers(shop: Shop) -> None:
    tier = {"above_input_tokens": 10, "input": 9, "output": 9}
    shop.set(row("openai/gpt-4o", prices=[*prices(shop), later(shop, tiers=[tier])]))  # type: ignore[arg-type]

    with pytest.raises(ValueError, match="the price has tiers"):
        shop.changes.reprice("openai/gpt-4o", NewPrice("2027-01-01", {"input": 9}, {}), {}, "alice")


@pytest.mark.parametrize("kept", [0, "changed"])
def test_prices_that_are_there_must_stay_as_they_are(shop: Shop, kept: int | str) -> None:
    shop.set(row("openai/gpt-4o", prices=[*prices(shop), later(shop, input=9)]))
    first, *_ = prices(shop)
    new = [first, later(shop, input=8)] if kept == "changed" else [later(shop)]

    with pytest.raises(PriceHistoryError, match="openai/gpt-4o: its prices from 2026-11-23, 2026-11-28 must stay"):
        shop.set(row("openai/gpt-4o", prices=new))


def test_whoever_says_so_may_write_over_prices(shop: Shop) -> None:
    shop.set(row("openai/gpt-4o", prices=[later(shop, input=8)]), rewrites_prices=True)

    assert [price["since"] for price in prices(shop)] == [TODAY]


def test_where_a_price_comes_from_may_be_told_anew(shop: Shop) -> None:
    told = [price | {"source": "the price list"} for price in prices(shop)]

    shop.set(row("openai/gpt-4o", prices=told))

    assert prices(shop) == told


def test_another_ceiling_needs_a_later_date(shop: Shop) -> None:
    ceiling = shop.changes.rows()["openai", "gpt-4o"]["ceiling"]
    dearer = ceiling | {"omcu": {"input": 9, "output": 9}}

    with pytest.raises(PriceHistoryError, match="openai/gpt-4o: another ceiling needs a later date than 2026-11-23"):
        shop.set(row("openai/gpt-4o", ceiling=dearer))
    shop.set(row("openai/gpt-4o", ceiling=dearer | {"since": TODAY}))

    assert shop.catalogue.resolve("openai", "gpt-4o-new", TODAY).price.omcu == {"input": 9, "output": 9}


def test_an_undo_takes_a_price_back(shop: Shop) -> None:
    before = prices(shop)
    shop.set(row("openai/gpt-4o", prices=[*before, later(shop, input=9)]))

    change = shop.made(shop.changes.undo("alice"))

    assert change.lines == ("openai/gpt-4o price from 2026-11-28 goes",)
    assert prices(shop) == before


def test_a_price_is_told_in_dollars_and_omcu(shop: Shop) -> None:
    change = shop.changes.reprice("openai/gpt-4o", NewPrice(TODAY, {"input": 1_250_000}, {"output": 7}), {}, "alice")

    assert change.lines == (
        "openai/gpt-4o price from 2026-11-28: 1.25/10 USD, 42500/7 OMCU per million tokens of input/output",
    )


def test_an_amount_in_the_wrong_unit_is_refused(shop: Shop) -> None:
    with pytest.raises(OverrideError, match="prices must be positive integers up to 10000000000"):
        shop.changes.reprice("openai/gpt-4o", NewPrice(TODAY, {"input": 150_000_000_000}, {}), {}, "alice")
