"""Server-sent events, in whatever pieces they come."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openmind_llm.providers import sse
from openmind_llm.providers.sse import Decoder, EventTooLongError


def decoded(*pieces: bytes) -> list[bytes]:
    decoder = Decoder()
    return [event for piece in pieces for event in decoder.feed(piece)]


@pytest.mark.parametrize(
    ("sent", "events"),
    [
        (b'data: {"a":1}\n\n', [b'{"a":1}']),
        (b"data:no space\n\n", [b"no space"]),
        (b"data:  two spaces\n\n", [b" two spaces"]),
        (b"data: a\r\n\r\ndata: b\r\n\r\n", [b"a", b"b"]),
        (b"data: a\n\ndata: b\r\n\r\n", [b"a", b"b"]),
        (b": OPENROUTER PROCESSING\n\n: keep-alive\n\ndata: a\n\n", [b"a"]),
        (b"\n\n\r\n\ndata: a\n\n", [b"a"]),
        (b"data: a\n: a comment within\ndata: b\n\n", [b"a\nb"]),
        (b"event: message\nid: 1\nretry: 5\ndata: a\n\n", [b"a"]),
        (b"event: ping\n\n", []),
        (b"data: unfinished", []),
        (b"data: unfinished\n", []),
        (b"datax: a\n\n", []),
        (b"\xef\xbb\xbfdata: a\n\n", [b"a"]),
        (b"data:\n\ndata: \n\ndata: a\n\n", [b"a"]),
        (b"data: [DONE]\n\n", [b"[DONE]"]),
    ],
)
def test_events_are_told_from_all_else(sent: bytes, events: list[bytes]) -> None:
    assert decoded(sent) == events


def test_pieces_of_one_byte_give_the_same_events() -> None:
    sent = ': hello\r\n\r\ndata: {"text":"Grüße 🤖"}\r\n\r\ndata: b\n\n'.encode()

    assert decoded(*(bytes([byte]) for byte in sent)) == ['{"text":"Grüße 🤖"}'.encode(), b"b"]


EVENTS = st.lists(st.text(st.characters(exclude_characters="\r\n", codec="utf-8"), min_size=1).map(str.encode))


@given(events=EVENTS, ending=st.sampled_from([b"\n", b"\r\n"]), cuts=st.lists(st.integers(0, 400)))
def test_where_the_pieces_are_cut_does_not_matter(events: list[bytes], ending: bytes, cuts: list[int]) -> None:
    sent = b"".join(b": comment" + ending * 2 + b"data: " + event + ending * 2 for event in events)
    places = [0, *sorted(min(cut, len(sent)) for cut in cuts), len(sent)]
    pieces = [sent[start:end] for start, end in pairwise(places)]

    assert decoded(*pieces) == events


class Plain(Decoder):
    """Without the short way."""

    def _whole_events(self, piece: bytes) -> list[bytes]:
        return []


BITS = [b"data: ", b"data:", b"dat", b"a", b"{}", b"\n", b"\n\n", b"\r", b"\r\n", b":", b" ", sse.BYTE_ORDER_MARK]
SCRAPS = st.lists(st.sampled_from(BITS), max_size=12).map(b"".join)
WHOLE = st.lists(st.sampled_from([b"data: a\n\n", b"data: \n\n", b"data: a b\n\n"]), max_size=3).map(b"".join)


@settings(max_examples=1000)
@given(st.lists(st.one_of(SCRAPS, WHOLE), max_size=8))
def test_the_short_way_for_whole_events_changes_nothing(pieces: list[bytes]) -> None:
    quick, plain = Decoder(), Plain()

    for piece in pieces:
        assert quick.feed(piece) == plain.feed(piece)
        assert vars(quick) == vars(plain)


def test_whole_events_take_the_short_way() -> None:
    assert Decoder()._whole_events(b"data: a\n\ndata: b\n\n") == [b"a", b"b"]


def test_an_event_of_64_kib_is_one_event() -> None:
    assert decoded(b"data: " + b"x" * 65_536 + b"\n\n") == [b"x" * 65_536]


@pytest.mark.parametrize("piece", [b"x" * 1000, b"data: " + b"x" * 1000 + b"\n"])
def test_an_event_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch, piece: bytes) -> None:
    monkeypatch.setattr(sse, "MAX_EVENT_BYTES", 2500)
    decoder = Decoder()
    decoder.feed(piece)
    decoder.feed(piece)

    with pytest.raises(EventTooLongError):
        decoder.feed(piece)
