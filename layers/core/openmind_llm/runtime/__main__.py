"""Serves the application named by `_HANDLER` ("module.attribute"), found in LAMBDA_TASK_ROOT."""

import asyncio
import gc
import importlib
import importlib.util
import io
import os
import signal
import sys
from collections.abc import Callable, MutableMapping
from typing import Any

from openmind_llm.runtime import snapshot
from openmind_llm.runtime.api import RuntimeApi
from openmind_llm.runtime.asgi import App, Lifespan
from openmind_llm.runtime.connection import RuntimeApiError
from openmind_llm.runtime.faults import Fault
from openmind_llm.runtime.invocations import DEFAULT_MARGIN_S, Runtime

MARGIN_VARIABLE = "RUNTIME_DEADLINE_MARGIN_S"


def main() -> int:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # a frozen or killed process would keep what it has printed
    return asyncio.run(_run(os.environ), loop_factory=_loop_factory())


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Uvloop's where it is installed: a turn of it takes a third of the CPU."""
    if importlib.util.find_spec("uvloop") is None:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = importlib.import_module("uvloop").new_event_loop
    return factory


async def _run(environ: MutableMapping[str, str]) -> int:
    """The exit code."""
    asyncio.get_running_loop().set_exception_handler(_log_stray)
    api = RuntimeApi(environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        return await _serve(api, environ)
    except RuntimeApiError as error:
        Fault.of(error, "Runtime.ApiError", "The Runtime API failed").log()
        return 1
    finally:
        api.close()


async def _serve(api: RuntimeApi, environ: MutableMapping[str, str]) -> int:
    try:
        app = _load(environ["_HANDLER"], environ.get("LAMBDA_TASK_ROOT", "."))
        margin_s = float(environ.get(MARGIN_VARIABLE, DEFAULT_MARGIN_S))
        lifespan = Lifespan(app)
        await lifespan.start()
        gc.freeze()  # what is here now stays: no collection has to look through it
    except Exception as error:  # noqa: BLE001 - the application may raise anything, and Lambda is to be told
        fault = Fault.of(error, what="The application could not be started")
        fault.log()
        await api.fail_phase("init", fault)
        return 1
    if environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start" and not await snapshot.taken(api):
        return 1
    runtime = Runtime(api, app, state=lifespan.state, environ=environ, margin_s=margin_s)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, runtime.stop)
    await runtime.serve()
    await lifespan.stop()
    return 0


def _load(handler: str, root: str) -> App:
    sys.path.insert(0, root)
    module, _, attribute = handler.rpartition(".")
    app: App = getattr(importlib.import_module(module.replace("/", ".")), attribute)
    return app


def _log_stray(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """For what asyncio itself would log with an error's text: failures of tasks that nobody waits for."""
    error = context.get("exception") or RuntimeError()
    Fault.of(error, what="A task of the application failed").log()


if __name__ == "__main__":
    sys.exit(main())
