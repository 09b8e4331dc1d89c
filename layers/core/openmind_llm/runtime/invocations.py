"""The loop: an event, the application, its response, and only then the next event."""

import asyncio
import math
import os
import sys
import time
from collections.abc import MutableMapping
from typing import Any

from openmind_llm.runtime import events
from openmind_llm.runtime.api import Context, Invocation, RuntimeApi
from openmind_llm.runtime.asgi import App
from openmind_llm.runtime.events import Request, UnknownEventError
from openmind_llm.runtime.exchange import Exchange
from openmind_llm.runtime.faults import Fault
from openmind_llm.runtime.response import ClientDisconnectedError

DEFAULT_MARGIN_S = 2.0
UNKNOWN_EVENT = Fault("Runtime.UnknownEvent", "The event is not an HTTP request in a form that is known here")
DEADLINE = Fault("Runtime.DeadlineExceeded", "The application did not end before its deadline")
TRACE_VARIABLE = "_X_AMZN_TRACE_ID"

type Task = asyncio.Task[None]


class Runtime:
    """Serves `app` until told to stop. `margin_s`: how long before the deadline it is told to finish."""

    def __init__(
        self, api: RuntimeApi, app: App, *, state: dict[str, Any], environ: MutableMapping[str, str], margin_s: float
    ) -> None:
        self._api = api
        self._app = app
        self._state = state
        self._environ = environ
        self._margin_s = margin_s

    def stop(self) -> None:
        """After the invocation at hand, if there is one."""
        self._api.stop()

    async def serve(self) -> None:
        """Raises RuntimeApiError."""
        while (invocation := await self._api.next()) is not None:
            self._set_trace(invocation.trace_id)
            fault = await self._answer(invocation)
            if fault is not None:
                fault.log(invocation.context.request_id)

    def _set_trace(self, trace_id: str | None) -> None:
        """Where X-Ray's SDKs look for it."""
        self._environ.pop(TRACE_VARIABLE, None)
        if trace_id:
            self._environ[TRACE_VARIABLE] = trace_id

    async def _answer(self, invocation: Invocation) -> Fault | None:
        try:
            request = events.parse(invocation.event)
        except UnknownEventError:
            await self._api.fail(invocation, UNKNOWN_EVENT)
            return UNKNOWN_EVENT
        exchange = Exchange(self._api, invocation, request)
        running = self._run(request, invocation, exchange)
        task = asyncio.Task(running, loop=asyncio.get_running_loop(), eager_start=True)
        return await self._finished(task, exchange, invocation.context)

    async def _run(self, request: Request, invocation: Invocation, exchange: Exchange) -> None:
        own = {"aws.context": invocation.context, "state": dict(self._state)}
        await self._app(request.scope | own, exchange.receive, exchange.send)

    async def _finished(self, task: Task, exchange: Exchange, context: Context) -> Fault | None:
        """What went wrong, if anything did.

        Does not return if the application cannot be stopped, or its response cannot be ended, before the deadline:
        Lambda replaces a process that has ended.
        """
        deadline = math.inf if context.deadline is None else context.deadline
        margin = min(self._margin_s, max(0.0, deadline - time.monotonic()) / 4)
        fault = None
        await _over(task, exchange, deadline - margin)
        if task.done() and exchange.is_whole and not _fault(task):
            exchange.close()
            return None
        if not task.done():
            fault = DEADLINE
            task.cancel()
            await _end({task}, deadline - margin / 2)
        finish = asyncio.create_task(exchange.finish(_fault(task) or fault))
        if not await _end({task, finish}, deadline - margin / 4):
            DEADLINE.log(context.request_id)
            _exit()
        _fault(task)  # of no interest any more, but asyncio would log an error that nobody has looked at
        return finish.result()


async def _over(task: Task, exchange: Exchange, until: float) -> None:
    """Until the application has ended and its response was taken, if it has ended one; or until it is `until`."""
    loop = asyncio.get_running_loop()
    over: asyncio.Future[None] = loop.create_future()

    def end() -> None:
        if not over.done():
            over.set_result(None)

    def look(_: object = None) -> None:
        if task.done() and not exchange.is_awaited:
            end()

    task.add_done_callback(look)
    exchange.on_answer = look
    timer = None if until == math.inf else loop.call_later(until - time.monotonic(), end)
    await over
    if timer is not None:
        timer.cancel()


async def _end(tasks: set[Task] | set[asyncio.Task[Any]], until: float) -> bool:
    """Whether all of them do before `until`, a value of time.monotonic()."""
    _, pending = await asyncio.wait(tasks, timeout=max(0.0, until - time.monotonic()))
    return not pending


def _fault(task: Task) -> Fault | None:
    """What went wrong in the application, as far as it has ended. That its client has gone is no fault."""
    if not task.done():
        return None
    if task.cancelled():
        return DEADLINE if task.cancelling() else Fault("CancelledError", "The application was cancelled")
    error = task.exception()
    return None if error is None or isinstance(error, ClientDisconnectedError) else Fault.of(error)


def _exit() -> None:
    """At once: an orderly exit would wait for what does not end."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1)
