"""Whatever an operator manages to set, every function can load, list, route by and charge by."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from openmind_llm.api import models
from openmind_llm.domain import pricing
from openmind_llm.domain.catalogue import Catalogue, OverrideError
from openmind_llm.domain.catalogue_rows import FIELDS
from openmind_llm.domain.rates import TOKEN_CLASSES
from openmind_llm.providers import table
from tests.unit.domain.catalogue.changing import TODAY, Shop

NAMES = st.sampled_from(["gpt-4o", "gpt-5", "gpt-4", "new", "gpt 5", "gpt-4o-2024-08-06", ""])
ANYTHING: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 10**13) | st.text(max_size=8) | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
USD: dict[str, Any] = {"input": 1, "output": 2, "cached_input": None, "cache_write": 3, "tiers": []}
PRICE: dict[str, Any] = {"since": "2026-11-23", "usd": USD, "omcu": {"input": 1, "output": 2}, "omcu_basis": "mine"}
AMOUNTS = st.integers(1, 10**6) | ANYTHING


def changed(whole: dict[str, Any], name: str, values: Any) -> Any:
    """`whole` with one of its fields changed."""
    return st.builds(lambda value: whole | {name: value}, values)


LEVELS = st.one_of(*(changed(USD, name, AMOUNTS) for name in [*USD, "reasoning", "other"]))
PRICES = st.one_of(
    changed(PRICE, "since", st.sampled_from(["2026-11-24", "20261201", 3])),
    changed(PRICE, "usd", LEVELS),
    changed(PRICE, "omcu", LEVELS.map(lambda level: {name: level[name] for name in level.keys() - {"tiers"}})),
    changed(PRICE, "omcu_basis", st.sampled_from(["é", "\ud800", 1, "", "derived"])),
)
LIKELY = {
    "profile": st.sampled_from(["openai_chat", "xai", "none"]),
    "prices": st.lists(PRICES, min_size=1, max_size=2),
    "ceiling": st.none() | PRICES,
    "capabilities": st.dictionaries(
        st.sampled_from(["tools", "vision", "\ud800"]), st.booleans() | ANYTHING, max_size=2
    ),
    "context_window": st.integers(0, 10),
    "max_output_tokens": st.none() | st.integers(0, 10),
    "image_tokens": st.dictionaries(st.sampled_from(["low", "high"]), st.integers(0, 5)),
    "upstream_id": NAMES,
    "replacement": NAMES,
    "aliases": st.lists(NAMES, max_size=2),
    "fallbacks": st.lists(st.sampled_from(["openai/gpt-5", "gpt-4o", "gpt-9"]), max_size=4),
    "status": st.sampled_from(["active", "retired", "gone"]),
    "shutdown": st.sampled_from(["2026-11-28", "2027-1-1", None]),
}
FIELDS_SET = st.sampled_from(sorted(FIELDS - {"provider", "name"})).flatmap(
    lambda name: changed({}, name, st.one_of(*[LIKELY.get(name, ANYTHING)] * 3, ANYTHING))
)
ROWS = st.builds(
    lambda name, fields: {"provider": "openai", "name": name} | fields,
    st.sampled_from(["gpt-4o", "gpt-5", "gpt-4", "gpt-4o", "gpt-5", "new"]),
    FIELDS_SET,
)


def use(catalogue: Catalogue) -> None:
    """As requests do; raises where it cannot be used."""
    json.dumps(models.listing(catalogue.models(), TODAY), ensure_ascii=False).encode()
    for model in catalogue.models():
        for name in (model.name, *model.aliases, *model.snapshots, f"{model.name}-new"):
            if model.is_prefix or not name.endswith("-new"):
                _use(catalogue, model.provider, name)


def _use(catalogue: Catalogue, provider: str, name: str) -> None:
    found = catalogue.known(provider, name)
    if found is None:
        return
    route = catalogue.resolve(provider, name, TODAY)
    route.upstream_id.encode("ascii")
    assert all(route.price.per_token[token_class] > 0 for token_class in TOKEN_CLASSES)
    assert pricing.hold(route.price, found.context_window, 1) > 0
    for host, _, other in (one.partition("/") for one in found.fallbacks):
        assert catalogue.resolve(host, other, TODAY).is_exact


@given(rows=st.lists(ROWS, min_size=1, max_size=2))
def test_what_is_accepted_loads_and_can_be_used(rows: list[dict[str, Any]]) -> None:
    shop = Shop()
    try:
        shop.set(*rows, rewrites_prices=True)
    except (ValueError, OverrideError):
        assert shop.store.stored == {}
        return

    use(table.load("[]", shop.changes.latest().rows, version=1))


@given(aliases=st.lists(st.from_regex(r"[a-z]{3}", fullmatch=True), max_size=3), window=st.integers(1, 10**6))
def test_what_makes_sense_is_accepted(aliases: list[str], window: int) -> None:
    """Else the other test would pass where nothing is ever accepted."""
    shop = Shop()
    shop.set({"provider": "openai", "name": "gpt-4o", "aliases": aliases, "context_window": window})

    use(shop.catalogue)
