"""The documents keep up with what they describe."""

from pathlib import Path

from openmind_llm.telemetry.metrics import Metrics
from tests.unit.telemetry.telling import attempt, told

ROOT = Path(__file__).parents[2]


def test_every_recorded_event_is_listed_with_its_result() -> None:
    table = (ROOT / "docs" / "local-invoke.md").read_text()
    events = {path.name for path in (ROOT / "events").glob("*_*.json")}

    assert {name for name in events if f"| `{name}` |" not in table} == set()


def test_every_metric_is_explained() -> None:
    text = (ROOT / "docs" / "observability.md").read_text()
    facts = dict.fromkeys(("overhead_ms", "first_ms", "cost", "charge", "open_holds", "breaker_open"), 1)
    summary = told(attempt(), input_tokens=1, output_tokens=1, cache="hit", **facts)
    (directive,) = Metrics("prod", "model").fields(summary)["_aws"]["CloudWatchMetrics"]

    names = {metric["Name"] for metric in directive["Metrics"]}
    assert len(names) == 15
    assert {name for name in names if f"`{name}`" not in text} == set()
