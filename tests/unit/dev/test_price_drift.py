"""Our prices beside those of the installed genai-prices package."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from dev import price_drift
from openmind_llm.domain.catalogue import Model
from openmind_llm.providers import table

TODAY = date(2026, 11, 25)


def row(provider: str, name: str) -> Model:
    return table.load().resolve(provider, name, "2026-11-23").model


def repriced(model: Model, **usd: Any) -> Model:
    """The same row with other provider prices."""
    price = model.prices[-1]
    return replace(model, prices=(replace(price, usd=price.usd | usd),))


def test_a_row_that_agrees_is_compared_and_shows_nothing() -> None:
    report = price_drift.compare([row("openai", "gpt-4o")], TODAY)

    assert report == price_drift.Report(compared=1, drifts=(), unknown=())


@pytest.mark.parametrize(
    ("token_class", "theirs"),
    [("input", "3,000,000"), ("cached_input", "300,000"), ("cache_write", "3,750,000"), ("output", "15,000,000")],
)
def test_an_altered_price_shows_with_both_sides(token_class: str, theirs: str) -> None:
    model = repriced(row("openrouter", "anthropic/claude-sonnet-4.5"), **{token_class: 1234})

    report = price_drift.compare([model], TODAY)

    assert [str(drift) for drift in report.drifts] == [
        f"openrouter anthropic/claude-sonnet-4.5: {token_class}: ours 1,234, theirs {theirs}"
    ]


def test_a_token_class_that_we_lack_shows_as_none() -> None:
    model = repriced(row("openrouter", "anthropic/claude-haiku-4.5"), cache_write=None)

    report = price_drift.compare([model], TODAY)

    assert [str(drift) for drift in report.drifts] == [
        "openrouter anthropic/claude-haiku-4.5: cache_write: ours none, theirs 1,250,000"
    ]


def test_a_missing_long_context_tier_shows_class_by_class() -> None:
    model = repriced(row("gemini", "gemini-2.5-pro"), tiers=[])

    report = price_drift.compare([model], TODAY)

    assert {drift.token_class: drift.theirs for drift in report.drifts} == {
        "tier 1 above": 200_000,
        "tier 1 input": 2_500_000,
        "tier 1 cached_input": 250_000,
        "tier 1 output": 15_000_000,
    }


def test_a_class_without_tiers_costs_the_same_in_each_tier() -> None:
    report = price_drift.compare([row("openrouter", "x-ai/grok-4-fast")], TODAY)

    assert report.drifts == ()


def test_rows_it_does_not_know_are_named() -> None:
    unheard_of = replace(row("openai", "gpt-4o"), name="gpt-0", upstream_id="gpt-0")

    report = price_drift.compare([unheard_of, row("nearai", "openai/gpt-oss-120b")], TODAY)

    assert report == price_drift.Report(compared=0, drifts=(), unknown=("openai gpt-0", "nearai openai/gpt-oss-120b"))


def test_a_model_of_another_provider_is_not_taken_for_ours() -> None:
    """The package would answer for Google with Anthropic's price."""
    model = replace(row("gemini", "gemini-2.5-pro"), upstream_id="claude-2.1")

    assert price_drift.compare([model], TODAY).unknown == ("gemini gemini-2.5-pro",)


@pytest.mark.parametrize(
    ("on", "theirs"), [(date(2026, 10, 18), 400_000), (date(2026, 10, 19), 500_000), (date(2026, 11, 3), 532_000)]
)
def test_their_price_is_the_one_in_force_on_the_day(on: date, theirs: int) -> None:
    model = repriced(row("openrouter", "moonshotai/kimi-k2.5"), input=1)

    report = price_drift.compare([model], on)

    assert {drift.token_class: drift.theirs for drift in report.drifts}["input"] == theirs


def test_their_price_is_that_of_the_dearest_hour() -> None:
    """DeepSeek's flash costs half outside seven hours of the day."""
    report = price_drift.compare([repriced(row("deepseek", "deepseek-chat"), output=600_000)], TODAY)

    assert {drift.token_class: drift.theirs for drift in report.drifts} == {"output": 1_200_000}


@pytest.mark.parametrize(
    ("on", "ours"), [(date(2026, 1, 1), 7), (date(2026, 11, 25), 7), (date(2026, 11, 26), 8), (date(2027, 1, 1), 8)]
)
def test_our_price_is_the_one_in_force_on_the_day(on: date, ours: int) -> None:
    model = row("openai", "gpt-4o")
    old = replace(model.prices[-1], since="2026-11-01", usd=model.prices[-1].usd | {"input": 7})
    new = replace(model.prices[-1], since="2026-11-26", usd=model.prices[-1].usd | {"input": 8})

    report = price_drift.compare([replace(model, prices=(old, new))], on)

    assert [drift.ours for drift in report.drifts] == [ours]


@pytest.mark.parametrize(("arguments", "code"), [([], 0), (["--fail"], 1)])
def test_drift_fails_only_on_request(arguments: list[str], code: int) -> None:
    models = [repriced(row("openai", "gpt-4o"), input=1)]

    assert price_drift.main(["--on", "2026-11-25", *arguments], models) == code


def test_no_drift_never_fails() -> None:
    assert price_drift.main(["--on", "2026-11-25", "--fail"], [row("openai", "gpt-4o")]) == 0


def test_what_is_printed_ends_with_a_summary(capsys: pytest.CaptureFixture[str]) -> None:
    models = [repriced(row("openai", "gpt-4o"), input=1), row("nearai", "zai-org/GLM-4.7")]

    price_drift.main(["--on", "2026-11-25"], models)

    assert capsys.readouterr().out.splitlines() == [
        "openai gpt-4o: input: ours 1, theirs 2,500,000",
        "unknown to genai-prices: nearai zai-org/GLM-4.7",
        "genai-prices 0.2.3: 1 rows compared, 1 differences, 1 rows unknown",
    ]


def test_the_whole_catalogue_is_compared_when_no_models_are_given(capsys: pytest.CaptureFixture[str]) -> None:
    models = table.load().models()

    price_drift.main(["--on", "2026-11-25"])

    known = sum(model.provider != "nearai" for model in models)
    assert f"{known} rows compared" in capsys.readouterr().out
