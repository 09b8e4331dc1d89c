"""In which thread the blocking work of a request is done."""

import asyncio
import threading

import pytest

from openmind_llm.api.asgi import Message, Receive, Scope, Send
from openmind_llm.api.middleware import Alone
from openmind_llm.domain.aside import answer_alone, aside, to_its_end


class RefusedError(Exception):
    """What the work of a test raises."""


def refuse() -> None:
    raise RefusedError


async def is_here() -> tuple[bool, bool]:
    """Whether work is done in the thread of the loop, both ways of having it done."""
    here, done = threading.get_ident(), await to_its_end(threading.get_ident)
    return await aside(threading.get_ident) == here, done.known() == here


async def alone() -> tuple[bool, bool]:
    answer_alone()
    return await is_here()


def test_work_is_done_beside_the_loop() -> None:
    assert asyncio.run(is_here()) == (False, False)


def test_one_that_answers_alone_works_at_once() -> None:
    assert asyncio.run(alone()) == (True, True)


def test_what_it_begins_works_at_once_too() -> None:
    async def play() -> tuple[bool, bool]:
        answer_alone()
        return await asyncio.create_task(is_here())

    assert asyncio.run(play()) == (True, True)


def test_another_task_is_not_alone_for_that() -> None:
    async def play() -> list[tuple[bool, bool]]:
        return list(await asyncio.gather(alone(), is_here()))

    assert asyncio.run(play()) == [(True, True), (False, False)]


def test_every_request_to_an_application_that_is_alone_works_at_once() -> None:
    found: list[tuple[bool, bool]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        found.append(await is_here())

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(_: Message) -> None:
        """To nobody."""

    async def play() -> None:
        served = Alone(app)
        for _ in range(2):
            await asyncio.create_task(served({"type": "http"}, receive, send))

    asyncio.run(play())

    assert found == [(True, True), (True, True)]


@pytest.mark.parametrize("is_alone", [False, True])
def test_what_work_raises_comes_back_at_once_or_when_it_is_asked_for(is_alone: bool) -> None:
    async def play() -> None:
        if is_alone:
            answer_alone()
        with pytest.raises(RefusedError):
            await aside(refuse)
        ended = await to_its_end(refuse)
        with pytest.raises(RefusedError):
            ended.known()

    asyncio.run(play())
