"""One table: verdicts, whatever a look comes to."""

import http.client
from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from dev.smoke import rows, table
from dev.smoke.table import FAIL, NOT_TRIED, OK, NotTriedError, Result, Row, UnmetError


def raising(error: Exception) -> Callable[[None], str]:
    def look(_: None) -> str:
        raise error

    return look


def refused_by_aws(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code}}, "GetAlias")


@pytest.mark.parametrize(
    ("error", "verdict", "seen"),
    [
        (UnmetError("500"), FAIL, "500"),
        (NotTriedError("needs STACK"), NOT_TRIED, "needs STACK"),
        (ConnectionRefusedError("nobody"), FAIL, "ConnectionRefusedError: nobody"),
        (http.client.IncompleteRead(b""), FAIL, "IncompleteRead: IncompleteRead(0 bytes read)"),
        (KeyError("choices"), FAIL, "KeyError: 'choices'"),
        (EndpointConnectionError(endpoint_url="u"), FAIL, None),
        (refused_by_aws("ResourceNotFoundException"), FAIL, "GetAlias: ResourceNotFoundException"),
        (refused_by_aws("AccessDeniedException"), NOT_TRIED, "GetAlias: AccessDeniedException"),
    ],
)
def test_whatever_happens_is_a_verdict(error: Exception, verdict: str, seen: str | None) -> None:
    (result,) = table.run([Row("row", "well", raising(error))], None, lambda _: None)

    assert result.verdict == verdict
    assert seen in {result.seen, None}


def test_a_row_that_fails_does_not_stop_the_rest() -> None:
    heard: list[str] = []

    results = table.run([Row("a", "", raising(UnmetError("no"))), Row("b", "", lambda _: "yes")], None, heard.append)

    assert [result.verdict for result in results] == [FAIL, OK]
    assert heard == ["a", "b"]
    assert table.has_failed(results)


def test_what_was_not_tried_has_not_failed() -> None:
    assert not table.has_failed([Result("a", "", "", NOT_TRIED), Result("b", "", "", OK)])


def test_the_table_keeps_to_one_line_for_each_row() -> None:
    results = table.run([Row("a", "one", lambda _: "two | lines\n" + "x" * 500)], None, lambda _: None)

    head, rule, line = table.text(results).splitlines()
    assert head.startswith("| row | expected | seen ")
    assert {len(head), len(rule), len(line)} == {len(line)}
    assert "two / lines xxx" in line
    assert table.summary(results) == "1 ok, 0 FAIL, 0 not tried"


def test_names_are_unique() -> None:
    names = [row.name for row in rows.ROWS]

    assert len(set(names)) == len(names)


def test_the_key_is_revoked_last() -> None:
    assert rows.ROWS[-1].name == "key-revoked"


def test_some_rows_can_be_asked_for() -> None:
    assert [row.name for row in rows.named("stream, health")] == ["health", "stream"]
    assert rows.named("") == rows.ROWS
    with pytest.raises(ValueError, match="no row is called nope"):
        rows.named("health nope")
