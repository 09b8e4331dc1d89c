"""Charges, holds and costs, computed by hand to the unit."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmind_llm.domain import pricing
from openmind_llm.domain.catalogue import Price, Provider, ReportedCost
from openmind_llm.domain.pricing import Cost
from openmind_llm.domain.usage import Usage

USD = {"input": 600_000, "cached_input": 110_000, "cache_write": 750_000, "output": 2_200_000, "tiers": []}
PRICE = Price("2026-11-23", USD, {"input": 4_000, "output": 15_000}, "documented")
SILENT = Provider("silent", "Silent", "https://silent.example", ())
DOLLARS = Provider("telling", "Telling", "https://telling.example", (), reported_cost=ReportedCost("cost", 1))
TICKS = Provider("ticking", "Ticking", "https://ticking.example", (), reported_cost=ReportedCost("ticks", 10**10))


def priced(*, usd: dict[str, Any] | None = None, omcu: dict[str, int] | None = None) -> Price:
    return Price("2026-11-23", USD | (usd or {}), PRICE.omcu | (omcu or {}), "documented")


def used(
    input_: int = 0, cached_input: int = 0, cache_write: int = 0, output: int = 0, reasoning: int = 0
) -> Usage:  # fmt: skip
    return Usage(input_, cached_input, cache_write, output, reasoning, is_exact=True)


@pytest.mark.parametrize(
    ("token_class", "expected"),
    [
        ("input", 4_000),
        ("cached_input", 734),  # 4000 * 11/60 = 733.3
        ("cache_write", 5_000),  # 4000 * 75/60
        ("output", 15_000),
        ("reasoning", 15_000),
    ],
)
def test_a_class_without_a_price_of_its_own_costs_its_share_at_the_provider_rounded_up(
    token_class: str, expected: int
) -> None:
    assert PRICE.per_token[token_class] == expected


@pytest.mark.parametrize("token_class", ["cached_input", "cache_write"])
def test_a_class_that_the_provider_does_not_price_costs_as_much_as_input(token_class: str) -> None:
    assert priced(usd={token_class: None}).per_token[token_class] == 4_000


@pytest.mark.parametrize("token_class", ["cached_input", "cache_write", "reasoning"])
def test_a_class_with_a_price_of_its_own_costs_that(token_class: str) -> None:
    assert priced(omcu={token_class: 7}).per_token[token_class] == 7


def test_each_token_is_charged_once_by_its_class() -> None:
    usage = used(input_=10, cached_input=100, cache_write=1_000, output=10_000, reasoning=100_000)

    assert pricing.charge(PRICE, usage) == 40_000 + 73_400 + 5_000_000 + 150_000_000 + 1_500_000_000


def test_the_charge_has_no_tiers() -> None:
    tiered = priced(usd={"tiers": [USD | {"above_input_tokens": 5, "input": 9_000_000, "output": 9_000_000}]})

    assert pricing.charge(tiered, used(input_=10, output=1)) == 55_000


@pytest.mark.parametrize(
    ("omcu", "dearest"), [({}, 5_000), ({"cache_write": 10}, 4_000), ({"cached_input": 9_000}, 9_000)]
)
def test_the_dearest_input_is_that_of_any_class(omcu: dict[str, int], dearest: int) -> None:
    assert priced(omcu=omcu).dearest_input == dearest


def test_a_hold_takes_the_dearest_class_of_input_and_of_output() -> None:
    assert pricing.hold(priced(omcu={"reasoning": 20_000}), 3, 2) == 3 * 5_000 + 2 * 20_000


@pytest.mark.parametrize(
    ("credit", "affordable"), [(0, 0), (49_999, 0), (64_999, 0), (65_000, 1), (79_999, 1), (80_000, 2), (-1, 0)]
)
def test_the_affordable_output_is_what_the_credit_leaves_beside_the_input(credit: int, affordable: int) -> None:
    assert pricing.affordable_output(PRICE, 10, credit) == affordable


counts = st.integers(0, 10**7)


@given(st.builds(used, counts, counts, counts, counts, counts))
def test_no_charge_exceeds_the_hold_for_as_many_tokens(usage: Usage) -> None:
    held = pricing.hold(PRICE, usage.prompt_tokens, usage.completion_tokens)

    assert pricing.charge(PRICE, usage) <= held


@given(counts, st.integers(0, 10**12))
def test_one_more_token_than_is_affordable_is_not(input_tokens: int, credit: int) -> None:
    output = pricing.affordable_output(PRICE, input_tokens, credit)

    assert pricing.hold(PRICE, input_tokens, output + 1) > credit
    assert output == 0 or pricing.hold(PRICE, input_tokens, output) <= credit


@pytest.mark.parametrize(
    ("usage", "micro_usd"),
    [
        (used(), 0),
        (used(input_=1), 1),  # 0.6
        (used(input_=5), 3),  # exactly
        (used(input_=1, cached_input=1), 1),  # 0.6 + 0.11, rounded once
        (used(cache_write=4, output=10), 25),  # 3 + 22
        (used(reasoning=10), 22),
    ],
)
def test_a_cost_by_the_list_is_rounded_up_once(usage: Usage, micro_usd: int) -> None:
    assert pricing.cost(SILENT, PRICE, usage, None) == Cost(micro_usd, is_reported=False)


def test_a_class_that_the_list_lacks_costs_as_much_as_input() -> None:
    price = priced(usd={"cached_input": None, "cache_write": None})

    assert pricing.cost(SILENT, price, used(cached_input=5, cache_write=5), None).micro_usd == 6


@pytest.mark.parametrize(
    ("usage", "micro_usd"),
    [
        (used(input_=1_000), 600),
        (used(input_=1_001), 2_002),
        (used(input_=501, cached_input=500), 1_202),
        (used(input_=901, cache_write=100, reasoning=1), 2_007),
        (used(input_=2_000, cached_input=1), 9_009),
    ],
    ids=["up to the bound", "above it", "cached input counts, too", "lacking classes as the tier's input", "the next"],
)
def test_a_long_prompt_costs_what_its_tier_does(usage: Usage, micro_usd: int) -> None:
    tier = {"input": 2_000_000, "cached_input": 400_000, "cache_write": None, "output": 5_000_000}
    dearer = {"input": 4_500_000, "cached_input": 9_000_000}
    tiers = [tier | {"above_input_tokens": 1_000}, tier | dearer | {"above_input_tokens": 2_000}]

    assert pricing.cost(SILENT, priced(usd={"tiers": tiers}), usage, None).micro_usd == micro_usd


@pytest.mark.parametrize(
    ("provider", "reported", "micro_usd"),
    [
        (DOLLARS, {"cost": 0.00042}, 420),
        (DOLLARS, {"cost": 0.0000001}, 1),
        (DOLLARS, {"cost": 0.1}, 100_000),
        (DOLLARS, {"cost": 2}, 2_000_000),
        (DOLLARS, {"cost": 0}, 0),
        (DOLLARS, {"cost": 0.0}, 0),
        (DOLLARS, {"cost": 10**9}, 10**15),
        (TICKS, {"ticks": 3_390_500}, 340),
        (TICKS, {"ticks": 3_390_000}, 339),
        (TICKS, {"ticks": 0}, 0),
    ],
)
def test_the_providers_own_word_goes_before_its_list(provider: Provider, reported: Any, micro_usd: int) -> None:
    assert pricing.cost(provider, PRICE, used(input_=5), reported) == Cost(micro_usd, is_reported=True)


@pytest.mark.parametrize(
    "amount",
    [None, "0.1", True, False, -1, -0.1, float("nan"), float("inf"), float("-inf"), 10**9 + 1, 10**5_000, [1], {}],
    ids=lambda amount: str(amount)[:12] if not isinstance(amount, int) or amount < 10**10 else "beyond any text",
)
def test_what_cannot_be_money_is_passed_over(amount: Any) -> None:
    assert pricing.cost(DOLLARS, PRICE, used(input_=5), {"cost": amount}) == Cost(3, is_reported=False)


@pytest.mark.parametrize("reported", [None, [], "0.1", 7, {}, {"price": 1}])
def test_a_provider_that_tells_nothing_costs_what_its_list_says(reported: Any) -> None:
    assert pricing.cost(DOLLARS, PRICE, used(input_=5), reported) == Cost(3, is_reported=False)


def test_a_provider_that_is_not_known_to_tell_its_charge_is_not_believed() -> None:
    assert pricing.cost(SILENT, PRICE, used(input_=5), {"cost": 9}) == Cost(3, is_reported=False)
