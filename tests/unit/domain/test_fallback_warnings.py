"""What a caller is told of a model that ends, or has ended."""

import pytest

from openmind_llm.domain.catalogue import Model
from tests.unit.domain.routing import ENDED, GIANT, SMALL, TINY, TODAY, WITH_TOOLS, catalogue, planned, row


def warned(
    *models: Model, named: tuple[str, ...] | None = None, on: str = TODAY, asked: str = "big"
) -> tuple[str, ...]:
    return planned(catalogue(*models), asked, named, on).warnings


@pytest.mark.parametrize(
    ("on", "told"),
    [
        ("2026-11-10", ()),
        ("2026-11-11", ("big will be shut down on 2026-12-11; then small answers for it",)),
        ("2026-12-10", ("big will be shut down on 2026-12-11; then small answers for it",)),
        ("2026-12-11", ("big was retired on 2026-12-11; small answers for it",)),
        ("2027-12-11", ("big was retired on 2026-12-11; small answers for it",)),
    ],
)
def test_an_end_is_told_thirty_days_ahead_and_ever_after(on: str, told: tuple[str, ...]) -> None:
    assert warned(ENDED, SMALL, on=on) == told


def test_an_end_without_a_successor_is_told_without_one() -> None:
    ended = row("big", shutdown="2026-12-11")

    assert warned(ended, on="2026-12-10") == ("big will be shut down on 2026-12-11",)
    assert warned(ended, on="2026-12-11") == ("big was retired on 2026-12-11",)
    assert warned(ENDED, SMALL, named=(), on="2026-12-11") == ("big was retired on 2026-12-11",)


def test_a_retired_row_that_was_repointed_tells_which_model_answers() -> None:
    repointed = row("big", status="retired", shutdown="2026-10-23", upstream_id="tiny", aliases=("b",))

    assert warned(repointed, TINY) == ("big was retired on 2026-10-23; tiny answers for it",)
    assert warned(repointed, TINY, asked="b") == ("big was retired on 2026-10-23; tiny answers for it",)


def test_a_row_that_was_repointed_to_a_model_which_ended_too_does_not_name_that_one() -> None:
    repointed = row("old", status="retired", upstream_id="big")

    assert warned(ENDED, repointed, asked="old", on="2026-12-11") == ("old was retired",)


def test_a_retired_row_without_a_date_is_told_without_one() -> None:
    assert warned(row("big", status="retired", upstream_id="tiny")) == ("big was retired; tiny answers for it",)


def test_a_retired_row_that_nothing_answers_for_is_told_as_such() -> None:
    assert warned(row("big", status="retired")) == ("big was retired",)
    assert warned(row("big", status="retired", upstream_id="big-preview", aliases=("big-preview",))) == (
        "big was retired",
    )


def test_a_successor_at_another_provider_is_told_with_its_provider() -> None:
    ended = row("big", shutdown="2026-01-01", fallbacks=("other/vendor/giant",))

    assert warned(ended, GIANT) == ("big was retired on 2026-01-01; other/vendor/giant answers for it",)


def test_a_warning_names_rows_alone_never_what_the_client_wrote() -> None:
    told = warned(ENDED, GIANT, SMALL, named=("other/vendor/giant-sk-secret",), on="2026-12-11")

    assert told == ("big was retired on 2026-12-11; other/vendor/giant answers for it",)


def test_of_an_unlisted_name_nothing_is_told() -> None:
    assert warned(ENDED, SMALL, asked="big-of-tomorrow") == ()


def test_a_successor_that_cannot_carry_the_request_is_not_told() -> None:
    shop = catalogue(ENDED, row("small", capabilities={}))

    assert planned(shop, on="2026-12-11", body=WITH_TOOLS).warnings == ("big was retired on 2026-12-11",)
