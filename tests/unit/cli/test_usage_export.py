"""A day of everybody's usage, written by an operator."""

from collections.abc import Callable
from pathlib import Path

import boto3
import pytest

from tests.fakes import FakeClock
from tests.spending import Spending, clock_at
from tests.unit.cli.conftest import KEY_ID, Run
from tests.unit.domain.exports.shelves import read

EXPORT = ("usage", "export", "--day", "2026-11-24", "--to")
FILE = "usage/date=2026-11-24/table-00000.jsonl.gz"


@pytest.fixture
def sent(deployed: Callable[[FakeClock], Spending]) -> str:
    """A request of the day, beside one of the next day and one that is open."""
    spending = deployed(clock_at())
    spending.on(1).sent(KEY_ID, "acme")
    spending.opened(KEY_ID, "acme")
    return spending.sent(KEY_ID, "acme")


def test_a_day_is_written_to_a_folder(run: Run, sent: str, tmp_path: Path) -> None:
    said = run(*EXPORT, str(tmp_path / "new"))

    assert said == (0, "", "1 requests of 2026-11-24 in 1 files, 1 not settled yet\n")
    assert [line["request_id"] for line in read((tmp_path / "new" / FILE).read_bytes())] == [sent]


def test_a_day_is_written_to_a_bucket(run: Run, sent: str) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="usage-bucket")

    code, _, _ = run(*EXPORT, "s3://usage-bucket/again")

    assert code == 0
    content = s3.get_object(Bucket="usage-bucket", Key=f"again/{FILE}")["Body"].read()
    assert [line["request_id"] for line in read(content)] == [sent]


def test_a_place_that_cannot_be_written_to_is_told(run: Run, sent: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")

    code, out, error = run(*EXPORT, str(tmp_path / "file"))

    assert (code, out) == (1, "")
    assert error.startswith("openmind-llm: ")
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("day", "to", "told"),
    [
        ("soon", "folder", "day must be a day in the form YYYY-MM-DD"),
        ("9999-01-01", "folder", "9999-01-01 has not begun"),
        ("2026-11-24", "s3://", "s3:// names no bucket"),
        ("2026-11-24", "s3://no-such-bucket", "does not exist"),
    ],
)
def test_what_cannot_be_exported_is_refused(run: Run, sent: str, day: str, to: str, told: str) -> None:
    code, _, error = run("usage", "export", "--day", day, "--to", to)

    assert code == 1
    assert told in error


def test_an_account_of_that_name_has_a_report_too(run: Run) -> None:
    run("accounts", "open", "export", "--plan", "free")

    code, out, _ = run("usage", "of", "export")

    assert code == 0
    assert out.startswith("DAY")
