from contextlib import AbstractAsyncContextManager

from tests.benchmarks import report
from tests.benchmarks.bench import Found
from tests.benchmarks.gateways import Door, Gateway, Place
from tests.benchmarks.tables import Table, number
from tests.benchmarks.targets import TARGETS


def never(_: Place) -> AbstractAsyncContextManager[Door]:
    raise NotImplementedError


def found() -> Found:
    known = Found(gateways=[Gateway("stream", "stream function", never), Gateway("portkey", "Portkey", never)])
    known.values |= {"stream.whole_1.cpu": 3.0, "portkey.whole_1.cpu": 2.0}
    known.failing["portkey", "stream_1"] = "30 of 30 failed: status 500"
    return known


def table(known: Found, title: str) -> Table:
    return next(one for one in report.tables(known) if one.title.startswith(title))


def test_every_target_has_a_row_whatever_was_measured() -> None:
    rows = table(Found(), "Targets").rows

    assert [row[0] for row in rows] == [one.name for one in TARGETS]
    assert {row[3] for row in rows} == {"not measured"}


def test_a_gateway_that_fails_is_told_to_and_why() -> None:
    streamed = {row[0]: row[1] for row in table(found(), "Streamed").rows}

    assert streamed["Portkey"] == "FAILS"
    assert table(found(), "Not measured").rows == [("Portkey, streamed, 1 connection", "30 of 30 failed: status 500")]


def test_a_failing_peer_is_no_failure_of_the_bench_but_one_of_ours_is() -> None:
    known = found()
    assert not report.ours_failing(known)

    known.failing["stream", "whole_1"] = "1 of 1 failed"

    assert report.ours_failing(known)


def test_a_ratio_is_ours_over_theirs() -> None:
    assert table(found(), "CPU per request").rows == [("stream function, buffered, 1 connection", "1.50")]


def test_columns_are_aligned_numbers_to_the_right() -> None:
    told = Table("A title", ("name", "value"), [("a", "1.00"), ("longer", "10.00")])

    assert told.aligned() == "A title\n  name    value\n  a        1.00\n  longer  10.00"


def test_markdown_has_a_rule_below_the_names_of_the_columns() -> None:
    told = Table("A title", ("name", "value"), [("a", "1")])

    assert told.markdown() == "### A title\n\n| name | value |\n| --- | ---: |\n| a | 1 |"


def test_a_small_number_is_not_told_as_nothing() -> None:
    assert [number(value) for value in (None, 0, 0.0345, 0.5, 12345.678)] == [
        "-",
        "0.00",
        "0.0345",
        "0.50",
        "12,345.68",
    ]
