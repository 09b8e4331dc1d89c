"""An operator's changes to the catalogue."""

import json
from typing import Any

import pytest

from openmind_llm.providers import table
from openmind_llm.providers.table import OverrideError

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
FREE = [NEW["prices"][0] | {"omcu": {"input": 0, "output": 0}}]


def test_a_model_is_repointed_and_keeps_its_place() -> None:
    before = table.load()

    catalogue = table.load('[{"provider": "openai", "name": "gpt-4o", "upstream_id": "gpt-6-luna"}]')

    assert catalogue.resolve("openai", "gpt-4o").upstream_id == "gpt-6-luna"
    assert catalogue.prefixes("openai") == before.prefixes("openai")
    assert len(catalogue.models()) == len(before.models())


def test_a_model_is_added_under_its_own_upstream_id() -> None:
    route = table.load(json.dumps([NEW])).resolve("xai", "grok-4.7")

    assert (route.upstream_id, route.price.omcu["output"], route.is_exact) == ("grok-4.7", 60_000, True)


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        ("{", "the model overrides are not JSON"),
        ('{"provider": "openai"}', "the model overrides must be a list of objects"),
        ("[1]", "the model overrides must be a list of objects"),
        ('[{"provider": "nobody", "name": "x"}]', "unknown provider: 'nobody'"),
        ('[{"provider": "openai", "name": "gpt-4o", "profile": "no_such"}]', "openai/gpt-4o: KeyError: 'no_such'"),
        ('[{"provider": "openai", "name": "gpt-9"}]', "openai/gpt-9: KeyError"),
        (json.dumps([NEW | {"prices": FREE}]), "xai/grok-4.7: ValueError: prices must be positive integers"),
        (json.dumps([NEW | {"prices": []}]), "xai/grok-4.7: ValueError: a model needs a price"),
    ],
)
def test_what_cannot_be_read_is_refused_and_named(overrides: str, told: str) -> None:
    with pytest.raises(OverrideError) as refused:
        table.load(overrides)

    assert told in str(refused.value)
