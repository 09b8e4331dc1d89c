"""What is read of a provider's list, in the form that its row of providers.json says."""

from typing import Any

import pytest

from openmind_llm.domain.listing import Listed, Listing
from openmind_llm.providers import listed, table
from openmind_llm.providers.listed import NoListError

PLAIN = Listing()
DOLLARS = table.load().provider("openrouter").listing


def rows(*found: Any) -> dict[str, Any]:
    return {"data": list(found)}


def test_openai_tells_ids_and_the_day_on_which_a_model_ends() -> None:
    openai = table.load().provider("openai").listing
    body = rows({"id": "gpt-5", "shutdown_date": "2026-12-11"}, {"id": "gpt-6-luna", "shutdown_date": None})

    assert listed.read(openai, body) == (Listed(("gpt-5",), {}, "2026-12-11"), Listed(("gpt-6-luna",), {}))


def test_gemini_has_a_prefix_before_its_ids() -> None:
    gemini = table.load().provider("gemini").listing

    assert listed.read(gemini, rows({"id": "models/gemini-3.8-flash"}))[0].names == ("gemini-3.8-flash",)


def test_xai_prices_are_cents_per_hundred_million_tokens_and_aliases_are_names() -> None:
    xai = table.load().provider("xai").listing
    row = {
        "id": "grok-4.3",
        "aliases": ["grok-4.3-latest"],
        "prompt_text_token_price": 12500,
        "cached_prompt_text_token_price": 2000,
        "completion_text_token_price": 25000,
    }

    assert listed.read(xai, {"models": [row]}) == (
        Listed(
            ("grok-4.3", "grok-4.3-latest"), {"input": 1_250_000, "cached_input": 200_000, "output": 2_500_000}
        ),
    )  # fmt: skip


@pytest.mark.parametrize("provider", ["openrouter", "nearai"])
def test_dollars_per_token_come_as_text(provider: str) -> None:
    listing = table.load().provider(provider).listing
    row = {"id": "a/b", "pricing": {"prompt": "0.000003", "completion": "0.000015", "input_cache_read": "0.0000003"}}

    (found,) = listed.read(listing, rows(row))

    assert found.prices == {"input": 3_000_000, "cached_input": 300_000, "output": 15_000_000}


@pytest.mark.parametrize(
    "told", [None, "", "free", "0", 0, "-1", -1, True, [], {}, "NaN", "Infinity", "1e999999", float("nan")]
)
def test_what_is_no_price_is_none(told: Any) -> None:
    (found,) = listed.read(DOLLARS, rows({"id": "a/b", "pricing": {"prompt": told}}))

    assert found.prices == {}


@pytest.mark.parametrize("told", ["soon", "", 1_795_000_000, None, [], "2026-13-01"])
def test_what_is_no_day_is_none(told: Any) -> None:
    (found,) = listed.read(DOLLARS, rows({"id": "a/b", "expiration_date": told}))

    assert found.shutdown is None


def test_a_day_may_come_with_a_time() -> None:
    (found,) = listed.read(DOLLARS, rows({"id": "a/b", "expiration_date": "2026-12-31T23:59:59Z"}))

    assert found.shutdown == "2026-12-31"


@pytest.mark.parametrize("other", ["text", None, 7, {}, {"id": None}, {"id": 7}, {"id": ""}, {"name": "x"}])
def test_what_is_no_model_is_left_out(other: Any) -> None:
    assert [one.names for one in listed.read(PLAIN, rows(other, {"id": "good"}))] == [("good",)]


@pytest.mark.parametrize("body", [None, [], "x", {}, {"data": {}}, {"models": [{"id": "x"}]}, {"error": "x"}])
def test_an_answer_of_another_form_is_no_list(body: Any) -> None:
    with pytest.raises(NoListError, match="no list under data"):
        listed.read(PLAIN, body)


def test_an_empty_list_is_none_either() -> None:
    with pytest.raises(NoListError, match="no model under data"):
        listed.read(PLAIN, {"data": []})
