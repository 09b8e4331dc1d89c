from tests.benchmarks.wire import Head, Messages, chunk


class Seen:
    def __init__(self) -> None:
        self.heads: list[Head] = []
        self.pieces: list[bytes] = []
        self.bodies: list[bytes] = []
        self.messages = Messages(self.heads.append, self.pieces.append, self._end)

    def _end(self) -> None:
        self.bodies.append(b"".join(self.pieces))
        self.pieces.clear()


WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(b"hel") + chunk(b"lo") + b"0\r\n\r\n"
WITH_TRAILERS = CHUNKED.removesuffix(b"\r\n") + b"A: b\r\n\r\n"
WITHOUT_BODY = b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n"


def test_messages_are_told_apart_however_they_are_cut() -> None:
    seen = Seen()

    for at in range(len(WHOLE + CHUNKED + WITH_TRAILERS + WITHOUT_BODY)):
        seen.messages.feed((WHOLE + CHUNKED + WITH_TRAILERS + WITHOUT_BODY)[at : at + 1])

    assert seen.bodies == [b"hello", b"hello", b"hello", b""]
    assert [head.headers for head in seen.heads[:2]] == [{"content-length": "5"}, {"transfer-encoding": "chunked"}]


def test_messages_that_come_at_once_are_told_apart() -> None:
    seen = Seen()

    seen.messages.feed(WHOLE + CHUNKED + WITH_TRAILERS + WITHOUT_BODY + WHOLE)

    assert seen.bodies == [b"hello", b"hello", b"hello", b"", b"hello"]


def test_a_piece_of_a_body_is_given_on_before_the_rest_has_come() -> None:
    seen = Seen()

    seen.messages.feed(CHUNKED[: CHUNKED.index(b"hel") + 2])

    assert seen.pieces == [b"he"]


def test_a_head_tells_status_and_target() -> None:
    assert Head("HTTP/1.1 503 Not now").status == 503
    assert Head("GET /a/b HTTP/1.1").target == "/a/b"
