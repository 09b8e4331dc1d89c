"""`make dev`, as a newcomer runs it: a process of its own, its output, its signals."""

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

import openai
import pytest
import requests

from openmind_llm.identity.oidc import OidcLogins
from tests import canaries, processes
from tests.e2e import documented
from tests.e2e.conftest import PROVIDERS
from tests.e2e.test_contract import MODELS
from tests.fake_upstream import FakeUpstream

ROOT = Path(__file__).parents[2]
QUIET = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/tmp"), "PORT": "0"}


class Dev:
    """A running `python -m dev`, past its ready line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        output = cast("IO[str]", process.stdout)
        self.greeting = ""
        while not self.greeting.rstrip().endswith("}'"):
            line = output.readline()
            assert line, self.greeting + cast("IO[str]", process.stderr).read()
            self.greeting += line
        self.url = re.findall(r"^ready: (http://127\.0\.0\.1:\d+)", self.greeting)[0]
        self.key = re.findall(r"^key: (\S+)$", self.greeting, re.MULTILINE)[0]

    def paste_curl(self) -> requests.Response:
        words = shlex.split(self.greeting[self.greeting.index("curl ") :].replace("\\\n", " "))
        headers = dict(words[at + 1].split(": ", 1) for at, word in enumerate(words) if word == "-H")
        return requests.post(words[1], headers=headers, data=words[words.index("-d") + 1], timeout=30)

    def stop(self) -> tuple[int, str]:
        self.process.send_signal(signal.SIGINT)
        output, errors = self.process.communicate(timeout=30)
        canaries.look_through("make dev", [self.greeting, output, errors])
        return self.process.returncode, errors


def start(state: Path, program: str = "dev", **environ: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", program, "--state", str(state)],
        cwd=ROOT,
        env=QUIET | environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@contextmanager
def running(state: Path, **environ: str) -> Iterator[Dev]:
    with start(state, **environ) as process:
        try:
            yield Dev(process)
        finally:
            if process.poll() is None:
                process.terminate()
            canaries.look_through("make dev", process.communicate(timeout=30))


def refused(state: Path, program: str = "dev", **environ: str) -> str:
    with start(state, program, **environ) as process:
        output, errors = process.communicate(timeout=30)
    assert (process.returncode, output) == (1, "")
    return errors


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dev]:
    with running(tmp_path_factory.mktemp("dev")) as server:
        yield server


def test_the_pasted_curl_gets_an_answer_of_the_simulator(dev: Dev) -> None:
    answer = dev.paste_curl()

    assert answer.status_code == 200
    assert answer.headers["x-openmind-simulated"] == "true"
    assert "simulated answer" in answer.json()["choices"][0]["message"]["content"]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_openai_sdk_gets_an_answer_from_each_provider(dev: Dev, provider: str) -> None:
    with openai.OpenAI(base_url=f"{dev.url}/api/core/{provider}", api_key=dev.key) as client:
        answer = client.chat.completions.create(
            model=MODELS[provider][0], messages=[{"role": "user", "content": "Hello!"}]
        )

    assert answer.choices[0].message.content
    assert answer.usage is not None
    assert answer.usage.completion_tokens > 0


def test_the_documented_python_class_works(
    dev: Dev, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENMIND_API_KEY", dev.key)

    documented.python_names("contract_client.py.txt", dev.url)

    assert capfd.readouterr().out.strip()


def test_the_documented_retry_function_works(dev: Dev, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENMIND_API_KEY", dev.key)
    chat_completion = documented.python_names("contract_retry.py.txt", dev.url)["chat_completion"]

    answer = chat_completion([{"role": "user", "content": "Hello!"}])

    assert answer["choices"][0]["message"]["content"]


def test_the_documented_node_class_works(dev: Dev, node_packages: Path) -> None:
    output, errors = documented.run_node(node_packages, dev.url, dev.key)

    assert output.strip()
    assert errors == ""


def test_health_answers(dev: Dev) -> None:
    assert requests.get(f"{dev.url}/health", timeout=5).json() == {"status": "ok"}


def test_it_listens_on_loopback_alone(dev: Dev) -> None:
    port = int(dev.url.rpartition(":")[2])
    with socket.socket() as outside:
        outside.bind(("127.0.0.2", port))


def test_a_provider_with_a_key_is_called_for_real(tmp_path: Path) -> None:
    with (
        FakeUpstream() as upstream,
        running(tmp_path, OPENAI_API_KEY=canaries.PROVIDER_KEY, OPENAI_BASE_URL=upstream.url) as dev,
    ):
        answer = dev.paste_curl()

        assert answer.json()["choices"][0]["message"]["content"] == "Hello!"
        assert "x-openmind-simulated" not in answer.headers
        assert upstream.received[0].headers["authorization"] == f"Bearer {canaries.PROVIDER_KEY}"
        assert canaries.PROVIDER_KEY not in dev.greeting


def test_a_key_of_ones_own_is_seeded_and_not_shown(tmp_path: Path) -> None:
    with running(tmp_path, OPENMIND_API_KEY=canaries.API_KEY) as dev:
        answer = requests.get(f"{dev.url}/api/core/models", headers={"x-api-key": canaries.API_KEY}, timeout=5)

        assert answer.status_code == 200
        assert dev.key == "$OPENMIND_API_KEY"


def test_ctrl_c_leaves_nothing_running_and_the_state_for_the_next_time(tmp_path: Path) -> None:
    with running(tmp_path) as first:
        created = command_line(tmp_path, "keys", "create", "--account", "acme").strip()
        assert first.stop() == (0, "stopped\n")
    assert not processes_that_know_of(tmp_path)

    with running(tmp_path) as second:
        answer = requests.get(f"{second.url}/api/core/models", headers={"x-api-key": created}, timeout=5)

        assert answer.status_code == 200
        assert second.key == first.key


def test_a_server_that_is_told_to_end_leaves_nothing_running(tmp_path: Path) -> None:
    with running(tmp_path) as dev:
        dev.process.terminate()
        dev.process.wait(30)

        assert not processes_that_know_of(tmp_path)


def test_a_killed_server_leaves_nothing_running(tmp_path: Path) -> None:
    with running(tmp_path) as dev:
        dev.process.kill()
        dev.process.wait()

        deadline = 1000
        while processes_that_know_of(tmp_path) and deadline:
            deadline -= 1
        assert not processes_that_know_of(tmp_path)


def test_a_revoked_key_is_refused_at_once(tmp_path: Path) -> None:
    with running(tmp_path) as dev:
        key = command_line(tmp_path, "keys", "create", "--account", "acme").strip()
        before = requests.get(f"{dev.url}/api/core/models", headers={"x-api-key": key}, timeout=5)
        command_line(tmp_path, "keys", "revoke", key[9:25])
        after = requests.get(f"{dev.url}/api/core/models", headers={"x-api-key": key}, timeout=5)

    assert (before.status_code, after.status_code) == (200, 401)


def test_a_busy_port_is_one_clear_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]

        errors = refused(tmp_path, PORT=str(port))

    assert errors == f"make dev: port {port} cannot be used (Address already in use): try PORT={port + 1}\n"


def test_a_port_that_is_no_number_is_one_clear_line(tmp_path: Path) -> None:
    assert refused(tmp_path, PORT="http") == "make dev: PORT is 'http': it must be a number up to 65535\n"


def test_a_broken_state_folder_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "aws").mkdir()
    (tmp_path / "aws" / "dynamodb.json").write_text("{")

    errors = refused(tmp_path)

    assert errors.startswith(f"make dev: the state in {tmp_path} cannot be used (")
    assert errors.endswith("): remove the folder and start again\n")
    assert errors.count("\n") == 1


def test_a_second_server_on_the_same_state_is_one_clear_line(tmp_path: Path) -> None:
    with running(tmp_path):
        errors = refused(tmp_path)

    assert errors == f"make dev: another make dev uses {tmp_path}: stop it first\n"


@pytest.mark.parametrize(
    "environ", [{"OPENMIND_API_KEY": "short"}, {"UPSTREAM_TIMEOUT_S": "abc"}, {"PORT": "²"}, {"MODEL_OVERRIDES": "{"}]
)
def test_a_wrong_variable_is_one_line(tmp_path: Path, environ: dict[str, str]) -> None:
    errors = refused(tmp_path, **environ)

    assert errors.startswith("make dev: ")
    assert errors.count("\n") == 1


@pytest.mark.parametrize("name", ["key", "environment", "emulator.log"])
def test_a_folder_where_a_file_should_be_is_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()

    errors = refused(tmp_path)

    assert errors.startswith("make dev: ")
    assert errors.count("\n") == 1


def test_a_key_file_that_was_never_filled_is_filled(tmp_path: Path) -> None:
    (tmp_path / "key").touch()

    with running(tmp_path) as dev:
        assert dev.key.startswith("om1_test_")


def test_it_talks_to_its_own_emulator_whatever_the_environment_says(tmp_path: Path) -> None:
    elsewhere = {"AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:9", "AWS_PROFILE": "nosuch", "AWS_REGION": "eu-west-1"}

    with running(tmp_path, **elsewhere) as dev:
        assert dev.paste_curl().status_code == 200


def test_what_it_leaves_for_a_shell_runs_nothing(tmp_path: Path) -> None:
    with running(tmp_path, OPENAI_API_KEY="x", OPENAI_BASE_URL=f"http://h/;touch {tmp_path}/ran"):
        subprocess.run(["/bin/sh", "-c", f". {tmp_path}/environment"], check=True)

    assert not (tmp_path / "ran").exists()


def test_the_stream_function_runs_beside_it(tmp_path: Path) -> None:
    port = str(processes.free_port())
    event = (ROOT / "events" / "stream_url_chat.json").read_bytes()
    with running(tmp_path), start(tmp_path, "dev.function_url", PORT=port) as beside:
        output = cast("IO[str]", beside.stdout)
        assert any("invocations" in line for line in iter(output.readline, ""))
        answer = requests.post(f"http://127.0.0.1:{port}/2015-03-31/functions/stream/invocations", event, timeout=30)
        beside.send_signal(signal.SIGINT)
        _, errors = beside.communicate(timeout=30)

    assert answer.text.endswith("data: [DONE]\n\n")
    assert (beside.returncode, errors) == (0, "stopped\n")
    assert not processes_that_know_of(tmp_path)


def test_a_printed_login_is_accepted_and_outlives_a_restart(tmp_path: Path) -> None:
    with running(tmp_path, OIDC_AUDIENCE="app"):
        pass
    token = printed_login(tmp_path)

    with running(tmp_path, OIDC_AUDIENCE="app"):
        variables = environment(tmp_path)
        logins = OidcLogins(variables["OIDC_ISSUER"], variables["OIDC_AUDIENCE"], time.time)

        assert logins.user(token) == "local"


def test_an_issuer_of_ones_own_is_trusted_instead(tmp_path: Path) -> None:
    with running(tmp_path, OIDC_ISSUER="https://id.example"):
        errors = refused(tmp_path, "dev.token")

    assert environment(tmp_path)["OIDC_ISSUER"] == "https://id.example"
    assert errors == "make dev-token: `make dev` trusts the logins of https://id.example: get one there\n"


def test_without_it_there_is_no_login(tmp_path: Path) -> None:
    assert refused(tmp_path, "dev.token") == "make dev-token: start `make dev` first, and leave it running\n"


def test_without_it_the_stream_function_says_what_is_missing(tmp_path: Path) -> None:
    errors = refused(tmp_path, "dev.function_url", PORT="0")

    assert errors == "make stream-emulator: start `make dev` first, and leave it running\n"


def environment(state: Path) -> dict[str, str]:
    """What a server has left for programs beside it."""
    lines = (state / "environment").read_text().splitlines()
    return dict(shlex.split(line)[1].split("=", 1) for line in lines)


def printed_login(state: Path) -> str:
    with start(state, "dev.token") as process:
        output, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "")
    return output.strip()


def command_line(state: Path, *words: str) -> str:
    """The operator's command, in the environment that a running server has left for it."""
    done = subprocess.run(
        [sys.executable, "-m", "openmind_llm.cli", *words],
        env=QUIET | environment(state),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def processes_that_know_of(state: Path) -> list[str]:
    """Processes with this state folder in their environment or command line (Linux)."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            known = (folder / "environ").read_bytes() + (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if str(state).encode() in known:
            found.append(folder.name)
    return found
