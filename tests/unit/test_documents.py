"""The documents keep up with what they describe."""

import dataclasses
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.operate.target import defaults
from openmind_llm import cli
from openmind_llm.domain.plans import Limits, Plan
from openmind_llm.telemetry.metrics import Metrics
from tests.unit.telemetry.telling import attempt, told

ROOT = Path(__file__).parents[2]
DOCUMENTS = {str(path.relative_to(ROOT)): path for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"))}


def test_every_recorded_event_is_listed_with_its_function_and_result() -> None:
    """Each, and no other; a file is named after its function."""
    table = (ROOT / "docs" / "local-invoke.md").read_text()
    listed = re.findall(r"^\| `(\w+\.json)` \| `(\w+)` \| \S", table, re.MULTILINE)
    events = {path.name for path in (ROOT / "events").glob("*_*.json")}

    assert dict(listed) == {name: f"{name.partition('_')[0].capitalize()}Function" for name in events}
    assert len(listed) == len(events)


def test_every_metric_is_explained() -> None:
    text = (ROOT / "docs" / "observability.md").read_text()
    facts = dict.fromkeys(("overhead_ms", "first_ms", "cost", "charge", "open_holds", "breaker_open"), 1)
    summary = told(attempt(), input_tokens=1, output_tokens=1, cache="hit", **facts)
    (directive,) = Metrics("prod", "model").fields(summary)["_aws"]["CloudWatchMetrics"]

    names = {metric["Name"] for metric in directive["Metrics"]}
    assert len(names) == 15
    assert {name for name in names if f"`{name}`" not in text} == set()


def test_every_header_of_ours_is_in_the_readme() -> None:
    sources = (path.read_text() for path in (ROOT / "layers" / "core" / "openmind_llm").rglob("*.py"))
    told = {name for source in sources for name in re.findall(r'"(x-openmind-[a-z-]*[a-z])"', source)}
    readme = (ROOT / "README.md").read_text()

    assert len(told) > 15
    assert {name for name in told if f"`{name}" not in readme} == set()


def test_every_parameter_of_the_template_is_explained() -> None:
    names = set(defaults()) - {"Stage", "NoText"}
    documents = (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))
    text = "".join(path.read_text() for path in documents)

    assert len(names) > 10
    assert {name for name in names if f"`{name}`" not in text} == set()


def test_every_field_of_a_plan_is_in_the_readme() -> None:
    fields = {field.name for of in (Plan, Limits) for field in dataclasses.fields(of)}
    plans = (ROOT / "README.md").read_text().partition("Plans (`")[2].partition("## Deploy")[0]

    assert {name for name in fields if name not in plans} == set()


def test_every_target_of_make_is_told_of() -> None:
    plain = {"help", "build", "clean", "lint", "types", "run-stream-runtime"}
    targets = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    paths = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md"))
    text = "".join(path.read_text() for path in paths)

    assert {name for name in targets - plain if not re.search(rf"make (-s )?{name}\b", text)} == set()


def _anchors(path: Path) -> set[str]:
    """Of its headings, as GitHub makes them."""
    headings = re.findall(
        r"^#+ (.+)$", re.sub(r"^ *```.*?^ *```", "", path.read_text(), flags=re.MULTILINE | re.DOTALL), re.MULTILINE
    )
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_link_within_the_repository_leads_somewhere(name: str) -> None:
    path = DOCUMENTS[name]
    links = re.findall(r"\]\((?!https?:)([^)#\s]*)#?([^)\s]*)\)", path.read_text())
    targets = [(path.parent / file if file else path, anchor) for file, anchor in links]

    assert [str(target) for target, _ in targets if not target.exists()] == []
    assert [anchor for target, anchor in targets if anchor and anchor not in _anchors(target)] == []


def test_every_target_of_make_that_is_told_of_is_one() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = "\n".join(path.read_text() for path in DOCUMENTS.values())
    told = set(re.findall(r"(?:`|^)make (?:-s )?([a-z][a-z-]*)", text, re.MULTILINE))

    assert len(told) > 15
    assert told - targets == set()


def _typed() -> Iterator[str]:
    """What follows our command in blocks of shell, with something in the place of what the reader puts in."""
    for path in DOCUMENTS.values():
        for block in re.findall(r"^ *```(?:bash|sh)\n(.*?)^ *```", path.read_text(), re.MULTILINE | re.DOTALL):
            for typed in re.findall(r"openmind-llm ((?:--stack|[a-z])[^#|\n)`]+)", block.replace("\\\n", " ")):
                yield re.sub(r"<<'END'| >\s.*", "", re.sub(r"<\w+>", "0123456789abcdef", typed))


def test_every_command_of_ours_that_is_to_be_typed_is_one() -> None:
    parser, typed = cli._parser(), list(_typed())

    assert len(typed) > 60
    for line in typed:
        assert parser.parse_args(shlex.split(line)).command, line
