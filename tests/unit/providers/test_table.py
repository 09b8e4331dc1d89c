"""The catalogue's data: what `table.load` takes on trust at each start."""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from openmind_llm.providers import refusals, table

DATA = Path(table.__file__).parent / "data"
MODELS: list[dict[str, Any]] = json.loads((DATA / "models.json").read_bytes())
PROFILES: dict[str, dict[str, Any]] = json.loads((DATA / "profiles.json").read_bytes())
PROVIDERS: dict[str, dict[str, Any]] = json.loads((DATA / "providers.json").read_bytes())

NULL = type(None)
MODEL_FIELDS: dict[str, set[type]] = {
    "provider": {str},
    "name": {str},
    "prefix": {bool},
    "aliases": {list},
    "snapshots": {list},
    "upstream_id": {str},
    "profile": {str},
    "context_window": {int},
    "max_output_tokens": {int, NULL},
    "capabilities": {dict},
    "status": {str},
    "shutdown": {str, NULL},
    "replacement": {str, NULL},
    "fallbacks": {list},
    "prices": {list},
    "ceiling": {dict, NULL},
    "note": {str, NULL},
}
PROFILE_FIELDS: dict[str, set[type]] = {
    "rename": {dict},
    "drop": {list},
    "drop_empty": {dict},
    "only": {dict},
    "inject": {dict},
    "drop_message_fields": {list},
}
PROVIDER_FIELDS = {
    "title",
    "base_url",
    "asks_for_stream_usage",
    "refused_fields",
    "unpriced_fields",
    "reported_cost",
    "listing",
    "error_rules",
}
CAPABILITIES = {"vision", "tools", "structured_output", "reasoning"}
TOKEN_CLASSES = {"input", "cached_input", "cache_write", "output"}

type Row = dict[str, Any]


def label(row: Row) -> str:
    return f"{row['provider']}:{row['name']}"


def names(row: Row) -> list[str]:
    return [row["name"], *row["aliases"], *row["snapshots"]]


def entries(row: Row) -> list[Row]:
    """Every price of a row, its ceiling too."""
    return [*row["prices"], *([row["ceiling"]] if row["ceiling"] else [])]


def levels(usd: Row) -> list[Row]:
    """A provider price by token class, then the same for each long-context tier."""
    return [{name: level[name] for name in TOKEN_CLASSES} for level in (usd, *usd["tiers"])]


def mistyped(row: Row, fields: dict[str, set[type]]) -> list[str]:
    return [name for name, types in fields.items() if type(row[name]) not in types]


def is_price(value: Any) -> bool:
    return type(value) is int and value > 0


def is_iso(text: str) -> bool:
    return date.fromisoformat(text).isoformat() == text


every_row = pytest.mark.parametrize("row", MODELS, ids=label)
every_prefix_row = pytest.mark.parametrize("row", [row for row in MODELS if row["prefix"]], ids=label)


@every_row
def test_a_row_has_every_field_of_its_type_and_no_other(row: Row) -> None:
    assert row.keys() - {"image_tokens"} == MODEL_FIELDS.keys()
    assert mistyped(row, MODEL_FIELDS) == []


@every_row
def test_a_row_names_a_known_provider_profile_and_status(row: Row) -> None:
    assert row["provider"] in PROVIDERS
    assert row["profile"] in PROFILES
    assert row["status"] in {"active", "deprecated", "retired", "unverified"}


@every_row
def test_names_limits_and_capabilities_make_sense(row: Row) -> None:
    assert all(isinstance(name, str) and name for name in (*names(row), row["upstream_id"]))
    assert row["context_window"] > 0
    assert row["max_output_tokens"] is None or 0 < row["max_output_tokens"] <= row["context_window"]
    assert row["capabilities"].keys() == CAPABILITIES
    assert all(type(value) is bool for value in row["capabilities"].values())


@every_row
def test_a_shutdown_is_a_date_or_unknown(row: Row) -> None:
    assert row["shutdown"] is None or is_iso(row["shutdown"])


@every_row
def test_a_replacement_serves_a_row_that_is_no_longer_active_or_is_its_fallback(row: Row) -> None:
    served = [f"{row['provider']}/{row['upstream_id']}", *row["fallbacks"]]

    assert (
        row["status"] == "active" or row["replacement"] is None or f"{row['provider']}/{row['replacement']}" in served
    )


@every_row
def test_a_row_that_is_served_by_another_ones_model_has_the_others_fallbacks(row: Row) -> None:
    others = [other for other in MODELS if other["provider"] == row["provider"] and row["upstream_id"] in names(other)]

    assert all(set(other["fallbacks"]) <= set(row["fallbacks"]) for other in others)


@every_row
def test_the_living_model_behind_a_retired_row_is_no_name_of_the_row(row: Row) -> None:
    """Else whoever asks for that model by its name is told that it was retired, and is given another."""
    assert row["status"] != "retired" or row["upstream_id"] not in (*row["aliases"], *row["snapshots"])


@every_row
def test_a_fallback_is_named_in_full_and_is_no_row_that_ends(row: Row) -> None:
    rows = {f"{one['provider']}/{one['name']}": one for one in MODELS}

    assert all(rows[name]["status"] in {"active", "unverified"} for name in row["fallbacks"])
    assert all(rows[name]["shutdown"] is None for name in row["fallbacks"])


@every_row
def test_a_price_has_every_field_and_no_other(row: Row) -> None:
    for entry in entries(row):
        assert entry.keys() == {"since", "usd", "omcu", "omcu_basis", "source"}
        assert entry["usd"].keys() == TOKEN_CLASSES | {"tiers"}
        assert all(tier.keys() == TOKEN_CLASSES | {"above_input_tokens"} for tier in entry["usd"]["tiers"])
        assert entry["omcu"].keys() == {"input", "output"}
        assert entry["omcu_basis"] in {"documented", "derived"} or entry["omcu_basis"].startswith("as ")
        assert isinstance(entry["source"], str)


@every_row
def test_prices_are_positive_integers(row: Row) -> None:
    for entry in entries(row):
        always = [
            *entry["omcu"].values(),
            *(level[name] for level in levels(entry["usd"]) for name in ("input", "output")),
        ]
        stated = [price for level in levels(entry["usd"]) for price in level.values() if price is not None]

        assert all(map(is_price, always + stated))


@every_row
def test_a_derived_omcu_price_is_10_000_omcu_for_each_dollar_of_the_provider(row: Row) -> None:
    for entry in entries(row):
        for name, amount in entry["omcu"].items():
            assert entry["omcu_basis"] != "derived" or amount * 100 == entry["usd"][name]


def test_a_price_as_another_model_is_that_models() -> None:
    """Both its OMCU price, which is documented, and the provider's."""
    documented = {row["name"]: row["prices"][-1] for row in MODELS}
    borrowed = {row["name"]: row["prices"][-1] for row in MODELS if row["prices"][-1]["omcu_basis"].startswith("as ")}

    assert borrowed.keys() == {"gpt-5-chat-latest", "gpt-4", "gemini-2.0-flash-exp", "gemini-3.1-pro-preview"}
    for price in borrowed.values():
        lender = documented[price["omcu_basis"].removeprefix("as ")]
        assert (lender["omcu"], lender["usd"], lender["omcu_basis"]) == (price["omcu"], price["usd"], "documented")


@pytest.mark.parametrize(
    "name",
    [
        "qwen2.5-vl-72b-instruct",
        "qwen-2.5-7b-instruct",
        "meta-llama/llama-3.1-70b-instruct",
        "anthropic/claude-opus-4.1",
    ],
)
def test_a_contract_model_without_a_documented_price_says_that_its_price_is_derived(name: str) -> None:
    assert {row["name"]: row["prices"][-1]["omcu_basis"] for row in MODELS}[name] == "derived"


@every_row
def test_image_tokens_are_bounds_that_fit_into_the_context(row: Row) -> None:
    stated = row.get("image_tokens", {"low": 1, "high": 1})

    assert stated.keys() == {"low", "high"}
    assert all(type(count) is int for count in stated.values())
    assert 0 < stated["low"] <= stated["high"] <= row["context_window"]


@every_row
def test_the_cache_is_no_dearer_to_read_and_no_cheaper_to_write_than_plain_input(row: Row) -> None:
    for level in (level for entry in entries(row) for level in levels(entry["usd"])):
        assert (level["cached_input"] or 0) <= level["input"]
        assert level["cache_write"] is None or level["cache_write"] >= level["input"]


@every_row
def test_long_context_tiers_rise(row: Row) -> None:
    for usd in (entry["usd"] for entry in row["prices"]):
        bounds = [tier["above_input_tokens"] for tier in usd["tiers"]]
        inputs = [level["input"] for level in levels(usd)]

        assert all(type(bound) is int and 0 < bound < row["context_window"] for bound in bounds)
        assert bounds == sorted(set(bounds))
        assert inputs == sorted(inputs)


@every_row
def test_prices_are_dated_in_order(row: Row) -> None:
    dates = [entry["since"] for entry in row["prices"]]

    assert dates
    assert dates == sorted(set(dates))
    assert all(is_iso(entry["since"]) for entry in entries(row))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_no_name_is_claimed_twice(provider: str) -> None:
    claims = Counter(name for row in MODELS if row["provider"] == provider for name in names(row))

    assert [name for name, count in claims.items() if count > 1] == []


@every_row
def test_a_prefix_row_and_no_other_has_a_ceiling(row: Row) -> None:
    assert (row["ceiling"] is not None) == row["prefix"]


def admitted(prefix: Row) -> Iterator[Row]:
    """The rows with a name that the prefix admits, itself included."""
    for row in MODELS:
        if row["provider"] == prefix["provider"] and any(name.startswith(prefix["name"]) for name in names(row)):
            yield row


@every_prefix_row
def test_a_ceiling_is_no_lower_than_any_provider_price_that_its_prefix_admits(row: Row) -> None:
    """Of any token class, in any tier."""
    ceiling = row["ceiling"]["usd"]

    known = [level for one in admitted(row) for price in one["prices"] for level in levels(price["usd"])]

    assert ceiling["input"] >= max(level[name] or 0 for level in known for name in TOKEN_CLASSES - {"output"})
    assert ceiling["output"] >= max(level["output"] for level in known)


@every_prefix_row
def test_a_ceiling_is_no_lower_than_any_omcu_price_that_its_prefix_admits(row: Row) -> None:
    ceiling = row["ceiling"]["omcu"]

    known = [price["omcu"] for one in admitted(row) for price in one["prices"]]

    assert ceiling["input"] >= max(price["input"] for price in known)
    assert ceiling["output"] >= max(price["output"] for price in known)


@every_prefix_row
def test_a_ceiling_has_one_price_for_all_input(row: Row) -> None:
    """What an unknown model grants for cached tokens, or asks for long contexts, is unknown too."""
    usd = row["ceiling"]["usd"]

    assert (usd["cached_input"], usd["cache_write"], usd["tiers"]) == (None, None, [])


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_has_every_field_of_its_type_and_no_other(name: str) -> None:
    assert PROFILES[name].keys() == PROFILE_FIELDS.keys()
    assert mistyped(PROFILES[name], PROFILE_FIELDS) == []


def test_every_profile_is_used() -> None:
    assert {row["profile"] for row in MODELS} == PROFILES.keys()


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_provider_has_every_field_and_no_other(name: str) -> None:
    provider = PROVIDERS[name]

    assert provider.keys() == PROVIDER_FIELDS
    assert provider["base_url"].startswith("https://")
    assert not provider["base_url"].endswith("/")


def test_two_providers_tell_what_they_charge() -> None:
    told = {name: provider["reported_cost"] for name, provider in PROVIDERS.items() if provider["reported_cost"]}

    assert told == {
        "xai": {"field": "cost_in_usd_ticks", "per_usd": 10_000_000_000},
        "openrouter": {"field": "cost", "per_usd": 1},
    }


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_providers_list_is_read_by_fields_that_there_are(name: str) -> None:
    listing = table.load().provider(name).listing

    assert listing.path.startswith("/")
    assert not listing.key_path or listing.key_path.startswith("/")
    assert listing.prices.keys() <= TOKEN_CLASSES


@pytest.mark.parametrize(
    "rule", [rule for provider in PROVIDERS.values() for rule in provider["error_rules"]], ids=lambda r: r["contains"]
)
def test_an_error_rule_can_match_and_has_a_known_meaning(rule: Row) -> None:
    """The text is compared in lower case."""
    assert rule.keys() == {"status", "contains", "means"}
    assert rule["means"] in refusals.MEANINGS
    assert 400 <= rule["status"] < 600
    assert rule["contains"]
    assert rule["contains"] == rule["contains"].lower()


def test_every_row_is_loaded_and_found_by_its_name() -> None:
    catalogue = table.load()

    found = [catalogue.resolve(row["provider"], row["name"], "2026-11-23") for row in MODELS]

    assert [route.upstream_id for route in found] == [row["upstream_id"] for row in MODELS]
    assert len(catalogue.models()) == len(MODELS)
