"""What every test shares: the watch for leaked secrets."""

import logging
from collections.abc import Iterator

import pytest

from tests import canaries

LAST = "test_no_canary_was_seen"


class _Watch(logging.Handler):
    """Looks through every record, with all that was attached to it."""

    def emit(self, record: logging.LogRecord) -> None:
        canaries.look_through(f"log {record.name}", [record.getMessage(), repr(record.__dict__)])


@pytest.fixture(scope="session", autouse=True)
def _watched_logs() -> Iterator[None]:
    watch = _Watch()
    logging.getLogger().addHandler(watch)
    logging.getLogger("openmind_llm").setLevel(logging.DEBUG)
    yield
    logging.getLogger().removeHandler(watch)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Looks through what each test printed; what a failed assertion shows is the test's own."""
    canaries.look_through(f"output of {report.nodeid}", [report.capstdout, report.capstderr])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.name == LAST)
