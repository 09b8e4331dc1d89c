"""The changes of the table as a function gets them."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from openmind_llm.storage import changes

RECORDED = json.loads((Path(__file__).parents[3] / "events" / "export_stream.json").read_text())


def record(**attributes: Any) -> dict[str, Any]:
    """The recorded change with these attributes; None takes one away."""
    one: dict[str, Any] = copy.deepcopy(RECORDED["Records"][0])
    item = one["dynamodb"]["NewImage"]
    for name, value in attributes.items():
        if value is None:
            del item[name]
        else:
            item[name] = value
    return one


def test_a_settled_row_is_read_with_its_place() -> None:
    (row,), unreadable = changes.settled(RECORDED)

    assert row.place == "4421584500000000017450439091"
    assert (row.entry.hold.account_id, row.entry.charge, row.entry.bill.cost) == ("acme", 4_760_000, 280)
    assert unreadable == []


@pytest.mark.parametrize(
    "other",
    [
        record(state={"S": "held"}),
        record(state=None),
        record(pk={"S": "ACCOUNT#acme"}),
        {"eventName": "REMOVE", "dynamodb": {"Keys": {}, "SequenceNumber": "1"}},
    ],
)
def test_other_changes_are_left_out(other: dict[str, Any]) -> None:
    assert changes.settled({"Records": [other]}) == ([], [])


@pytest.mark.parametrize("bad", [{"charge": None}, {"charge": {"N": "1.5"}}, {"charge": {}}])
def test_a_row_that_cannot_be_read_is_named_beside_those_that_can(
    bad: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    rows, unreadable = changes.settled({"Records": [record(**bad), *RECORDED["Records"]]})

    assert len(rows) == 1
    assert unreadable == [record()["dynamodb"]["NewImage"]["sk"]["S"]]
    assert caplog.messages == ["row not read"]
