"""`python -m dev.function_url`: the stream function as its function URL serves it, beside a running `make dev`.

Our own runtime behind cargo-lambda: chunks arrive as they are made, and the recorded events can be sent as they are.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from dev import cargo_lambda, seed, serve, start
from dev.emulator import stop_with_parent
from dev.start import StartError

ROOT = Path(__file__).parent.parent
FUNCTION = "stream"
DEFAULT_PORT = 9000
EXAMPLE = ROOT / "events" / "stream_url_chat.json"


def run(environ: Mapping[str, str], state: Path) -> None:
    """Until interrupted. Raises StartError."""
    port = start.port(environ, DEFAULT_PORT)
    start.listen(port).close()  # a busy port is told before anything starts
    key = prepared(state)
    with served(port) as runtime:
        print(_greeting(port, key), flush=True)
        runtime.wait()
    raise StartError("the function has ended")


def prepared(state: Path) -> str:
    """Makes this process one beside `make dev`; gives a key that is good there. Raises StartError."""
    variables = start.environment_of_dev(state)
    start.use_alone({name: value for name, value in variables.items() if name.startswith("AWS_")})
    os.environ.update(variables)
    key: str = json.loads(EXAMPLE.read_text())["headers"]["authorization"].removeprefix("Bearer ")
    seed.seed_key(key, serve.DEFAULT_PLAN)
    return key


@contextmanager
def served(port: int, output: int | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """The function's process, once its URL listens; what it prints goes to `output`, or where ours goes."""
    with tempfile.TemporaryDirectory() as folder, _emulator(port, Path(folder)), _runtime(port, output) as runtime:
        yield runtime


@contextmanager
def _emulator(port: int, folder: Path) -> Iterator[None]:
    command = cargo_lambda.command(port, FUNCTION, folder)
    environment = {"PATH": os.pathsep.join((str(folder), os.environ["PATH"])), "HOME": str(folder)}
    with _started(command, environment, folder, subprocess.DEVNULL):
        while not start.answers(port):
            time.sleep(0.05)
        yield


@contextmanager
def _runtime(port: int, output: int | None) -> Iterator[subprocess.Popen[bytes]]:
    own = {
        "PYTHON": sys.executable,
        "LAMBDA_TASK_ROOT": str(ROOT / "functions" / "stream"),
        "_HANDLER": "handler.app",
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}/.rt/{FUNCTION}",
        "POWERTOOLS_SERVICE_NAME": FUNCTION,
    }
    program = [str(ROOT / "layers" / "core" / "openmind-llm-runtime")]
    with _started(program, os.environ | own, ROOT, output) as runtime:
        yield runtime


@contextmanager
def _started(
    command: list[str], environment: Mapping[str, str], folder: Path, output: int | None
) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        command,
        env=environment,
        cwd=folder,
        stdout=output,
        stderr=output,
        start_new_session=True,
        preexec_fn=stop_with_parent,  # noqa: PLW1509 - no threads run yet
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def _greeting(port: int, key: str) -> str:
    url = f"http://127.0.0.1:{port}"
    body = '{"model": "gpt-4o-mini", "stream": true, "messages": [{"role": "user", "content": "Hello!"}]}'
    return (
        f"ready: {url}/lambda-url/{FUNCTION}\n\n"
        f"curl -N {url}/lambda-url/{FUNCTION}/api/core/openai/chat/completions \\\n"
        f'  -H "Authorization: Bearer {key}" \\\n'
        f"  -H 'Content-Type: application/json' \\\n"
        f"  -d '{body}'\n\n"
        f"curl -N --data-binary @events/stream_chat.json {url}/2015-03-31/functions/{FUNCTION}/invocations\n"
    )


if __name__ == "__main__":
    sys.exit(start.command("stream-emulator", run))
