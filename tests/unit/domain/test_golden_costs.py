"""From each provider's usage object to what its caller is charged and its operator pays, computed by hand."""

from dataclasses import dataclass
from typing import Any

import pytest

from openmind_llm.domain import pricing, usage
from openmind_llm.domain.pricing import Cost
from openmind_llm.domain.usage import Usage
from openmind_llm.providers import table

CATALOGUE = table.load()
DAY = "2026-11-23"


@dataclass(frozen=True)
class Golden:
    """`counted`: input, cached input, cache write, output, reasoning."""

    provider: str
    model: str
    reported: dict[str, Any]
    counted: tuple[int, int, int, int, int]
    micro_omcu: int
    cost: Cost


GOLDEN = {
    # 177 * 25,000 + 1,024 * 2,500 + 350 * 200,000; 177 * 1.25 + 1,024 * 0.125 + 350 * 10 = 3,849.25
    "openai: cached and reasoning": Golden(
        "openai",
        "gpt-5",
        {
            "prompt_tokens": 1201,
            "completion_tokens": 350,
            "total_tokens": 1551,
            "prompt_tokens_details": {"cached_tokens": 1024, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 128, "audio_tokens": 0},
        },
        (177, 1024, 0, 222, 128),
        76_985_000,
        Cost(3_850, is_reported=False),
    ),
    # 360 * 1,400 + 640 * 28 + 200 * 2,800; 360 * 0.3 + 640 * 0.006 + 200 * 1.2 = 351.84
    "deepseek: its older name for cached": Golden(
        "deepseek",
        "deepseek-chat",
        {
            "prompt_tokens": 1000,
            "completion_tokens": 200,
            "total_tokens": 1200,
            "prompt_cache_hit_tokens": 640,
            "prompt_cache_miss_tokens": 360,
        },
        (360, 640, 0, 200, 0),
        1_081_920,
        Cost(352, is_reported=False),
    ),
    # 210 * 40,000 + 1,095 * 180,000; 210 * 2 + 1,095 * 12
    "gemini: thinking only in the total": Golden(
        "gemini",
        "gemini-3-pro",
        {"prompt_tokens": 210, "completion_tokens": 95, "total_tokens": 1305},
        (210, 0, 0, 95, 1000),
        205_500_000,
        Cost(13_560, is_reported=False),
    ),
    # 200,000 * 40,000 + 10 * 180,000; 200,000 * 2 + 10 * 12
    "gemini: as long as its first tier": Golden(
        "gemini",
        "gemini-3-pro",
        {"prompt_tokens": 200_000, "completion_tokens": 10, "total_tokens": 200_010},
        (200_000, 0, 0, 10, 0),
        8_001_800_000,
        Cost(400_120, is_reported=False),
    ),
    # 200,001 * 40,000 + 10 * 180,000; 200,001 * 4 + 10 * 18
    "gemini: longer than its first tier": Golden(
        "gemini",
        "gemini-3-pro",
        {"prompt_tokens": 200_001, "completion_tokens": 10, "total_tokens": 200_011},
        (200_001, 0, 0, 10, 0),
        8_001_840_000,
        Cost(800_184, is_reported=False),
    ),
    # 24 * 30,000 + 8 * 4,800 + 119 * 150,000; 3,390,500 ticks are 339.05
    "xai: reasoning beside the completion, cost in ticks": Golden(
        "xai",
        "grok-4",
        {
            "prompt_tokens": 32,
            "completion_tokens": 9,
            "total_tokens": 151,
            "prompt_tokens_details": {"text_tokens": 32, "cached_tokens": 8},
            "completion_tokens_details": {"reasoning_tokens": 110},
            "num_sources_used": 0,
            "cost_in_usd_ticks": 3_390_500,
        },
        (24, 8, 0, 9, 110),
        18_608_400,
        Cost(340, is_reported=True),
    ),
    # 700 * 1,500 + 31 * 5,500; 700 * 0.15 + 31 * 0.55 = 122.05
    "nearai: cached is null": Golden(
        "nearai",
        "qwen3-30b-a3b-instruct-2507",
        {
            "prompt_tokens": 700,
            "completion_tokens": 31,
            "total_tokens": 731,
            "prompt_tokens_details": {"cached_tokens": None},
        },
        (700, 0, 0, 31, 0),
        1_220_500,
        Cost(123, is_reported=False),
    ),
    # 400 * 30,000 + 600 * 3,000 + 1,000 * 37,500 + 50 * 150,000; 0.0046905 are 4,690.5
    "openrouter: cache writes, cost in dollars": Golden(
        "openrouter",
        "anthropic/claude-sonnet-4.5",
        {
            "prompt_tokens": 2000,
            "completion_tokens": 50,
            "total_tokens": 2050,
            "cost": 0.0046905,
            "cost_details": {"upstream_inference_cost": None},
            "prompt_tokens_details": {"cached_tokens": 600, "cache_write_tokens": 1000},
        },
        (400, 600, 1000, 50, 0),
        58_800_000,
        Cost(4_691, is_reported=True),
    ),
    # the same without the cost: 400 * 3 + 600 * 0.3 + 1,000 * 3.75 + 50 * 15
    "openrouter: cache writes, cost by the list": Golden(
        "openrouter",
        "anthropic/claude-sonnet-4.5",
        {
            "prompt_tokens": 2000,
            "completion_tokens": 50,
            "total_tokens": 2050,
            "prompt_tokens_details": {"cached_tokens": 600, "cache_write_tokens": 1000},
        },
        (400, 600, 1000, 50, 0),
        58_800_000,
        Cost(5_880, is_reported=False),
    ),
    # all 1,200 at 300,000 and all 100 at 1,800,000; 1,200 * 30 + 100 * 180
    "openai: an unknown model that a prefix admits": Golden(
        "openai",
        "gpt-5.9-of-tomorrow",
        {
            "prompt_tokens": 1200,
            "completion_tokens": 100,
            "total_tokens": 1300,
            "prompt_tokens_details": {"cached_tokens": 300, "cache_write_tokens": 200},
            "completion_tokens_details": {"reasoning_tokens": 60},
        },
        (700, 300, 200, 40, 60),
        540_000_000,
        Cost(54_000, is_reported=False),
    ),
    "openai: nothing used": Golden(
        "openai",
        "gpt-4o",
        {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
        (0, 0, 0, 0, 0),
        0,
        Cost(0, is_reported=False),
    ),
}


@pytest.mark.parametrize("golden", GOLDEN.values(), ids=GOLDEN.keys())
def test_a_usage_object_is_charged_and_costs_what_it_did_by_hand(golden: Golden) -> None:
    route = CATALOGUE.resolve(golden.provider, golden.model, DAY)

    counted = usage.read(golden.reported)

    assert counted == Usage(*golden.counted, is_exact=True)
    assert pricing.charge(route.price, counted) == golden.micro_omcu
    assert pricing.cost(route.provider, route.price, counted, golden.reported) == golden.cost


def test_an_unknown_model_is_charged_more_than_the_row_that_admitted_it() -> None:
    known, unknown = (CATALOGUE.resolve("openai", name, DAY) for name in ("gpt-5", "gpt-5.9-of-tomorrow"))
    used = Usage(10, 5, 5, 10, 10, is_exact=True)

    assert (known.model, unknown.is_exact) == (unknown.model, False)
    assert pricing.charge(unknown.price, used) > pricing.charge(known.price, used)


@pytest.mark.parametrize("reported", [None, {}, {"cost": 0}, {"total_tokens": 0}])
def test_missing_usage_is_not_zero_usage(reported: Any) -> None:
    assert usage.read(reported) is None
