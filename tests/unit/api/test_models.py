"""The catalogue as callers see it."""

from typing import Any

from openmind_llm.api import models
from openmind_llm.providers import table

CATALOGUE = table.load()


def listed(on: str = "2026-11-26") -> dict[tuple[str, str], dict[str, Any]]:
    return {(entry["provider"], entry["id"]): entry for entry in models.listing(CATALOGUE.models(), on)["data"]}


def test_a_model_tells_how_long_it_lives_and_which_models_answer_in_its_stead() -> None:
    entry = listed()["openrouter", "anthropic/claude-sonnet-4.5"]

    assert (entry["status"], entry["shutdown"]) == ("deprecated", "2027-04-08")
    assert entry["replacement"] == "anthropic/claude-sonnet-4.6"
    assert entry["fallbacks"] == ["openrouter/anthropic/claude-sonnet-4.6"]


def test_every_fallback_is_a_listed_model() -> None:
    entries = listed()

    named = {name for entry in entries.values() for name in entry["fallbacks"]}

    assert named
    assert named <= {f"{provider}/{name}" for provider, name in entries}


def test_a_model_that_stands_in_for_others_may_be_asked_for_itself() -> None:
    entry = listed()["openai", "gpt-6.1-sol"]

    assert (entry["upstream_id"], entry["status"], entry["fallbacks"]) == ("gpt-6.1-sol", "active", [])
    assert entry["price"]["omcu_per_million_tokens"] == {"input": 20_000, "output": 100_000}


def test_the_price_of_the_day_is_listed() -> None:
    prices = [listed(on)["gemini", "gemini-3.8-flash"]["price"]["since"] for on in ("2026-12-31", "2027-01-01")]

    assert prices == ["2026-11-23", "2027-01-01"]
