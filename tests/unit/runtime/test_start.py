"""The runtime as Lambda starts it: a process of its own."""

import json
import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from openmind_llm.runtime import snapshot
from tests import canaries
from tests.fake_runtime_api import TIMEOUT_S, FakeRuntimeApi
from tests.unit.runtime.serving import rest_event

PROGRAM = Path(__file__).parents[3] / "layers" / "core" / "openmind-llm-runtime"
ANSWERS = """
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"hello"})
"""
WITH_LIFESPAN = """
    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            assert (await receive())["type"] == "lifespan.startup"
            scope["state"]["greeting"] = b"hello"
            await send({"type": "lifespan.startup.complete"})
            assert (await receive())["type"] == "lifespan.shutdown"
            print("shut down")
            await send({"type": "lifespan.shutdown.complete"})
        else:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": scope["state"]["greeting"]})
"""
STARTUP_FAILS = """
    async def app(scope, receive, send):
        await receive()
        await send({"type": "lifespan.startup.failed", "message": SECRET})
"""
HOOKS = """
    import snapshot_restore_py as hooks
    hooks.register_before_snapshot(print, "before 1")
    hooks.register_before_snapshot(print, "before 2")
    hooks.register_after_restore(print, "after 1")
    hooks.register_after_restore(print, "after 2")
"""


@contextmanager
def _started(
    api: FakeRuntimeApi, folder: Path, source: str, *, handler: str = "handler.app", **environ: str
) -> Iterator[subprocess.Popen[str]]:
    (folder / "handler.py").write_text(f"SECRET = {canaries.PROVIDER_KEY!r}\n" + textwrap.dedent(source))
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHON": sys.executable,
        "PYTHONDONTWRITEBYTECODE": "1",
        "LAMBDA_TASK_ROOT": str(folder),
        "_HANDLER": handler,
        "AWS_LAMBDA_RUNTIME_API": api.address,
        "KEY": canaries.PROVIDER_KEY,
    }
    process = subprocess.Popen(
        [PROGRAM], env=environment | environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Exit code, stdout, stderr."""
    out, err = process.communicate(timeout=TIMEOUT_S)
    return process.returncode, out, err


def _until_idle(api: FakeRuntimeApi, then: Callable[[], None]) -> None:
    assert api.is_idle.wait(TIMEOUT_S)
    then()


def test_an_application_is_served(api: FakeRuntimeApi, tmp_path: Path) -> None:
    api.give(rest_event())

    with _started(api, tmp_path, ANSWERS) as process:
        _until_idle(api, process.terminate)

        assert _ended(process) == (0, "", "")
    assert api.response.payload == [b"hello"]


def test_an_application_without_a_lifespan_is_served(api: FakeRuntimeApi, tmp_path: Path) -> None:
    source = textwrap.dedent(ANSWERS).replace(
        "receive, send):\n", "receive, send):\n    assert scope['type'] == 'http'\n"
    )
    api.give(rest_event())

    with _started(api, tmp_path, source) as process:
        _until_idle(api, process.terminate)

        assert _ended(process) == (0, "", "")
    assert api.response.payload == [b"hello"]


def test_the_task_root_comes_before_the_working_directory(
    api: FakeRuntimeApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "handler.py").write_text("raise KeyError")
    monkeypatch.chdir(elsewhere)
    api.give(rest_event())

    with _started(api, tmp_path, ANSWERS) as process:
        _until_idle(api, process.terminate)

    assert api.response.payload == [b"hello"]


def test_an_application_may_lie_in_a_folder(api: FakeRuntimeApi, tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "web.py").write_text(textwrap.dedent(ANSWERS))
    api.give(rest_event())

    with _started(api, tmp_path, "", handler="inner/web.app") as process:
        _until_idle(api, process.terminate)

    assert api.response.payload == [b"hello"]


def test_a_lifespan_is_begun_and_ended(api: FakeRuntimeApi, tmp_path: Path) -> None:
    api.give(rest_event())

    with _started(api, tmp_path, WITH_LIFESPAN) as process:
        _until_idle(api, process.terminate)

        assert _ended(process) == (0, "shut down\n", "")
    assert api.response.payload == [b"hello"]


def test_a_request_is_finished_before_the_process_ends(api: FakeRuntimeApi, tmp_path: Path) -> None:
    source = """
        import os, signal
        async def app(scope, receive, send):
            if scope["type"] == "lifespan":
                return
            os.kill(os.getpid(), signal.SIGTERM)
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"hello"})
    """
    api.give(rest_event())

    with _started(api, tmp_path, source) as process:
        code, _, _ = _ended(process)

    assert (code, len(api.of_kind("next"))) == (0, 1)


@pytest.mark.parametrize(
    ("source", "handler", "error"),
    [
        ("raise KeyError(SECRET)", "handler.app", "KeyError"),
        ("import no_such_module", "handler.app", "ModuleNotFoundError"),
        ("this is no Python", "handler.app", "SyntaxError"),
        (ANSWERS, "handler.other", "AttributeError"),
        (ANSWERS, "other.app", "ModuleNotFoundError"),
        (ANSWERS, "handler", "ValueError"),
        (STARTUP_FAILS, "handler.app", "StartupFailedError"),
    ],
)
def test_a_start_that_fails_is_reported(
    api: FakeRuntimeApi, tmp_path: Path, source: str, handler: str, error: str
) -> None:
    with _started(api, tmp_path, source, handler=handler) as process:
        code, out, err = _ended(process)

    assert (code, out, json.loads(err)["errorType"]) == (1, "", error)
    assert api.error.path == "/2018-06-01/runtime/init/error"
    assert api.error.headers["lambda-runtime-function-error-type"] == error
    assert set(api.error.json) == {"errorMessage", "errorType", "stackTrace"}
    assert "canary" not in err + api.error.body.decode()


def test_a_margin_that_is_no_number_is_reported(api: FakeRuntimeApi, tmp_path: Path) -> None:
    with _started(api, tmp_path, ANSWERS, RUNTIME_DEADLINE_MARGIN_S="soon") as process:
        assert _ended(process)[0] == 1

    assert api.error.json["errorType"] == "ValueError"


def test_an_application_that_does_not_stop_ends_the_process(api: FakeRuntimeApi, tmp_path: Path) -> None:
    source = """
        import asyncio
        async def app(scope, receive, send):
            while scope["type"] == "http":
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    print("no")
    """
    api.give(rest_event(), deadline_ms=str(int((time.time() + 2) * 1000)))

    with _started(api, tmp_path, source, RUNTIME_DEADLINE_MARGIN_S="0.2") as process:
        code, out, err = _ended(process)

    assert (code, out, json.loads(err)["errorType"]) == (1, "no\n", "Runtime.DeadlineExceeded")
    assert api.error.json["errorType"] == "Runtime.DeadlineExceeded"


def test_a_runtime_api_that_goes_away_ends_the_process(api: FakeRuntimeApi, tmp_path: Path) -> None:
    api.next_replies = [b"", b""]

    with _started(api, tmp_path, ANSWERS) as process:
        code, _, err = _ended(process)

    assert (code, json.loads(err)["errorType"]) == (1, "Runtime.ApiError")


def test_the_text_of_a_stray_tasks_error_is_not_logged(api: FakeRuntimeApi, tmp_path: Path) -> None:
    source = """
        import asyncio
        async def fail():
            raise KeyError(SECRET)
        async def app(scope, receive, send):
            if scope["type"] == "http":
                task = asyncio.create_task(fail())
                await asyncio.wait({task})
    """
    api.give(rest_event())

    with _started(api, tmp_path, source) as process:
        _until_idle(api, process.terminate)
        _, _, err = _ended(process)

    assert '"errorType": "KeyError"' in err
    assert "canary" not in err


def test_what_is_printed_is_seen_at_once(api: FakeRuntimeApi, tmp_path: Path) -> None:
    with _started(api, tmp_path, textwrap.dedent(ANSWERS) + "print('loaded')") as process:
        _until_idle(api, process.kill)

        assert _ended(process)[1] == "loaded\n"


def test_snapstart_runs_hooks_around_the_snapshot(api: FakeRuntimeApi, tmp_path: Path) -> None:
    api.give(rest_event())

    with _started(
        api, tmp_path, textwrap.dedent(HOOKS) + textwrap.dedent(ANSWERS), AWS_LAMBDA_INITIALIZATION_TYPE="snap-start"
    ) as process:
        _until_idle(api, process.terminate)
        code, out, _ = _ended(process)

    assert (code, out.split("\n")[:-1]) == (0, ["before 2", "before 1", "after 1", "after 2"])
    assert [received.path.rpartition("runtime/")[2] for received in api.received][:2] == [
        "restore/next",
        "invocation/next",
    ]


def test_without_snapstart_no_hook_runs(api: FakeRuntimeApi, tmp_path: Path) -> None:
    with _started(api, tmp_path, textwrap.dedent(HOOKS) + textwrap.dedent(ANSWERS)) as process:
        _until_idle(api, process.terminate)

        assert _ended(process)[1] == ""


@pytest.mark.parametrize(
    ("register", "path", "error"),
    [
        ("register_before_snapshot", "init/error", "Runtime.BeforeSnapshotError"),
        ("register_after_restore", "restore/error", "Runtime.AfterRestoreError"),
    ],
)
def test_a_hook_that_fails_is_reported(
    api: FakeRuntimeApi, tmp_path: Path, register: str, path: str, error: str
) -> None:
    source = f"""
        import snapshot_restore_py
        def hook():
            raise KeyError(SECRET)
        snapshot_restore_py.{register}(hook)
    """

    with _started(
        api, tmp_path, textwrap.dedent(source) + textwrap.dedent(ANSWERS), AWS_LAMBDA_INITIALIZATION_TYPE="snap-start"
    ) as process:
        code, _, err = _ended(process)

    assert (code, api.error.path) == (1, f"/2018-06-01/runtime/{path}")
    assert (api.error.json["errorType"], json.loads(err)["errorType"]) == (error, error)
    assert "canary" not in err + api.error.body.decode()


def test_a_restore_that_fails_ends_the_process(api: FakeRuntimeApi, tmp_path: Path) -> None:
    api.restore_status = b"500 Oops"

    with _started(api, tmp_path, ANSWERS, AWS_LAMBDA_INITIALIZATION_TYPE="snap-start") as process:
        assert _ended(process)[0] == 1


def test_no_hooks_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "_REGISTRY", "no_such_module")

    assert snapshot._hooks("get_before_snapshot") == []
