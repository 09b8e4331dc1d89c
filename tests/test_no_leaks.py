"""The last test of the suite: no planted secret came out, in a log, an error, an answer or on a terminal."""

import logging
import socket

from openmind_llm.storage.wire.operations import DynamoDB
from tests import canaries
from tests.unit.storage.conftest import TABLE, by_boto3, by_wire, dynamodb

__all__ = ["by_boto3", "by_wire", "dynamodb"]


def test_the_watch_sees_a_leak() -> None:
    before = list(canaries.leaks)
    logger = logging.getLogger("openmind_llm.leaking")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False

    logger.warning("key", extra={"planted": canaries.API_KEY})

    assert len(canaries.leaks) == len(before) + 1
    canaries.leaks[:] = before


def test_the_watch_sees_what_goes_to_the_tracing_daemon() -> None:
    before = list(canaries.leaks)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon, socket.socket(type=socket.SOCK_DGRAM) as sender:
        daemon.bind(("127.0.0.1", 0))

        sender.sendto(canaries.PROVIDER_KEY.encode(), daemon.getsockname())

    assert len(canaries.leaks) == len(before) + 1
    canaries.leaks[:] = before


def test_the_watch_sees_what_goes_into_the_table(dynamodb: DynamoDB) -> None:
    before = list(canaries.leaks)

    dynamodb.put_item(TableName=TABLE, Item={"pk": {"S": canaries.PROVIDER_KEY}, "sk": {"S": "STATE"}})

    assert len(canaries.leaks) == len(before) + 1
    canaries.leaks[:] = before


def test_no_canary_was_seen() -> None:
    assert canaries.leaks == []
