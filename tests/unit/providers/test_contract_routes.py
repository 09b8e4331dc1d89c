"""The contract's names go on working by themselves when a provider switches a model off."""

import pytest

from openmind_llm.domain import fallbacks
from openmind_llm.domain.catalogue import Route
from openmind_llm.domain.fallbacks import Itinerary
from openmind_llm.domain.requests import ChatRequest
from openmind_llm.providers import table
from tests.unit.domain.routing import in_order
from tests.unit.providers.test_contract_models import CONTRACT

CATALOGUE = table.load()
HELLO = {"messages": [{"role": "user", "content": "Hello!"}]}
NAMES = [(provider, name) for provider, names in CONTRACT.items() for name in names]

WITHOUT_A_ROW = {("nearai", "qwen2.5-vl-72b-instruct")}
"""Served by a model that has no row of its own, because its limits are told in two ways."""


def planned(provider: str, name: str, on: str, named: tuple[str, ...] | None = None) -> Itinerary:
    return fallbacks.routes(CATALOGUE, CATALOGUE.resolve(provider, name, on), named, on, ChatRequest(name, HELLO))


def lives(route: Route, on: str) -> bool:
    """Whether the upstream id has a row of its own that says so."""
    row = CATALOGUE.known(route.provider.name, route.upstream_id)
    return row is not None and row.status != "retired" and (row.shutdown is None or row.shutdown > on)


@pytest.mark.parametrize("on", ["2026-11-26", "2026-12-01", "2026-12-11", "2027-01-14", "2027-02-01"])
@pytest.mark.parametrize(("provider", "name"), [name for name in NAMES if name not in WITHOUT_A_ROW])
def test_a_name_of_the_contract_is_tried_at_a_living_model_first(provider: str, name: str, on: str) -> None:
    assert lives(in_order(planned(provider, name, on))[0], on)


@pytest.mark.parametrize(("provider", "name"), sorted(WITHOUT_A_ROW))
def test_an_exception_is_one(provider: str, name: str) -> None:
    assert not any(lives(route, "2027-02-01") for route in in_order(planned(provider, name, "2027-02-01")))


@pytest.mark.parametrize(
    ("provider", "name", "on", "tried"),
    [
        ("openai", "gpt-5", "2026-12-10", ["gpt-5", "gpt-6.1-sol"]),
        ("openai", "gpt-5", "2026-12-11", ["gpt-6.1-sol", "gpt-5"]),
        ("openai", "gpt-4o-2024-08-06", "2027-01-14", ["gpt-6-luna", "gpt-4o-2024-08-06"]),
        ("openai", "gpt-4", "2027-01-13", ["gpt-4.1", "gpt-6-luna"]),
        ("openai", "gpt-4", "2027-01-14", ["gpt-6-luna", "gpt-4.1"]),
        ("openai", "gpt-5.9-of-tomorrow", "2026-12-11", ["gpt-5.9-of-tomorrow"]),
        ("deepseek", "deepseek-chat", "2027-02-01", ["deepseek-flash"]),
        ("gemini", "gemini-2.5-pro", "2026-12-01", ["gemini-3.8-flash", "gemini-2.5-pro"]),
        ("xai", "grok-4", "2027-02-01", ["grok-4.3"]),
        (
            "openrouter",
            "anthropic/claude-opus-4.1",
            "2026-11-26",
            ["anthropic/claude-opus-4.1", "anthropic/claude-opus-4.8"],
        ),
    ],
)
def test_a_name_has_its_routes(provider: str, name: str, on: str, tried: list[str]) -> None:
    assert [route.upstream_id for route in in_order(planned(provider, name, on))] == tried


@pytest.mark.parametrize(
    ("provider", "name", "told"),
    [
        ("openai", "gpt-4.1-nano", "was retired on 2026-10-23; gpt-6-luna answers for it"),
        ("openai", "gpt-5", "will be shut down on 2026-12-11; then gpt-6.1-sol answers for it"),
        ("deepseek", "deepseek-chat", "was retired on 2026-07-24; deepseek-flash answers for it"),
        ("xai", "grok-2-latest", "was retired; grok-4.3 answers for it"),
        ("gemini", "gemini-3-pro", "was retired on 2026-03-09; gemini-3.1-pro-preview answers for it"),
    ],
)
def test_its_end_is_told(provider: str, name: str, told: str) -> None:
    assert planned(provider, name, "2026-11-26").warnings == (f"{name} {told}",)


@pytest.mark.parametrize(
    ("provider", "name"),
    [
        ("openai", "gpt-4o"),
        ("openai", "gpt-6-luna"),
        ("gemini", "gemini-3.1-pro-preview"),
        ("gemini", "gemini-3-flash-preview"),
        ("xai", "grok-4.3"),
        ("deepseek", "deepseek-flash"),
    ],
)
def test_whoever_asks_for_a_living_model_is_told_nothing(provider: str, name: str) -> None:
    assert planned(provider, name, "2026-11-26").warnings == ()


def test_the_price_is_that_of_the_one_who_answers() -> None:
    asked, stand_in = in_order(planned("openai", "gpt-5", "2026-11-26"))

    assert (asked.price.omcu, stand_in.price.omcu) == (
        {"input": 25_000, "output": 200_000},
        {"input": 20_000, "output": 100_000},
    )


def test_an_announced_price_of_a_stand_in_holds_from_its_day_on() -> None:
    prices = [in_order(planned("gemini", "gemini-2.5-pro", on))[0].price.usd for on in ("2026-12-31", "2027-01-01")]

    assert [(usd["input"], usd["output"]) for usd in prices] == [(750_000, 3_750_000), (1_500_000, 7_500_000)]
