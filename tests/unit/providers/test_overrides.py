"""An operator's changes to the catalogue."""

import json
from typing import Any

import pytest

from openmind_llm.domain.catalogue import ImageTokens, OverrideError
from openmind_llm.providers import table

NEW: dict[str, Any] = {
    "provider": "xai",
    "name": "grok-4.7",
    "profile": "xai",
    "context_window": 500_000,
    "max_output_tokens": None,
    "capabilities": {"vision": True, "tools": True, "structured_output": True, "reasoning": True},
    "prices": [
        {
            "since": "2026-11-25",
            "usd": {"input": 2_000_000, "cached_input": 500_000, "cache_write": None, "output": 6_000_000, "tiers": []},
            "omcu": {"input": 20_000, "output": 60_000},
            "omcu_basis": "set by the operator",
        }
    ],
}
PRICE: dict[str, Any] = NEW["prices"][0]
USD: dict[str, Any] = PRICE["usd"]
ALL_CLASSES = {"input": 20_000, "cached_input": 5_000, "cache_write": 25_000, "output": 60_000, "reasoning": 70_000}
TIER = USD | {"above_input_tokens": 200_000}
del TIER["tiers"]


def priced(**changes: Any) -> str:
    """The new model with its price changed."""
    return json.dumps([NEW | {"prices": [PRICE | changes]}])


def with_fallbacks(*names: Any) -> str:
    return json.dumps([NEW | {"fallbacks": names}])


def dated(*dates: str) -> str:
    """The new model with a price for each date."""
    return json.dumps([NEW | {"prices": [PRICE | {"since": since} for since in dates]}])


def test_a_model_is_repointed_and_keeps_its_place() -> None:
    before = table.load()

    catalogue = table.load('[{"provider": "openai", "name": "gpt-4o", "upstream_id": "gpt-6-luna"}]')

    assert catalogue.resolve("openai", "gpt-4o", "2026-11-23").upstream_id == "gpt-6-luna"
    assert catalogue.prefixes("openai") == before.prefixes("openai")
    assert len(catalogue.models()) == len(before.models())


def test_a_model_is_added_under_its_own_upstream_id() -> None:
    route = table.load(json.dumps([NEW])).resolve("xai", "grok-4.7", "2026-11-23")

    assert (route.upstream_id, route.price.omcu["output"], route.is_exact) == ("grok-4.7", 60_000, True)


def test_an_operator_may_price_every_token_class() -> None:
    one = table.load(priced(omcu=ALL_CLASSES)).resolve("xai", "grok-4.7", "2026-11-23")

    assert one.price.omcu == ALL_CLASSES


def test_an_operator_may_announce_a_price_and_keep_the_one_that_holds() -> None:
    catalogue = table.load(dated("2026-11-25", "2026-12-01"))

    found = [catalogue.resolve("xai", "grok-4.7", on).price.version for on in ("2026-11-30", "2026-12-01")]

    assert found == ["2026-11-25", "2026-12-01"]


def test_an_operator_may_state_what_images_count_for() -> None:
    catalogue = table.load('[{"provider": "openai", "name": "gpt-4o", "image_tokens": {"low": 70, "high": 9000}}]')

    assert catalogue.resolve("openai", "gpt-4o", "2026-11-23").model.image_tokens == ImageTokens(70, 9000)


@pytest.mark.parametrize(
    ("fallbacks", "kept"),
    [
        (["openrouter/x-ai/grok-4.3"], ("openrouter/x-ai/grok-4.3",)),
        (["grok-4.3", "openai/gpt-5"], ("xai/grok-4.3", "openai/gpt-5")),
        (["grok-4-0709", "grok-4.3-latest"], ("xai/grok-4-0709", "xai/grok-4.3-latest")),
        ([], ()),
    ],
)
def test_an_operator_may_name_fallbacks_of_any_provider(fallbacks: list[str], kept: tuple[str, ...]) -> None:
    route = table.load(json.dumps([NEW | {"fallbacks": fallbacks}])).resolve("xai", "grok-4.7", "2026-11-23")

    assert route.model.fallbacks == kept


def test_a_fallback_may_be_a_row_that_a_later_change_adds() -> None:
    overrides = [{"provider": "xai", "name": "grok-4", "fallbacks": ["grok-4.7"]}, NEW]

    route = table.load(json.dumps(overrides)).resolve("xai", "grok-4", "2026-11-23")

    assert route.model.fallbacks == ("xai/grok-4.7",)


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        (with_fallbacks("gpt-9"), "model xai/grok-4.7: its fallback xai/gpt-9 is no model's exact name"),
        (with_fallbacks("openai/gpt-5.9"), "xai/grok-4.7: its fallback openai/gpt-5.9 is no model's exact name"),
        (with_fallbacks("nobody/gpt-5"), "xai/grok-4.7: its fallback nobody/gpt-5 is no model's exact name"),
        (with_fallbacks("grok-4.7"), "model xai/grok-4.7: its fallback xai/grok-4.7 is itself"),
        (with_fallbacks(*["grok-4"] * 4), "xai/grok-4.7: ValueError: a model has at most 3 fallbacks"),
        (with_fallbacks(1), "xai/grok-4.7: TypeError: fallbacks must be a list of names"),
        (json.dumps([NEW | {"fallbacks": "grok-4"}]), "xai/grok-4.7: TypeError: fallbacks must be a list of names"),
        (json.dumps([NEW | {"aliases": ["grok 5"]}]), "xai/grok-4.7: ValueError: names must be printable ASCII"),
        (json.dumps([NEW | {"name": "grök"}]), "ValueError: names must be printable ASCII"),
        (json.dumps([NEW | {"shutdown": "soon"}]), "xai/grok-4.7: ValueError"),
        (json.dumps([NEW | {"shutdown": "20270101"}]), "xai/grok-4.7: ValueError: not a date, YYYY-MM-DD: 20270101"),
        ("{", "the model overrides are not JSON"),
        ('{"provider": "openai"}', "the model overrides must be a list of objects"),
        ("[1]", "the model overrides must be a list of objects"),
        ('[{"provider": "nobody", "name": "x"}]', "unknown provider: 'nobody'"),
        ('[{"provider": "openai", "name": "gpt-4o", "profile": "no_such"}]', "openai/gpt-4o: KeyError: 'no_such'"),
        ('[{"provider": "openai", "name": "gpt-9"}]', "openai/gpt-9: KeyError"),
        (priced(omcu={"input": 0, "output": 0}), "xai/grok-4.7: ValueError: prices must be positive integers"),
        (priced(omcu=ALL_CLASSES | {"cached_input": 0}), "prices must be positive integers"),
        (priced(omcu=ALL_CLASSES | {"reasoning": 1.5}), "prices must be positive integers"),
        (priced(omcu=ALL_CLASSES | {"output": True}), "prices must be positive integers"),
        (priced(omcu=ALL_CLASSES | {"cache_write": None}), "prices must be positive integers"),
        (priced(omcu=ALL_CLASSES | {"cached": 1, "audio": 1}), "ValueError: a price has no audio, cached"),
        (priced(omcu={"input": 1}), "KeyError: 'output'"),
        (priced(omcu=[1, 2]), "AttributeError"),
        (priced(usd=USD | {"cached_input": -1}), "prices must be positive integers"),
        (priced(usd=USD | {"cache_read": 1}), "a price has no cache_read"),
        (priced(usd=USD | {"input": None}), "KeyError: 'input'"),
        (priced(usd=USD | {"tiers": [TIER | {"output": "9"}]}), "prices must be positive integers"),
        (priced(usd=USD | {"tiers": [TIER | {"above_input_tokens": 0}]}), "prices must be positive integers"),
        (priced(usd=USD | {"tiers": [USD]}), "KeyError: 'above_input_tokens'"),
        (priced(usd=USD | {"tiers": [TIER, TIER]}), "tiers must be sorted by above_input_tokens"),
        (dated("2026-12-01", "2026-11-30"), "prices must be sorted by their dates"),
        (dated("2026-12-01", "2026-12-01"), "prices must be sorted by their dates"),
        (dated("1.12.2026"), "xai/grok-4.7: ValueError"),
        (dated("20261201"), "not a date, YYYY-MM-DD: 20261201"),
        (json.dumps([NEW | {"ceiling": PRICE | {"omcu": {"input": 1, "output": 0}}}]), "prices must be positive"),
        (json.dumps([NEW | {"image_tokens": {"low": 0}}]), "image tokens must be positive integers"),
        (json.dumps([NEW | {"image_tokens": {"medium": 9}}]), "xai/grok-4.7: TypeError"),
        (json.dumps([NEW | {"prices": []}]), "xai/grok-4.7: ValueError: a model needs a price"),
    ],
)
def test_what_cannot_be_read_is_refused_and_named(overrides: str, told: str) -> None:
    with pytest.raises(OverrideError) as refused:
        table.load(overrides)

    assert told in str(refused.value)
