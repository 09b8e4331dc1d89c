"""What an `Idempotency-Key` stands for, and how an answer is packed."""

import asyncio
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Any

import pytest

from openmind_llm.domain import idempotency, recording, taping
from openmind_llm.domain.completions import Reply
from openmind_llm.domain.idempotency import (
    MOST_BYTES,
    AnswerNotKeptError,
    Claim,
    IdempotencyKeyReusedError,
    Kept,
    Record,
    StillRunningError,
)
from openmind_llm.domain.recording import Recorder
from openmind_llm.errors import GatewayError
from tests.memory_ledger import MemoryLedgerStore

CLAIM = Claim("account-1", "record", "hash", "request-1", placed_at=1000, hold_expires_at=1900, ttl=87_400)
KEPT = Kept(is_stream=False, headers={}, parts=1)


@pytest.mark.parametrize(
    ("record", "now_s", "is_free"),
    [
        (Record(CLAIM), 1899.9, False),
        (Record(CLAIM), 1900, True),
        (Record(CLAIM, KEPT), 1900, False),
        (Record(CLAIM, KEPT), 87_399.9, False),
        (Record(CLAIM, KEPT), 87_400, True),
        (Record(replace(CLAIM, hold_expires_at=90_000)), 87_400, True),
    ],
)
def test_a_key_is_free_again_after_its_time_or_its_requests_death(record: Record, now_s: float, is_free: bool) -> None:
    assert idempotency.is_free(record, now_s) is is_free


@pytest.mark.parametrize(
    ("record", "body_hash", "error"),
    [
        (Record(CLAIM), "hash", StillRunningError),
        (Record(CLAIM), "other", IdempotencyKeyReusedError),
        (Record(CLAIM, KEPT), "other", IdempotencyKeyReusedError),
        (Record(CLAIM, replace(KEPT, parts=0)), "hash", AnswerNotKeptError),
    ],
)
def test_what_cannot_be_replayed_says_why(record: Record, body_hash: str, error: type[GatewayError]) -> None:
    with pytest.raises(error):
        idempotency.kept_for(record, body_hash)


def test_where_the_provider_ends_and_the_body_begins_is_part_of_the_hash() -> None:
    assert idempotency.body_hash("xai", b"{}") != idempotency.body_hash("xa", b"i{}")


def test_only_headers_that_describe_the_answer_are_kept() -> None:
    headers = {"x-openmind-adjusted": "-seed", "x-openmind-credit-remaining": "1", "x-ratelimit-limit-requests": "9"}

    assert idempotency.described(headers) == {"x-openmind-adjusted": "-seed"}


async def _each(payloads: Sequence[bytes]) -> AsyncIterator[bytes]:
    for payload in payloads:
        yield payload


async def _record(payloads: Sequence[bytes], *, is_stream: bool, read: int | None = None) -> MemoryLedgerStore:
    """What is stored of a reply of which `read` payloads are read, or all to the end."""
    store = MemoryLedgerStore()
    recorder = Recorder(store, "record", "hash")
    reply = Reply({}, is_stream=is_stream, payloads=_each(payloads))
    async with recording.of(reply, recorder):
        if read is None:
            assert [payload async for payload in reply.payloads] == list(payloads)
        else:
            assert [await anext(reply.payloads) for _ in range(read)] == list(payloads[:read])
    recorder.keep(CLAIM, "completed")
    return store


async def _replayed(parts: Sequence[bytes]) -> list[bytes]:
    return [payload async for payload in taping.played(parts)]


@pytest.mark.parametrize("payloads", [[b'{"a":1}'], [b'{"a":1}'] * 3, [b"{}", b"x" * 300_000, b"{}"]])
def test_what_was_relayed_is_replayed(payloads: list[bytes]) -> None:
    store = asyncio.run(_record(payloads, is_stream=True))

    assert asyncio.run(_replayed(store.stored_parts["request-1"])) == payloads


def test_a_stream_that_was_not_read_to_its_end_is_not_kept() -> None:
    store = asyncio.run(_record([b"{}", b"{}"], is_stream=True, read=2))

    assert not store.stored_parts


def test_a_whole_answer_is_kept_once_it_was_handed_on() -> None:
    store = asyncio.run(_record([b"{}"], is_stream=False, read=1))

    assert asyncio.run(_replayed(store.stored_parts["request-1"])) == [b"{}"]


@pytest.mark.parametrize("outcome", ["stopped", "broken", "refused", "unanswered", "abandoned"])
def test_an_answer_with_another_outcome_is_not_kept(outcome: str) -> None:
    async def kept() -> Kept | None:
        recorder = Recorder(MemoryLedgerStore(), "record", "hash")
        reply = Reply({}, is_stream=True, payloads=_each([b"{}"]))
        async with recording.of(reply, recorder):
            assert [payload async for payload in reply.payloads] == [b"{}"]
        return recorder.keep(CLAIM, outcome)

    assert asyncio.run(kept()) is None


def test_a_replay_does_not_decompress_all_of_an_answer_at_once() -> None:
    bomb = zlib.compress((b"x" * 1_000_000 + b"\n") * 50)

    async def first() -> bytes:
        return await anext(taping.played([bomb]))

    peak = _peak_bytes(first)

    assert peak < 10_000_000


def test_a_recorder_holds_no_more_than_an_answer_may_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "MOST_BYTES", 1000)
    store = MemoryLedgerStore()
    recorder = Recorder(store, "record", "hash")
    noise = [bytes(range(256)).hex().encode() + str(number).encode() for number in range(20_000)]

    async def kept() -> Kept | None:
        reply = Reply({}, is_stream=True, payloads=_each(noise))
        async with recording.of(reply, recorder):
            async for _ in reply.payloads:
                assert len(recorder.tape._packed) <= 1000
        return recorder.keep(CLAIM, "completed")

    assert asyncio.run(kept()) == Kept(is_stream=True, headers={}, parts=0)
    assert not store.stored_parts


def test_an_answer_fits_into_one_batch_of_the_table() -> None:
    """DynamoDB gives 16 MB at once, in 100 items."""
    assert MOST_BYTES <= 16_000_000
    assert MOST_BYTES / idempotency.PART_BYTES < 100


def _peak_bytes(work: Callable[[], Coroutine[Any, Any, bytes]]) -> int:
    tracemalloc.start()
    try:
        asyncio.run(work())
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
