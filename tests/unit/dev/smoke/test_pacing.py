"""What counts as streaming."""

import pytest

from dev.smoke import pacing
from dev.smoke.wire import Piece
from tests.unit.dev.smoke.looking import pieces

STEADY = [0.4 + 0.02 * number for number in range(20)]


def test_events_that_come_one_by_one_are_a_stream() -> None:
    pace = pacing.pace(pieces(*STEADY))

    assert pacing.fault(pace) == ""
    assert (pace.events, pace.moments, pace.at_once) == (20, 20, 1)
    assert [pace.first_s, pace.last_s] == pytest.approx([0.4, 0.78])
    assert str(pace) == "20 events at 20 moments, first 400 ms, last 780 ms, largest gap 20 ms"


def test_one_read_with_all_events_is_buffered() -> None:
    raw = b"".join(piece.raw for piece in pieces(*STEADY))

    assert pacing.fault(pacing.pace([Piece(0.8, raw)])) == "buffered: the first event came hardly before the last"


def test_many_reads_in_one_moment_are_buffered() -> None:
    times = [0.8 + 0.0001 * number for number in range(20)]

    assert pacing.fault(pacing.pace(pieces(*times))) == "buffered: the first event came hardly before the last"


def test_an_early_first_event_does_not_hide_that_the_rest_came_at_once() -> None:
    pace = pacing.pace(pieces(0.1, *[0.8] * 19))

    assert (pace.moments, pace.at_once) == (2, 19)
    assert pacing.fault(pace) == "buffered: most events came at once"


def test_a_busy_reader_may_find_a_few_together() -> None:
    times = [at if number % 3 else at - 0.02 for number, at in enumerate(STEADY, 1)]

    assert pacing.fault(pacing.pace(pieces(*sorted(times)))) == ""


def test_a_short_answer_tells_nothing() -> None:
    assert pacing.fault(pacing.pace(pieces(0.1, 0.5, 0.9))) == "fewer than 5 events"


def test_comments_are_no_events() -> None:
    assert pacing.pace([Piece(0.1, b": keep-alive\n\n"), Piece(0.2, b"data: 1\n\n")]).first_s == 0.2


def test_an_event_that_comes_in_two_reads_has_come_with_the_second() -> None:
    assert pacing.pace([Piece(0.1, b"data: {"), Piece(0.2, b"}\n\n")]).first_s == 0.2


def test_no_pieces_are_no_pace() -> None:
    assert pacing.pace([]).events == 0


def test_the_data_of_events_is_told_without_comments() -> None:
    assert pacing.events(b": hi\r\n\r\ndata: 1\r\n\r\ndata:[DONE]\n\n") == [b"1", b"[DONE]"]
