"""The documents keep up with what they describe."""

from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_recorded_event_is_listed_with_its_result() -> None:
    table = (ROOT / "docs" / "local-invoke.md").read_text()
    events = {path.name for path in (ROOT / "events").glob("*_*.json")}

    assert {name for name in events if f"| `{name}` |" not in table} == set()
