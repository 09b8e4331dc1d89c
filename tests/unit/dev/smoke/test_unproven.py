"""docs/unproven.md keeps to what the script has."""

import re
from pathlib import Path

from dev.smoke.rows import ROWS

TEXT = (Path(__file__).parents[4] / "docs" / "unproven.md").read_text()
SHOWN = TEXT.partition("## What no row shows")[0]
NAMES = {row.name for row in ROWS}
FREE = {"openapi", "provider-unknown", "model-unknown", "body-bad", "quote"}
"""The application's own answers: the same everywhere."""


def test_every_row_that_is_named_exists() -> None:
    named = {name for rows in re.findall(r'ROWS="([^"]*)"', TEXT) for name in rows.split()}

    assert len(named) > 20
    assert named - NAMES == set()


def test_every_row_shows_something_or_needs_no_account() -> None:
    named = {name for rows in re.findall(r'ROWS="([^"]*)"', SHOWN) for name in rows.split()}

    assert NAMES - named == FREE


def test_each_thing_has_the_command_that_shows_it() -> None:
    tables = [line for line in SHOWN.splitlines() if line.startswith("| ") and "shown by" not in line]

    assert len(tables) > 25
    assert [line for line in tables if not re.search(r'`make smoke STACK=… ROWS="[^"]+"`', line)] == []
