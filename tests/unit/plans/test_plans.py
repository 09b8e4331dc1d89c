"""The packaged plans and an operator's changes to them."""

import json
from typing import Any

import pytest

from openmind_llm import plans
from openmind_llm.domain import money, pricing
from openmind_llm.domain.catalogue import Price
from openmind_llm.domain.plans import Limits, Plan, UnknownPlanError
from openmind_llm.plans import PlanOverrideError
from openmind_llm.providers import table

PLANS = plans.load()

NEW: dict[str, Any] = {
    "name": "club",
    "title": "Club",
    "monthly_credit": "12.5",
    "max_keys": 2,
    "output_tokens": 512,
    "limits": {"requests_per_second": 2, "burst": 4, "concurrency": 1},
}


def price_of(model: str) -> Price:
    return table.load().resolve("openai", model, "2026-11-23").price


def changed(name: str = "builder", **changes: Any) -> str:
    return json.dumps([{"name": name} | changes])


def added(**changes: Any) -> str:
    return json.dumps([NEW | changes])


PACKAGED = [
    # name, offered, OMCU a month, keys, output tokens, requests a second, burst, concurrency
    ("free", True, 50, 1, 1_024, 1, 3, 3),
    ("starter", False, 2_500, 5, 2_048, 5, 10, 10),
    ("standard", True, 2_500, None, 2_048, 5, 10, 10),
    ("builder", True, 15_000, None, 3_500, 20, 40, 40),
    ("pro", True, 100_000, None, 8_192, 40, 80, 80),
    ("enterprise", True, 1_500_000, None, 16_384, 100, 200, 200),
    ("unlimited", False, 1_000_000_000, None, 16_384, 10_000, 10_000, 10_000),
]


@pytest.mark.parametrize("row", PACKAGED, ids=lambda row: row[0])
def test_a_packaged_plan_is_as_documented(row: tuple[str, bool, int, int | None, int, int, int, int]) -> None:
    name, is_offered, credit, keys, output_tokens, rate, burst, concurrency = row

    assert PLANS.get(name) == Plan(
        name=name,
        title=name.title(),
        is_offered=is_offered,
        monthly_credit=credit * money.MICRO,
        max_keys=keys,
        output_tokens=output_tokens,
        limits=Limits(rate, burst, None, concurrency, None, None),
    )


def test_plans_are_listed_in_their_order() -> None:
    assert [plan.name for plan in PLANS.all()] == [row[0] for row in PACKAGED]


def test_an_unknown_plan_is_told_which_there_are() -> None:
    with pytest.raises(UnknownPlanError, match="there is no plan 'gold'; there are free, starter, standard"):
        PLANS.get("gold")


def test_a_builder_may_ask_gpt_5_twenty_times_at_once_with_2000_tokens_and_no_bound() -> None:
    builder = PLANS.get("builder")

    held = pricing.hold(price_of("gpt-5"), 2_000, builder.output_tokens)

    assert 20 * held <= builder.monthly_credit


def test_a_free_account_may_ask_gpt_4o_mini_with_500_tokens_and_no_bound() -> None:
    free = PLANS.get("free")

    assert pricing.hold(price_of("gpt-4o-mini"), 500, free.output_tokens) <= free.monthly_credit


def test_a_change_leaves_what_it_does_not_name() -> None:
    before = PLANS.get("builder")

    after = plans.load(changed(monthly_credit=20_000.5, limits={"burst": 50, "day_budget": "99.999999"})).get("builder")

    assert (after.monthly_credit, after.limits.burst, after.limits.day_budget) == (20_000_500_000, 50, 99_999_999)
    assert (after.title, after.max_keys, after.output_tokens) == (before.title, before.max_keys, before.output_tokens)
    assert after.limits.requests_per_second == before.limits.requests_per_second


def test_a_limit_is_lifted_by_null() -> None:
    limits = {"requests_per_second": None, "burst": None, "concurrency": None}

    plan = plans.load(changed("free", max_keys=None, limits=limits)).get("free")

    assert (plan.max_keys, plan.limits) == (None, Limits(None, None, None, None, None, None))


def test_a_plan_is_added_after_the_others_and_not_offered_unless_it_says_so() -> None:
    loaded = plans.load(added())

    assert loaded.all()[:-1] == PLANS.all()
    assert loaded.all()[-1] == Plan("club", "Club", False, 12_500_000, 2, 512, Limits(2, 4, None, 1, None, None))


def test_a_plan_may_come_without_credit() -> None:
    assert plans.load(added(monthly_credit=0)).get("club").monthly_credit == 0


@pytest.mark.parametrize("overrides", ["", "[]"])
def test_no_changes_are_no_changes(overrides: str) -> None:
    assert plans.load(overrides).all() == PLANS.all()


COUNT = "must be a positive integer"


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        ("{", "the plan overrides are not JSON"),
        ('{"name": "free"}', "the plan overrides must be a list of objects"),
        ("[1]", "the plan overrides must be a list of objects"),
        ('[{"name": "free"}, {"name": "free"}]', "the plan overrides name a plan twice"),
        ('[{"title": "x"}]', "plan override of None: name is missing"),
        (changed("gold"), "plan override of 'gold': title is missing"),
        (json.dumps([{"name": "Gold"} | {k: v for k, v in NEW.items() if k != "name"}]), "name must be up to 32"),
        (json.dumps([NEW | {"name": 7}]), "plan override of 7: name must be up to 32"),
        (changed(price=5), "plan override of 'builder': there is no field price"),
        (changed("two\nlines", title=""), r"plan override of 'two\nlines': name must be up to 32"),
        (changed(title=""), "title must be a text"),
        (changed(is_offered=1), "is_offered must be true or false"),
        (changed(monthly_credit=-1), "monthly_credit must not be negative"),
        (changed(monthly_credit=None), "plan override of 'builder': monthly_credit: not an amount: None"),
        (changed(monthly_credit=True), "monthly_credit: not an amount"),
        (changed(monthly_credit="0.0000001"), "monthly_credit: an amount may have six decimal places"),
        ('[{"name": "free", "monthly_credit": 1e999}]', "monthly_credit: an amount must be at most"),
        (changed(max_keys=0), f"max_keys {COUNT}"),
        (changed(max_keys=True), f"max_keys {COUNT}"),
        (changed(output_tokens=None), f"output_tokens {COUNT}"),
        (changed(output_tokens=1.5), f"output_tokens {COUNT}"),
        (changed(limits=[]), "plan override of 'builder': limits must be an object"),
        (changed(limits={"rps": 1}), "there is no field rps"),
        (changed(limits={"burst": 0}), f"burst {COUNT}"),
        (changed(limits={"burst": None}), "requests_per_second and burst must both be null or neither"),
        (changed(limits={"tokens_per_minute": "9"}), f"tokens_per_minute {COUNT}"),
        (changed(limits={"concurrency": -1}), f"concurrency {COUNT}"),
        (changed(limits={"month_budget": "much"}), "month_budget: not an amount: 'much'"),
        (added(limits={"requests_per_second": 1, "burst": 1}), "plan override of 'club': concurrency is missing"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line_that_names_it(overrides: str, told: str) -> None:
    with pytest.raises(PlanOverrideError) as refused:
        plans.load(overrides)

    assert told in str(refused.value)
    assert "\n" not in str(refused.value)
