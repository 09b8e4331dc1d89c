"""The emulated AWS: what is changed of ministack, and how answers come through in pieces."""

import asyncio
import io
import json
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from dev.aws import patches, streams
from dev.aws.patches import PatchError

ROOT = Path(__file__).parents[3]
CHUNKED = b"3\r\none\r\n3\r\ntwo\r\n0\r\n"
PRELUDE = json.dumps({"statusCode": 201, "headers": {"a": "b"}, "cookies": ["c=d"]}).encode() + streams.DELIMITER


def test_every_change_fits_the_locked_ministack() -> None:
    """In a process of its own: what is changed stays changed."""
    program = "from dev.aws.emulator import change_ministack; change_ministack()"

    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_what_is_not_there_to_be_changed_is_named() -> None:
    with pytest.raises(PatchError, match=r"ministack 1\.5\.33 has no .*its_module.gone: pin the version"):
        patches.change(types.ModuleType("its_module"), "gone", lambda original: original)


class _Heard(streams.Pieces):
    """Hears without an event loop."""

    def __init__(self) -> None:
        self.is_cut = False
        self.all: list[bytes | None] = []

    def put(self, piece: bytes | None) -> None:
        self.all.append(piece)


@pytest.mark.parametrize(
    ("request_body", "is_cut"),
    [
        (CHUNKED + b"\r\n", False),
        (CHUNKED + b"Lambda-Runtime-Function-Error-Type: Any\r\n\r\n", True),
    ],
    ids=["whole", "failed"],
)
def test_chunks_are_passed_on_as_they_come(request_body: bytes, is_cut: bool) -> None:
    heard = _Heard()

    assert list(streams.passed_on(io.BytesIO(request_body), heard)) == [b"one", b"two"]
    assert (heard.all, heard.is_cut) == ([b"one", b"two", None], is_cut)


def test_a_function_that_dies_cuts_its_answer() -> None:
    heard = _Heard()

    with pytest.raises(ValueError, match="invalid literal"):
        list(streams.passed_on(io.BytesIO(b"3\r\none\r\n"), heard))
    assert (heard.all, heard.is_cut) == ([b"one", None], True)


def _answered(*pieces: bytes, result: Any = None) -> tuple[Any, list[Any]]:
    """What is given back for an invocation that sends `pieces`, and the ASGI messages of its answer."""

    async def run(function: Any, *arguments: Any) -> Any:
        return await asyncio.to_thread(function, *arguments)

    def invocation() -> Any:
        listener = streams.listener()
        assert listener
        for piece in pieces:
            listener.put(piece)
        listener.put(None)
        return result

    async def answer() -> tuple[Any, list[Any]]:
        messages: list[Any] = []

        async def send(message: Any) -> None:
            messages.append(message)

        with streams.wanted():
            given = await streams.opened_early(run)(invocation)
        if isinstance(given["body"], streams.Opened):
            await given["body"].response().runner(send, None)
        return given["body"], messages

    return asyncio.run(answer())


def test_status_and_headers_come_from_the_prelude_wherever_it_is_broken() -> None:
    opened, _ = _answered(PRELUDE[:5], PRELUDE[5:-3], PRELUDE[-3:])

    assert (opened.status, opened.headers, opened.repeated) == (201, {"a": "b"}, {"set-cookie": ["c=d"]})


def test_each_piece_is_a_message() -> None:
    _, messages = _answered(PRELUDE + b"zero", b"one", b"two")

    assert [message["body"] for message in messages] == [b"zero", b"one", b"two", b""]
    assert [message["more_body"] for message in messages] == [True, True, True, False]


def test_an_answer_without_a_prelude_is_what_the_invocation_gives() -> None:
    assert _answered(result={"body": "an error"}) == ("an error", [])
