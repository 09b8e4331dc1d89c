"""That the runbook has a word for every alarm, and that what it tells a tired operator to type is there to be typed."""

import re
import shlex

import botocore.session
import pytest
from botocore import xform_name

from openmind_llm import cli
from tests.integration.conftest import ROOT, Template
from tests.integration.translated import of_type
from tests.integration.watched import PACKAGE, error_classes

RUNBOOK = (ROOT / "docs" / "runbook.md").read_text()
BLOCKS = re.findall(r"^```bash\n(.*?)^```", RUNBOOK, re.MULTILINE | re.DOTALL)
TYPED = "\n".join(re.sub(r"\\\n\s*", "", block) for block in BLOCKS)
"""One command a line."""

_PROSE = re.sub(r"^```bash\n.*?^```", "", RUNBOOK, flags=re.MULTILINE | re.DOTALL)
_PARTS = [part.partition("\n") for part in re.split(r"^(?=#{1,2} )", _PROSE, flags=re.MULTILINE)]
SECTIONS = {heading.lstrip("# "): text for heading, _, text in _PARTS}
OF_EVERY_COMMAND = {"query", "output", "region"}
PROCEDURES = {
    "No alarm but something is wrong",
    "Restore the table to a point in time",
    "The pepper is gone",
    "A provider key leaked",
    "A caller's key leaked",
}


def test_every_command_of_ours_is_one() -> None:
    groups = "accounts|audit|credit|keys|ledger|models|plans|provider-keys|releases|usage"
    typed = re.findall(r"openmind-llm ([^#\n`]+)", TYPED)
    told = re.findall(rf"`(?:openmind-llm )?((?:--stack \S+ )?(?:{groups}) [a-z]+ [^`]+)`", RUNBOOK)
    parser = cli._parser()

    assert (len(typed) > 15, len(told) > 8) == (True, True)
    for line in [*typed, *told]:
        assert parser.parse_args(shlex.split(re.sub(r"<\w+>", "0123456789abcdef", line))).command, line


def of_aws() -> list[tuple[str, str, set[str]]]:
    """Service, operation and options of each call; one within another ends where that begins."""
    found = [re.match(r"aws ([a-z-]+) ([a-z-]+)(.*)", part) for part in re.split(r"\b(?=aws [a-z]+)", TYPED + INLINE)]
    return [(one[1], one[2], set(re.findall(r" --(?:no-)?([a-z-]+)", one[3]))) for one in found if one]


INLINE = "\n" + "\n".join(re.findall(r"`(aws [^`]+)`", RUNBOOK))
OWN_OPTIONS = {"describe-stack-events": {"max-items"}}
"""Of the command line, beside what the service takes."""


def test_every_command_of_aws_is_one() -> None:
    session = botocore.session.get_session()
    given = of_aws()

    assert len(given) > 30
    for service, operation, options in given:
        if operation != "wait":
            model = session.get_service_model(service)
            names = {xform_name(name, "-"): name for name in model.operation_names}
            assert operation in names, f"{service} {operation}"
            shape = model.operation_model(names[operation]).input_shape
            members = {xform_name(name, "-") for name in (shape.members if shape else {})}
            unknown = options - members - OF_EVERY_COMMAND - OWN_OPTIONS.get(operation, set())
            assert unknown == set(), f"{service} {operation}"


def test_every_target_of_make_is_one() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z]+)\b", TYPED + "".join(re.findall(r"`[^`\n]+`", RUNBOOK))))

    assert named >= {"restore", "build"}
    assert named <= targets


def test_what_is_waited_for_can_be_waited_for() -> None:
    waiters = botocore.session.get_session().get_waiter_model("dynamodb").waiter_names

    named = set(re.findall(r"aws dynamodb wait ([a-z-]+)", TYPED))
    assert named == {"table-exists"}
    assert named <= {xform_name(name, "-") for name in waiters}


def test_every_alarm_has_a_heading_and_every_heading_an_alarm(template: Template) -> None:
    headings = {name for name in SECTIONS if name.endswith("Alarm")}

    assert headings == set(of_type(template, "AWS::CloudWatch::Alarm"))


@pytest.mark.parametrize("name", sorted(name for name in SECTIONS if name.endswith("Alarm")))
def test_an_alarm_is_explained_with_what_to_do(name: str) -> None:
    assert "**Means.**" in SECTIONS[name]
    assert "**Do" in SECTIONS[name] or "act as there" in SECTIONS[name]


def test_an_alarm_that_wakes_somebody_says_when_to_sleep_again(template: Template) -> None:
    found = {name: one["Properties"] for name, one in of_type(template, "AWS::CloudWatch::Alarm").items()}
    urgent = {name for name, alarm in found.items() if alarm["AlarmDescription"].startswith("Act now")}

    assert len(urgent) > 10
    assert {
        n for n in urgent if "ack to bed**" not in SECTIONS[n] and "as there" not in SECTIONS[n]
    } - TOLD_THERE == set()


TOLD_THERE = {"RouteThrottlesAlarm", "TableReadsAlarm"}
"""The first leads to AuthThrottlesAlarm; the second is over with what it tells to stop."""


def test_there_are_procedures_for_what_no_alarm_tells() -> None:
    assert SECTIONS.keys() >= PROCEDURES


def test_every_part_of_the_stack_that_is_asked_for_is_there(template: Template) -> None:
    named = set(re.findall(r"\$\(part (\w+)\)", RUNBOOK))

    assert len(named) > 8
    assert named <= template["Resources"].keys()


def test_every_line_that_is_looked_for_in_the_log_is_written_by_somebody() -> None:
    sources = "".join(path.read_text() for path in PACKAGE.rglob("*.py"))
    lists = [re.findall(r'"([^"]+)"', one) for one in re.findall(r"message in \[([^\]]+)\]", RUNBOOK)]
    named = {*re.findall(r'(?<!@)message = "([^"]+)"', RUNBOOK), *(name for one in lists for name in one)}

    assert len(named) > 8
    assert {name for name in named if f'"{name}"' not in sources} == set()


def test_every_class_of_errors_that_is_named_is_one() -> None:
    named = set(re.findall(r"\b[A-Z]\w+Error\b", RUNBOOK)) - {"SecretUnreadableError"}

    assert len(named) > 4
    assert named <= error_classes()


def test_every_reference_of_the_runbook_to_itself_leads_somewhere() -> None:
    names = [name.removeprefix("…") for name in re.findall(r"(?<!…)\b\w+Alarm\b", RUNBOOK)]

    assert set(names) <= SECTIONS.keys()
    assert {name for name in PROCEDURES | {"Before the first night"} if f'"{name}"' in RUNBOOK} <= SECTIONS.keys()
