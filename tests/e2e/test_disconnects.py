"""Clients that leave a stream, each after another chunk: every one is charged for exactly what the provider tells."""

import threading
from collections.abc import Iterator

import boto3

from dev import seed
from openmind_llm.domain.ledger.standing import ACCOUNT_COUNTERS
from openmind_llm.storage import items, records
from tests.doors import HttpDoor
from tests.e2e.conftest import ACCOUNT
from tests.e2e.streaming import TIMEOUT_S, LedgerRows, asked
from tests.fake_upstream import DONE, USAGE, FakeUpstream, Stream, chunk, event

CHUNKS = [event(chunk({"content": f"word {number} "})) for number in range(1, 20)] + [
    event(chunk(finish_reason="stop"))
]
TOLD = event(chunk(choices=[], usage=USAGE))
LARGE = event(chunk({"content": "x" * 100_000}))
"""More than a connection whose client is gone takes in without a word."""


def counters() -> dict[str, int]:
    found = boto3.client("dynamodb").get_item(
        TableName=seed.TABLE, Key=records.account_key(ACCOUNT), ConsistentRead=True
    )
    return records.counters(items.plain(found["Item"]), ACCOUNT_COUNTERS)


def leave_after(number: int, door: HttpDoor, upstream: FakeUpstream) -> None:
    left = threading.Event()

    def answer() -> Iterator[bytes]:
        yield from CHUNKS[:number]
        assert left.wait(TIMEOUT_S)
        yield from (*CHUNKS[number:], LARGE, TOLD, DONE)

    upstream.answer = lambda _: Stream(answer())
    with asked(door) as streamed:
        events = streamed.events()
        read = [next(events) for _ in range(number)]
    left.set()
    assert len(read) == number


def test_a_client_that_leaves_after_any_chunk_is_charged_for_what_the_provider_tells(
    stream_door: HttpDoor, upstream: FakeUpstream
) -> None:
    rows, before = LedgerRows(), counters()

    for number in range(1, len(CHUNKS) + 1):
        leave_after(number, stream_door, upstream)

    settled, after = rows.all(20), counters()
    charges = [row["charge"] for row in settled]
    assert {row["outcome"] for row in settled} <= {"client_gone", "completed"}
    assert {(row["is_exact"], row["input"], row["output"]) for row in settled} == {(True, 12, 18)}
    assert len(set(charges)) == 1
    assert charges[0] > 0
    moved = {name: after[name] - before[name] for name in ("granted", "balance", "held", "charged", "open_holds")}
    assert moved == {"granted": 0, "balance": -sum(charges), "held": 0, "charged": sum(charges), "open_holds": 0}
