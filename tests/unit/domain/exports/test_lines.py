"""A settled row as a line of JSON."""

import re
from dataclasses import replace
from pathlib import Path

from openmind_llm.domain.exports import lines
from openmind_llm.domain.ledger.rows import Entry
from tests.spending import Spending, two_accounts
from tests.unit.domain.exports.shelves import read

DOCUMENT = Path(__file__).parents[4] / "docs" / "export.md"


def an_entry() -> Entry:
    store = two_accounts()
    return store.entries[Spending(store).sent()]


def test_a_line_tells_what_a_request_came_to_in_whole_micro_units() -> None:
    entry = an_entry()

    line = lines.line(entry)

    assert (line["charge_micro_omcu"], line["cost_micro_usd"]) == (entry.charge, entry.bill.cost)
    assert all(type(line[name]) is int for name in line if "_micro_" in name)
    assert [line[f"{name}_tokens"] for name in entry.usage.by_class] == [10, 2, 1, 20, 5]


def test_moments_are_of_utc_to_the_millisecond() -> None:
    line = lines.line(an_entry())

    assert (line["started_at"], line["settled_at"]) == ("2026-11-24T12:00:00.000Z", "2026-11-24T12:00:00.900Z")


def test_a_field_without_a_value_is_there_as_null() -> None:
    entry = an_entry()
    bare = replace(entry, reason="", timing=replace(entry.timing, first_ms=None))

    line = lines.line(bare)

    assert {name for name, value in line.items() if value is None} == {"reason", "fallback_of", "first_ms"}
    assert line.keys() == lines.line(replace(entry, reason="no answer came")).keys()


def test_an_idempotency_key_is_not_told() -> None:
    """Clients choose it, and may put into it what they like."""
    entry = an_entry()
    named = replace(entry, hold=replace(entry.hold, idempotency="canary-chosen-by-a-client"))

    assert "canary" not in str(lines.line(named))


def test_the_same_rows_are_the_same_bytes_whenever_they_are_packed() -> None:
    entry = an_entry()

    packed = lines.packed([entry, entry])

    assert packed == lines.packed([entry, entry])
    assert packed[4:8] == bytes(4)  # no time, which gzip would put there
    assert read(packed) == [lines.line(entry)] * 2


def test_every_field_is_documented_and_no_other() -> None:
    table = DOCUMENT.read_text().partition("## The fields")[2].partition("\n## ")[0]
    told = {
        name
        for row in table.splitlines()
        if row.startswith("| `")
        for name in re.findall(r"`(\w+)`", row[: row.index("|", 1)])
    }

    assert told == lines.line(an_entry()).keys()
