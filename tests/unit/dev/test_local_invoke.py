"""`make local-invoke` where it can do nothing: it says what to do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def _run(*arguments: str, path: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dev.local_invoke", *arguments],
        cwd=ROOT, env={"PATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_without_docker_it_says_how_to_do_without() -> None:
    done = _run("events/sweep_schedule.json")

    assert done.returncode == 1
    assert "no Docker engine answers here" in done.stderr
    assert "sam remote invoke SweepFunction" in done.stderr
    assert "--event-file events/sweep_schedule.json" in done.stderr


def test_an_engine_that_does_not_answer_is_none(tmp_path: Path) -> None:
    docker = tmp_path / "docker"
    docker.write_text("#!/bin/sh\nexit 1\n")
    docker.chmod(0o755)

    assert "no Docker engine answers here" in _run("events/sweep_schedule.json", path=str(tmp_path)).stderr


def test_with_docker_it_builds_and_invokes(tmp_path: Path) -> None:
    for name in ("docker", "sam"):
        program = tmp_path / name
        program.write_text(f'#!/bin/sh\necho {name} "$@" >>"{tmp_path}/called"\n')
        program.chmod(0o755)

    done = _run("events/route_health.json", "RouteFunction", path=os.pathsep.join((str(tmp_path), "/bin")))

    assert done.returncode == 0, done.stderr
    called = (tmp_path / "called").read_text().splitlines()
    assert [line.split()[:3] for line in called[1:]] == [["sam", "build"], ["sam", "local", "invoke"]]
    assert "RouteFunction --event events/route_health.json" in called[2]


@pytest.mark.parametrize("event", ["", "events/no-such.json", "events"])
def test_without_an_event_it_says_what_to_say(event: str) -> None:
    done = _run(event)

    assert done.returncode == 2
    assert "EVENT=events/<file>.json" in done.stderr
