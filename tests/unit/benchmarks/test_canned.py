import json
import time

import pytest

from tests.benchmarks import canned
from tests.benchmarks.outcome import Watch


def streamed(chunks: int = canned.CHUNKS) -> list[bytes]:
    return [*(canned.piece(number) for number in range(chunks)), canned.last(with_usage=True)]


def test_the_answer_as_it_is_has_no_fault() -> None:
    assert canned.fault(canned.whole(), stream=False) == ""
    assert canned.fault(b"".join(streamed()), stream=True) == ""


@pytest.mark.parametrize(
    ("body", "stream", "fault"),
    [
        (b'{"error": "no"}', False, "not the canned answer"),
        (b"".join(streamed(chunks=19)), True, "19 of 20 chunks"),
        (b"".join(streamed()[:-1]), True, "no [DONE] at the end"),
    ],
)
def test_an_answer_that_is_not_the_upstreams_is_found(body: bytes, stream: bool, fault: str) -> None:
    assert canned.fault(body, stream=stream) == fault


def test_usage_comes_in_a_chunk_of_its_own_for_those_who_ask() -> None:
    assert b'"usage"' in canned.last(with_usage=True)
    assert canned.last(with_usage=False) == b"data: [DONE]\n\n"


def test_a_question_is_as_large_as_was_asked_for() -> None:
    assert len(canned.question(stream=False, size=5000)) == pytest.approx(5000, abs=200)
    assert json.loads(canned.question(stream=True))["stream"] is True


def test_a_chunk_is_late_by_the_time_between_its_writing_and_its_arrival() -> None:
    watch = Watch(stream=True)
    pieces = streamed()
    written = time.monotonic_ns()

    for piece in pieces:
        watch.take(piece)
    outcome = watch.outcome(200)

    assert outcome.fault == ""
    assert len(outcome.delays) == canned.CHUNKS
    assert 0 < outcome.worst < (time.monotonic_ns() - written) / 1e6 + 10


def test_chunks_that_arrive_together_have_no_gap_between_them() -> None:
    watch = Watch(stream=True)

    watch.take(b"".join(streamed()))

    assert watch.outcome(200).gap == 0


def test_a_status_that_is_not_200_is_a_fault_whatever_the_body_says() -> None:
    watch = Watch(stream=False)

    watch.take(canned.whole())

    assert watch.outcome(500).fault.startswith("status 500")
