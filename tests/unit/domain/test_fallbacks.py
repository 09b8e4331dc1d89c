"""Which routes a request has, and in which order."""

import pytest

from openmind_llm.domain import fallbacks
from openmind_llm.domain.fallbacks import Itinerary
from openmind_llm.errors import InvalidRequestError, UnknownModelError, UnknownProviderError
from tests.unit.domain.routing import (
    BIG,
    ENDED,
    GIANT,
    SHOP,
    SMALL,
    TINY,
    TODAY,
    catalogue,
    in_order,
    planned,
    price,
    row,
    tried,
)


def test_the_catalogues_fallbacks_follow_the_asked_model_in_their_order_and_theirs_are_not_followed() -> None:
    assert tried(planned(SHOP)) == ["acme/big", "acme/small", "other/vendor/giant"]


def test_a_model_without_fallbacks_has_one_route_and_nothing_to_warn_of() -> None:
    asked = SHOP.resolve("acme", "tiny", TODAY)

    assert planned(SHOP, "tiny") == Itinerary(asked, (), is_gone=False, warnings=())


def test_what_the_request_names_goes_before_what_the_catalogue_does() -> None:
    assert tried(planned(SHOP, named=("acme/tiny",))) == ["acme/big", "acme/tiny", "acme/small", "other/vendor/giant"]


def test_an_alternative_tells_whether_the_request_has_named_it() -> None:
    found = planned(SHOP, named=("acme/tiny", "other/vendor/giant"))

    assert [(one.route.model.name, one.is_named) for one in found.alternatives] == [
        ("tiny", True),
        ("vendor/giant", True),
        ("small", False),
    ]


def test_a_request_can_switch_the_catalogues_fallbacks_off() -> None:
    assert tried(planned(SHOP, named=())) == ["acme/big"]


def test_nothing_is_tried_twice_and_the_first_place_counts() -> None:
    shop = catalogue(BIG, SMALL, TINY, GIANT, row("same", upstream_id="tiny"))

    found = planned(shop, named=("acme/tiny", "acme/same", "acme/big"))

    assert tried(found) == ["acme/big", "acme/tiny", "acme/small", "other/vendor/giant"]


def test_the_same_upstream_id_at_another_provider_is_another_route() -> None:
    shop = catalogue(row("big"), row("big", "other"))

    assert tried(planned(shop, named=("other/big",))) == ["acme/big", "other/big"]


def test_a_request_has_four_routes_at_most() -> None:
    rows = [row(name) for name in "abcdef"]
    shop = catalogue(row("big", fallbacks=("acme/d", "acme/e", "acme/f")), *rows)

    assert tried(planned(shop, named=("acme/a", "acme/b"))) == ["acme/big", "acme/a", "acme/b", "acme/d"]


def test_a_fallback_costs_its_own_price() -> None:
    shop = catalogue(row("big", fallbacks=("acme/small",)), row("small", prices=(price(7),)))

    assert [route.price.omcu["input"] for route in in_order(planned(shop))] == [1, 7]


def test_a_named_fallback_that_its_prefix_admits_costs_the_ceiling() -> None:
    last = in_order(planned(SHOP, named=("other/vendor/giant-2",)))[1]

    assert (last.upstream_id, last.is_exact, last.price.omcu["input"]) == ("vendor/giant-2", False, 99)


def test_a_name_that_its_prefix_alone_admits_has_no_fallbacks_but_those_that_the_request_names() -> None:
    assert tried(planned(SHOP, "big-of-tomorrow")) == ["acme/big-of-tomorrow"]
    assert tried(planned(SHOP, "big-of-tomorrow", ("acme/tiny",))) == ["acme/big-of-tomorrow", "acme/tiny"]


def test_an_alias_and_a_snapshot_have_their_rows_fallbacks() -> None:
    shop = catalogue(row("big", aliases=("b",), snapshots=("big-1",), fallbacks=("acme/tiny",)), TINY)

    assert tried(planned(shop, "b")) == ["acme/big", "acme/tiny"]
    assert tried(planned(shop, "big-1")) == ["acme/big-1", "acme/tiny"]


@pytest.mark.parametrize(
    ("named", "error"),
    [("nobody/big", UnknownProviderError), ("acme/medium", UnknownModelError), ("acme/other/big", UnknownModelError)],
)
def test_a_named_fallback_that_does_not_exist_is_refused(named: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        planned(SHOP, named=(named,))


@pytest.mark.parametrize(
    ("on", "order"),
    [("2026-12-10", ["acme/big", "acme/small"]), ("2026-12-11", ["acme/small", "acme/big"])],
)
def test_from_its_shutdown_on_a_model_is_tried_last(on: str, order: list[str]) -> None:
    assert tried(planned(catalogue(ENDED, SMALL), on=on)) == order


def test_a_retired_model_without_a_date_is_tried_last() -> None:
    assert tried(planned(catalogue(row("big", status="retired", fallbacks=("acme/small",)), SMALL))) == [
        "acme/small",
        "acme/big",
    ]


def test_a_row_whose_upstream_id_is_but_another_name_of_it_ends_with_its_row() -> None:
    preview = row("big", upstream_id="big-preview", aliases=("big-preview",), shutdown=TODAY, fallbacks=("acme/small",))

    assert tried(planned(catalogue(preview, SMALL))) == ["acme/small", "acme/big-preview"]


def test_a_snapshot_ends_with_its_row() -> None:
    assert tried(planned(catalogue(ENDED, SMALL), "big-1", on="2026-12-11")) == ["acme/small", "acme/big-1"]


def test_what_the_request_names_stays_before_what_the_catalogue_names_when_the_asked_model_has_ended() -> None:
    found = planned(catalogue(ENDED, SMALL, TINY), named=("acme/tiny",), on="2026-12-11")

    assert tried(found) == ["acme/tiny", "acme/small", "acme/big"]


def test_a_model_that_has_ended_is_tried_all_the_same_where_there_is_no_other() -> None:
    assert tried(planned(catalogue(ENDED, SMALL), named=(), on="2026-12-11")) == ["acme/big"]


def test_a_fallback_that_has_ended_is_the_last_of_them() -> None:
    shop = catalogue(row("big", fallbacks=("acme/old", "acme/small")), SMALL, row("old", shutdown=TODAY))

    assert tried(planned(shop)) == ["acme/big", "acme/small", "acme/old"]


def test_a_row_that_was_repointed_to_a_living_model_is_tried_first_after_its_shutdown() -> None:
    repointed = row("big", status="retired", shutdown="2026-01-01", upstream_id="tiny", fallbacks=("acme/small",))

    assert tried(planned(catalogue(repointed, SMALL, TINY))) == ["acme/tiny", "acme/small"]


def test_a_row_that_was_repointed_to_a_model_which_then_ends_is_tried_last() -> None:
    repointed = row("old", status="retired", shutdown="2026-01-01", upstream_id="big-1", fallbacks=("acme/small",))

    found = planned(catalogue(ENDED, SMALL, repointed), "old", on="2026-12-11")

    assert tried(found) == ["acme/small", "acme/big-1"]


def test_an_unlisted_name_is_not_tried_last_for_what_its_family_is() -> None:
    shop = catalogue(ENDED, SMALL)

    assert tried(planned(shop, "big-of-tomorrow", ("acme/small",), on="2026-12-11")) == [
        "acme/big-of-tomorrow",
        "acme/small",
    ]


@pytest.mark.parametrize(
    ("header", "named"),
    [
        (None, None),
        ("none", ()),
        (" none ", ()),
        ("openai/gpt-5", ("openai/gpt-5",)),
        ("openrouter/anthropic/claude-sonnet-4.6", ("openrouter/anthropic/claude-sonnet-4.6",)),
        ("openai/gpt-5 ,xai/grok-4,  gemini/x", ("openai/gpt-5", "xai/grok-4", "gemini/x")),
    ],
)
def test_the_header_names_up_to_three_fallbacks_or_none(header: str | None, named: tuple[str, ...] | None) -> None:
    assert fallbacks.parse(header) == named


@pytest.mark.parametrize(
    "header",
    [
        "",
        " ",
        "None",
        "gpt-5",
        "none,openai/gpt-5",
        "openai/",
        "/gpt-5",
        "openai/gpt-5,",
        "openai/gpt 5",
        "openai/gpt-5;q=1, xai/grök",
        "openai/gpt-5\nx: y",
        "a/b,a/c,a/d,a/e",
        "openai/" + "x" * 201,
    ],
)
def test_a_header_of_another_form_is_refused_by_its_name(header: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        fallbacks.parse(header)

    assert refused.value.message == (
        "x-openmind-fallback must be 'none', or at most 3 of the form provider/model, with commas between"
    )
