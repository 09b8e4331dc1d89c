"""Where blocking work of a request is done: beside the event loop, or at once by a process that answers one alone.

A hop to a thread and back costs some 0.1 ms of CPU, and spares nobody a wait where there is nobody else.
"""

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from typing import cast

from openmind_llm.classes import dataclass

_answers_alone: ContextVar[bool] = ContextVar("answers_alone", default=False)


def answer_alone() -> None:
    """In this task, and those that it begins, no request waits behind the one at hand."""
    _answers_alone.set(True)


async def aside[**P, R](work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """What `work` returns or raises."""
    if _answers_alone.get():
        return work(*args, **kwargs)
    return await asyncio.to_thread(work, *args, **kwargs)


@dataclass(frozen=True, slots=True)
class Ended[R]:
    """What has come of work, and whether its request was told to stop meanwhile."""

    result: R | None
    error: Exception | None
    is_stopped: bool = False

    def known(self) -> R:
        """Raises the error, where there is one."""
        if self.error is not None:
            raise self.error
        return cast("R", self.result)


async def to_its_end[**P, R](work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> Ended[R]:
    """Waits for it, however often it is told to stop: a write that waits for a thread would never be made."""
    if _answers_alone.get():
        return _done(work, *args, **kwargs)
    working = asyncio.ensure_future(asyncio.to_thread(lambda: _done(work, *args, **kwargs)))
    is_stopped = False
    while not working.done():
        try:
            await asyncio.wait({working})
        except asyncio.CancelledError:
            is_stopped = True
    done = working.result()
    return Ended(done.result, done.error, is_stopped)


def _done[**P, R](work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> Ended[R]:
    try:
        return Ended(work(*args, **kwargs), None)
    except Exception as error:  # noqa: BLE001 - of whatever kind: who waits decides
        return Ended(None, error)
