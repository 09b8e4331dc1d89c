"""What an operator is told of a night."""

import logging
from collections.abc import Callable
from typing import Any

import pytest

from openmind_llm.domain.catalogue import Catalogue
from openmind_llm.domain.inspections.ledgers import Ledgers
from openmind_llm.domain.inspections.models import ModelCheck
from openmind_llm.domain.inspections.nightly import MARGIN_S, MOST_TOLD, Nightly
from openmind_llm.domain.listing import Listed, Told, Unlisted
from tests.fakes import FakeListings, FakeSignals
from tests.spending import clock_at
from tests.unit.domain.inspections.test_ledgers import ledgers
from tests.unit.domain.routing import catalogue, row

NIGHT_S = 1_795_662_000
"""2026-11-26, 03:00 UTC."""

ALL_THERE: dict[str, Told] = {"acme": (Listed(("big",), {"input": 1, "output": 1}),)}


@pytest.fixture(autouse=True)
def _infos(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def sound(_: str) -> list[str]:
    return []


def nightly(
    told: dict[str, Told], shop: Catalogue | None = None, found: Callable[[str], list[str]] = sound, **parts: Any
) -> tuple[Nightly, FakeSignals]:
    signals, clock = FakeSignals(), clock_at(NIGHT_S)
    known = shop or catalogue(row("big"))
    models = ModelCheck(lambda: known, FakeListings(told))
    checked: Ledgers = parts.get("ledgers") or ledgers(found, now=clock)
    return Nightly(models, checked, signals, clock), signals


def test_a_night_without_a_finding_tells_no_signal_and_what_was_looked_at(caplog: pytest.LogCaptureFixture) -> None:
    night, signals = nightly(ALL_THERE)

    summary = night.run(900)

    assert signals.told == []
    assert summary == {
        "providers": 1, "models": 1, "sound_accounts": 4, "unsound_accounts": 0, "unchecked_accounts": 0
    }  # fmt: skip
    models, ledger = caplog.records
    assert (vars(models)["listed"], vars(models)["unlisted"]) == ({"acme": 1}, {"other": "no key"})
    assert vars(ledger)["sound_accounts"] == 4


def test_missing_models_are_told_by_name() -> None:
    night, signals = nightly({"acme": (Listed(("else",), {}),)})

    night.run(900)

    assert signals.told == [
        ("models not listed", {"ModelsMissing": 1}, {"found": ["acme/big is not listed; asked for by big"]})
    ]


def test_drifted_prices_are_told_with_both_and_how_many_are_dearer(caplog: pytest.LogCaptureFixture) -> None:
    night, signals = nightly({"acme": (Listed(("big",), {"input": 2, "output": 2}),)})

    night.run(900)

    assert signals.counts == {"PricesDrifted": 2}
    assert signals.told[0][2]["found"][0] == "acme/big input: ours 1, theirs 2 (dearer)"
    assert (vars(caplog.records[0])["dearer"], vars(caplog.records[0])["cheaper"]) == (2, 0)


def test_a_shutdown_that_is_not_in_the_catalogue_is_told() -> None:
    night, signals = nightly({"acme": (Listed(("big",), {}, "2027-06-01"),)})

    night.run(900)

    assert signals.counts == {"ShutdownsDrifted": 1}


def test_a_model_that_ends_is_a_signal_only_where_nothing_answers_for_it(caplog: pytest.LogCaptureFixture) -> None:
    shop = catalogue(
        row("big", shutdown="2026-12-01", fallbacks=("acme/new",)), row("lost", shutdown="2026-12-02"), row("new")
    )
    night, signals = nightly({"acme": Unlisted("status 500", has_key=True)}, shop)

    night.run(900)

    assert signals.counts == {"ModelsRetiring": 1, "ProvidersUnlisted": 1}
    assert signals.told[0][2]["found"] == ["acme/lost ends on 2026-12-02, and nothing answers for it"]
    assert vars(caplog.records[0])["retiring_with_fallback"] == ["acme/big ends on 2026-12-01, then acme/new answers"]


def test_a_model_that_ends_at_a_provider_without_a_key_is_no_signal() -> None:
    night, signals = nightly({}, catalogue(row("lost", shutdown="2026-12-02")))

    night.run(900)

    assert signals.told == []


def test_a_provider_without_a_key_is_a_fact_and_one_that_does_not_answer_is_counted() -> None:
    night, signals = nightly({"acme": Unlisted("status 401, key team-a is refused", has_key=True)})

    summary = night.run(900)

    assert signals.told == [
        (
            "providers not listed",
            {"ProvidersUnlisted": 1},
            {"found": ["acme: status 401, key team-a is refused"]},
        )
    ]
    assert summary["providers"] == 0


def test_a_provider_that_was_not_looked_at_has_no_missing_models() -> None:
    night, signals = nightly({"acme": Unlisted("no answer: TimeoutError", has_key=True)})

    night.run(900)

    assert "ModelsMissing" not in signals.counts


def test_discrepancies_are_told_for_each_account_by_its_id() -> None:
    night, signals = nightly(ALL_THERE, found=lambda one: ["held is 1, and 0 by its rows"] * (one in "bd"))

    summary = night.run(900)

    assert [(told[1], told[2]["account_id"]) for told in signals.told] == [
        ({"LedgerDiscrepancies": 1}, "b"),
        ({"LedgerDiscrepancies": 1}, "d"),
    ]
    assert (summary["sound_accounts"], summary["unsound_accounts"]) == (2, 2)


def test_accounts_that_there_was_no_time_for_are_counted() -> None:
    night, signals = nightly(ALL_THERE)

    night.run(MARGIN_S - 1)

    (told,) = signals.told
    assert told == (
        "accounts unchecked", {"AccountsUnchecked": 4}, {"found": ["a", "b", "c", "d"], "reasons": {"no time left": 4}}
    )  # fmt: skip


def test_what_fails_in_the_look_at_models_does_not_keep_the_ledger_from_being_checked() -> None:
    signals, clock = FakeSignals(), clock_at(NIGHT_S)

    def broken() -> Catalogue:
        raise ValueError("no catalogue")

    night = Nightly(ModelCheck(broken, FakeListings({})), ledgers(lambda _: ["wrong"], now=clock), signals, clock)

    with pytest.raises(ValueError, match="no catalogue"):
        night.run(900)

    assert signals.counts == {"LedgerDiscrepancies": 4}


def test_a_line_holds_no_more_than_a_line_can() -> None:
    night, signals = nightly(ALL_THERE, found=lambda _: ["wrong"] * 1000)

    night.run(900)

    assert signals.counts["LedgerDiscrepancies"] == 4000
    assert {len(told[2]["found"]) for told in signals.told} == {MOST_TOLD}
