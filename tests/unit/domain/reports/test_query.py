"""The parameters of a usage report: what is taken, and what is said of the rest."""

from datetime import date

import pytest

from openmind_llm.domain.reports import query
from openmind_llm.domain.reports.query import UsageQuery
from openmind_llm.errors import InvalidRequestError

TODAY = date(2026, 11, 25)


def test_without_parameters_the_last_thirty_days_are_asked_for_by_day() -> None:
    assert query.parse([], TODAY) == UsageQuery("2026-10-27", "2026-11-25", ("day",), "json", 100, "")


def test_thirty_days_end_with_the_last_day_that_is_named() -> None:
    asked = query.parse([("to", "2026-03-01")], TODAY)

    assert (asked.first, asked.last) == ("2026-01-31", "2026-03-01")


def test_the_first_days_of_the_calendar_are_days() -> None:
    asked = query.parse([("to", "0001-01-02")], TODAY)

    assert (asked.first, asked.last) == ("0001-01-01", "0001-01-02")


def test_groups_keep_the_callers_order() -> None:
    assert query.parse([("group_by", "model,day")], TODAY).group_by == ("model", "day")


@pytest.mark.parametrize(("first", "is_taken"), [("2025-11-25", True), ("2025-11-24", False)])
def test_a_report_covers_366_days_at_most(first: str, is_taken: bool) -> None:
    parameters = [("from", first), ("to", "2026-11-25")]
    if is_taken:
        assert query.parse(parameters, TODAY).first == first
        return
    with pytest.raises(InvalidRequestError, match=r"^from must be at most 366 days before to"):
        query.parse(parameters, TODAY)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("from", "2026-11-26"),
        ("from", ""),
        ("from", "yesterday"),
        ("from", "2026-2-1"),
        ("from", "20260201"),
        ("from", "\uff12\uff10\uff12\uff16-02-01"),
        ("from", "2026-02-01T00:00"),
        ("to", "2026-02-30"),
        ("to", "0000-01-01"),
        ("group_by", ""),
        ("group_by", "day,day"),
        ("group_by", "day, key"),
        ("group_by", "account"),
        ("format", "CSV"),
        ("limit", "0"),
        ("limit", "1001"),
        ("limit", "+5"),
        ("limit", "1e2"),
        ("limit", "٣"),
        ("cursor", ""),
    ],
)
def test_a_refusal_names_the_parameter(name: str, value: str) -> None:
    with pytest.raises(InvalidRequestError, match=f"^{name} must "):
        query.parse([(name, value)], TODAY)


def test_a_parameter_is_given_once() -> None:
    with pytest.raises(InvalidRequestError, match=r"^limit must be given once"):
        query.parse([("limit", "1"), ("limit", "1")], TODAY)


def test_a_misspelt_parameter_is_refused_without_being_quoted() -> None:
    with pytest.raises(InvalidRequestError, match=r"^the parameters are from, to, group_by") as refused:
        query.parse([("groupby", "key")], TODAY)

    assert "groupby" not in refused.value.message


def test_the_link_to_another_page_asks_for_the_same_report() -> None:
    asked = query.parse([("from", "2026-11-01"), ("group_by", "model,key"), ("format", "csv"), ("limit", "7")], TODAY)

    linked = query.parse(asked.link("next"), date(2027, 1, 1))

    assert linked == UsageQuery("2026-11-01", "2026-11-25", ("model", "key"), "csv", 7, "next")
