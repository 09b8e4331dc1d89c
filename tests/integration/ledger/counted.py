"""The stream function, served by its runtime in a process of its own, which counts the Python functions it begins.

As a program it writes, when it is told to stop, a line of JSON: for each request how many functions were begun from its
start until the next one's, of the product and of packages. What the standard library does is counted only where that
calls one of these: it is another Python's in another release.
"""

import json
import runpy
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE, Popen
from types import CodeType
from typing import Any

from tests import canaries
from tests.fake_runtime_api import TIMEOUT_S, FakeRuntimeApi

ROOT = Path(__file__).parents[3]
OWN, PACKAGES = "/openmind_llm/", "/site-packages/"
TOOL = sys.monitoring.PROFILER_ID
PATH = "/api/core/openai/chat/completions"


class Served:
    """Requests are served one by one. `steps` is known when it has ended."""

    def __init__(self, api: FakeRuntimeApi) -> None:
        self._api = api
        self.steps: list[dict[str, int]] = []

    def ask(self, *, stream: bool) -> bytes:
        """The whole answer, once the function waits for the next request."""
        wait = self._api.is_idle.wait
        assert wait(TIMEOUT_S)
        self._api.is_idle.clear()
        self._api.give(_event(stream=stream))
        assert wait(TIMEOUT_S)
        answered = self._api.of_kind("response")[-1]
        assert answered.prelude["statusCode"] == 200, answered.payload
        return b"".join(answered.payload)


@contextmanager
def served(api: FakeRuntimeApi, environment: Mapping[str, str], hash_seed: int = 0) -> Iterator[Served]:
    """Ends with the function's process, told to stop."""
    of_runtime = {"AWS_LAMBDA_RUNTIME_API": api.address, "_HANDLER": "handler.app", "PYTHONHASHSEED": str(hash_seed)}
    path = f"{ROOT}:{ROOT}/layers/core:{ROOT}/functions/stream"
    command = [sys.executable, "-m", __name__]
    given = {**environment, **of_runtime, "PYTHONPATH": path}
    with Popen(command, cwd=ROOT, env=given, stdout=PIPE, text=True) as process:
        function = Served(api)
        try:
            yield function
        finally:
            process.terminate()
            printed, _ = process.communicate(timeout=TIMEOUT_S)
    canaries.look_through(__name__, [printed])
    function.steps = json.loads(printed.splitlines()[-1])


def _event(*, stream: bool) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((ROOT / "events" / "stream_url_chat.json").read_text())
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello!"}], "stream": stream}
    return event | {"rawPath": PATH, "body": json.dumps(body), "isBase64Encoded": False}


class Counter:
    """Functions begun so far, and at the start of each request."""

    def __init__(self) -> None:
        self._counts = {"own": 0, "packages": 0}
        self._starts: list[dict[str, int]] = []
        self._kinds: dict[CodeType, str] = {}

    def begun(self, code: CodeType, _offset: int) -> None:
        kind = self._kinds.get(code)
        if kind is None:
            kind = self._kinds[code] = _kind(code.co_filename)
        if kind:
            self._counts[kind] += 1

    def counting(self, app: Any) -> Any:
        async def counted(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "http":
                self._starts.append(dict(self._counts))
            await app(scope, receive, send)

        return counted

    def by_request(self) -> list[dict[str, int]]:
        ends = [*self._starts[1:], self._counts]
        return [{kind: end[kind] - start[kind] for kind in end} for start, end in zip(self._starts, ends, strict=True)]


def _kind(filename: str) -> str:
    if OWN in filename:
        return "own"
    return "packages" if PACKAGES in filename else ""


def main() -> None:
    import handler  # type: ignore[import-not-found] # noqa: PLC0415 - found in the function's folder

    counter = Counter()
    handler.app = counter.counting(handler.app)
    sys.monitoring.use_tool_id(TOOL, "counted")
    sys.monitoring.register_callback(TOOL, sys.monitoring.events.PY_START, counter.begun)
    sys.monitoring.set_events(TOOL, sys.monitoring.events.PY_START)
    try:
        runpy.run_module("openmind_llm.runtime", run_name="__main__")
    except SystemExit:
        sys.stdout.write(json.dumps(counter.by_request()) + "\n")


if __name__ == "__main__":
    main()
