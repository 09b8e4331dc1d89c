"""What docs/catalogue.md and the README tell a tired operator to type can be typed, and does what it says."""

import re
import shlex
from pathlib import Path

import pytest

from openmind_llm import cli
from tests.unit.cli.conftest import Run

ROOT = Path(__file__).parents[3]
BLOCKS = [
    block
    for name in ("docs/catalogue.md", "README.md")
    for block in re.findall(r"^```bash\n(.*?)^```", (ROOT / name).read_text(), re.MULTILINE | re.DOTALL)
]
LINES = re.findall(
    r"^openmind-llm ((?:--stack \S+ )?models .*)$", re.sub(r"\\\n\s*", "", "\n".join(BLOCKS)), re.MULTILINE
)
CHANGES = [line for line in LINES if line.startswith(("models set openai", "models retire"))]
ROWS = re.search(r"<<'END'\n(.*?)^END$", "\n".join(BLOCKS), re.MULTILINE | re.DOTALL)


def words(line: str) -> list[str]:
    return shlex.split(re.sub(r" [<>].*", "", line), comments=True)


@pytest.mark.parametrize("line", LINES)
def test_every_line_is_understood(line: str) -> None:
    assert cli._parser().parse_args(words(line)).command


@pytest.mark.parametrize("line", CHANGES)
def test_every_change_fits_to_what_is_packaged(run: Run, line: str) -> None:
    said = run(*words(line), "--dry-run")

    assert (said.code, said.error) == (0, "it fits; nothing was changed\n")


def test_the_new_model_can_be_set(run: Run) -> None:
    assert ROWS is not None

    assert run("models", "set", "--file", "-", typed=ROWS[1]).out.startswith("xai/grok-4.7 is new and sends grok-4.7\n")


def test_there_are_lines_to_look_at() -> None:
    assert (len(LINES) > 15, len(CHANGES) > 7) == (True, True)
