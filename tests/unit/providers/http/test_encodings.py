"""Bodies that a provider packs unasked."""

import asyncio
import gzip
import tracemalloc
import zlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmind_llm.providers.http.encodings import MAX_PART_BYTES, Inflater, inflater
from openmind_llm.providers.http.errors import AnswerTooLongError, BrokenError
from tests.unit.providers.http.playing import OK, client, deadline, provider, read, send

PLAIN = b'{"a": "bcdefgh"}' * 1000


def bare(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def answer(encoding: bytes, body: bytes) -> bytes:
    return OK + b"content-encoding: %s\r\ncontent-length: %d\r\n\r\n" % (encoding, len(body)) + body


def unpacked(encoding: bytes, body: bytes) -> bytes:
    async def play() -> bytes:
        async with provider(answer(encoding, body)) as played, client() as http:
            return await read(http, played.url)

    return asyncio.run(play())


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        (b"gzip", gzip.compress(PLAIN)),
        (b"X-GZIP", gzip.compress(PLAIN)),
        (b"deflate", zlib.compress(PLAIN)),
        (b"deflate", bare(PLAIN)),
        (b"identity", PLAIN),
    ],
    ids=["gzip", "x-gzip", "deflate", "bare deflate", "identity"],
)
def test_a_packed_body_is_unpacked(encoding: bytes, body: bytes) -> None:
    assert unpacked(encoding, body) == PLAIN


def test_a_packed_body_may_be_empty() -> None:
    assert unpacked(b"gzip", b"") == b""


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        (b"gzip", gzip.compress(PLAIN)[:-9]),
        (b"gzip", gzip.compress(PLAIN) + b"more"),
        (b"gzip", PLAIN),
        (b"br", PLAIN),
        (b"gzip, br", gzip.compress(PLAIN)),
    ],
    ids=["cut off", "more", "not packed", "unknown", "two"],
)
def test_what_cannot_be_unpacked_is_broken_and_never_passed(encoding: bytes, body: bytes) -> None:
    with pytest.raises(BrokenError):
        unpacked(encoding, body)


@given(cuts=st.lists(st.integers(0, 200)))
def test_where_the_pieces_are_cut_does_not_matter(cuts: list[int]) -> None:
    packed, one = gzip.compress(PLAIN), Inflater()
    places = [0, *sorted(min(cut, len(packed)) for cut in cuts), len(packed)]

    found = [part for start, end in pairwise(places) for part in one.parts(packed[start:end])]
    one.end()

    assert b"".join(found) == PLAIN


def test_a_small_body_that_holds_a_very_large_one_is_given_up_early() -> None:
    bomb = gzip.compress(bytes(200_000_000), 9)

    async def play() -> None:
        async with provider(answer(b"gzip", bomb)) as played, client() as http:
            response = await send(http, played.url)
            tracemalloc.start()
            try:
                with pytest.raises(AnswerTooLongError):
                    await response.read(1_000_000, deadline())
                assert tracemalloc.get_traced_memory()[1] < 10_000_000
            finally:
                tracemalloc.stop()
                response.close()

    asyncio.run(play())


def test_a_part_is_never_longer_than_what_is_unpacked_at_once() -> None:
    sizes = [len(part) for part in Inflater().parts(gzip.compress(bytes(1_000_000)))]

    assert (max(sizes), sum(sizes)) == (MAX_PART_BYTES, 1_000_000)


def test_a_body_that_is_not_packed_needs_nothing() -> None:
    assert inflater("") is None
