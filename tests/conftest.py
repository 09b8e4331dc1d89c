"""What every test shares: the watch for leaked secrets."""

import logging
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests import canaries

LAST = "test_no_canary_was_seen"

# A busy machine makes slow examples, not wrong ones.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


@pytest.fixture(scope="session", autouse=True)
def _watched_logs() -> Iterator[None]:
    """Looks through every record of every logger, with all that was attached to it.

    Not a handler: whoever configures a logger, as the functions do, takes the handlers of others away.
    """
    logging.getLogger("openmind_llm").setLevel(logging.DEBUG)
    handle = logging.Logger.callHandlers

    def watched(logger: logging.Logger, record: logging.LogRecord) -> None:
        canaries.look_through(f"log {record.name}", [record.getMessage(), repr(record.__dict__)])
        handle(logger, record)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logging.Logger, "callHandlers", watched)
        yield


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Looks through what each test printed; what a failed assertion shows is the test's own."""
    canaries.look_through(f"output of {report.nodeid}", [report.capstdout, report.capstderr])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.name == LAST)
