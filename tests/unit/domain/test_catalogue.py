"""From a provider and a model name to an upstream id and a price."""

from typing import Any

import pytest

from openmind_llm.domain.catalogue import ImageTokens, Model, Price
from openmind_llm.errors import UnknownModelError, UnknownProviderError
from tests.unit.domain import routing
from tests.unit.domain.routing import catalogue

TODAY = "2026-11-23"


def price(output: int, since: str = "2026-01-01") -> Price:
    return Price(since, {"input": 1, "output": output}, {"input": 1, "output": output}, "documented")


def row(name: str, provider: str = "acme", **changes: Any) -> Model:
    """Its id at the provider is another than its name."""
    fields = {"upstream_id": f"{name}-upstream", "prices": (price(1),), "ceiling": price(99)} | changes
    return routing.row(name, provider, **fields)


def test_a_row_is_found_by_its_name() -> None:
    model = row("big")

    route = catalogue(model, row("small")).resolve("acme", "big", TODAY)

    assert (route.provider.name, route.model, route.upstream_id) == ("acme", model, "big-upstream")
    assert (route.price, route.is_exact) == (price(1), True)


def test_an_alias_stands_for_the_rows_upstream_id() -> None:
    route = catalogue(row("big", aliases=("Vendor/Big",))).resolve("acme", "Vendor/Big", TODAY)

    assert (route.upstream_id, route.price, route.is_exact) == ("big-upstream", price(1), True)


def test_a_snapshot_goes_through_unchanged_at_the_rows_price() -> None:
    route = catalogue(row("big", snapshots=("big-2025-01-01",))).resolve("acme", "big-2025-01-01", TODAY)

    assert (route.upstream_id, route.price, route.is_exact) == ("big-2025-01-01", price(1), True)


@pytest.mark.parametrize(
    ("on", "since"),
    [
        ("2025-12-31", "2026-01-01"),
        ("2026-01-01", "2026-01-01"),
        ("2026-05-31", "2026-01-01"),
        ("2026-06-01", "2026-06-01"),
        ("2026-08-31", "2026-06-01"),
        ("2026-09-01", "2026-09-01"),
        ("2027-01-01", "2026-09-01"),
    ],
)
def test_the_newest_price_that_has_begun_holds_or_else_the_oldest(on: str, since: str) -> None:
    model = row("big", prices=(price(3), price(2, "2026-06-01"), price(1, "2026-09-01")))

    route = catalogue(model).resolve("acme", "big", on)

    assert route.price.version == since


def test_a_row_that_tells_nothing_of_images_has_the_common_bound() -> None:
    assert row("big").image_tokens == ImageTokens(low=1_800, high=1_800)


def test_an_unlisted_name_with_a_prefix_goes_through_at_the_ceiling() -> None:
    route = catalogue(row("big")).resolve("acme", "big-of-tomorrow", TODAY)

    assert (route.upstream_id, route.price, route.is_exact) == ("big-of-tomorrow", price(99), False)


@pytest.mark.parametrize("is_reversed", [False, True])
def test_the_longest_prefix_wins(is_reversed: bool) -> None:
    models = [row("big"), row("big-mini", ceiling=price(5)), row("b")]
    ordered = models[::-1] if is_reversed else models

    route = catalogue(*ordered).resolve("acme", "big-mini-2", TODAY)

    assert (route.model.name, route.price) == ("big-mini", price(5))


def test_an_exact_name_goes_before_a_longer_prefix_of_another_row() -> None:
    models = [row("b", aliases=("big-mini-2",)), row("big-mini")]

    assert catalogue(*models).resolve("acme", "big-mini-2", TODAY).model.name == "b"


def test_a_row_that_is_no_prefix_admits_its_own_name_alone() -> None:
    one = catalogue(row("big", is_prefix=False))

    assert one.resolve("acme", "big", TODAY).is_exact
    with pytest.raises(UnknownModelError):
        one.resolve("acme", "big-2", TODAY)


def test_a_prefix_without_a_ceiling_admits_its_own_name_alone() -> None:
    one = catalogue(row("big", ceiling=None))

    assert one.resolve("acme", "big", TODAY).is_exact
    with pytest.raises(UnknownModelError):
        one.resolve("acme", "big-2", TODAY)


def test_the_longest_prefix_refuses_even_where_a_shorter_one_has_a_ceiling() -> None:
    with pytest.raises(UnknownModelError):
        catalogue(row("big"), row("big-mini", ceiling=None)).resolve("acme", "big-mini-2", TODAY)


@pytest.mark.parametrize("name", ["", "BIG", "bi", " big", "very-big"])
def test_names_are_compared_as_they_are_from_their_beginning(name: str) -> None:
    with pytest.raises(UnknownModelError):
        catalogue(row("big")).resolve("acme", name, TODAY)


def test_a_model_of_one_provider_is_unknown_to_another() -> None:
    with pytest.raises(UnknownModelError):
        catalogue(row("big")).resolve("other", "big", TODAY)


def test_an_unknown_model_is_told_the_providers_prefixes() -> None:
    models = [row("big"), row("small"), row("hidden", is_prefix=False), row("foreign", "other")]

    with pytest.raises(UnknownModelError) as raised:
        catalogue(*models).resolve("acme", "medium", TODAY)

    assert raised.value.message == "unsupported model: medium. Supported model prefixes for acme: [big, small]"


def test_an_unknown_provider_is_told_so() -> None:
    with pytest.raises(UnknownProviderError) as raised:
        catalogue().resolve("nobody", "big", TODAY)

    assert raised.value.message == "unsupported model provider: nobody"


def test_models_are_listed_for_all_providers_or_for_one() -> None:
    one = catalogue(row("foreign", "other"), row("big"), row("small"))

    assert [model.name for model in one.models()] == ["big", "small", "foreign"]
    assert [model.name for model in one.models("other")] == ["foreign"]


def test_models_of_an_unknown_provider_are_not_an_empty_list() -> None:
    with pytest.raises(UnknownProviderError):
        catalogue().models("nobody")
