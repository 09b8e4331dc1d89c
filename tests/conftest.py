"""What every test shares: the watch for leaked secrets."""

import logging
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.client import BaseClient
from hypothesis import HealthCheck, settings

from openmind_llm.storage.wire.service import Service
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


@pytest.fixture(scope="session", autouse=True)
def _watched_datagrams() -> Iterator[None]:
    """Looks through what goes to the X-Ray daemon."""
    sendto = socket.socket.sendto

    def watched(sender: socket.socket, data: Any, *to: Any) -> int:
        canaries.look_through("datagram", [bytes(data).decode(errors="replace")])
        return sendto(sender, data, *to)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "sendto", watched)
        yield


@pytest.fixture(scope="session", autouse=True)
def _watched_items() -> Iterator[None]:
    """Looks through what goes into the table: the ledger, what is cached, the health of providers."""
    client_class: Any = BaseClient
    call = client_class._make_api_call

    def watched(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
        if client.meta.service_model.service_name == "dynamodb":
            canaries.look_through(f"dynamodb {operation}", [repr(parameters)])
        return call(client, operation, parameters)

    by_wire = Service.call

    def watched_by_wire(service: Service, operation: str, request: dict[str, Any]) -> Any:
        if service.name == "dynamodb":
            canaries.look_through(f"dynamodb {operation}", [repr(request)])
        return by_wire(service, operation, request)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", watched)
        patch.setattr(Service, "call", watched_by_wire)
        yield


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Looks through what each test printed; what a failed assertion shows is the test's own."""
    canaries.look_through(f"output of {report.nodeid}", [report.capstdout, report.capstderr])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.name == LAST)
