"""`make smoke` as an operator runs it, against the gateway as it is and behind a proxy that breaks it."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests import canaries
from tests.doors import ROOT, Door, HttpDoor
from tests.e2e.broken_proxy import BrokenProxy
from tests.fake_upstream import DONE, USAGE, FakeUpstream, Received, Reply, Stream, chunk, event, plain

PACE_S = 0.05
NEEDS_STACK = {
    *("access-log", "alarms", "alias", "cold-start", "dashboard", "denied", "domain", "export", "inspection", "kms"),
    *("key-revoked", "ledger", "log-line", "metric", "quota", "rollout", "sweeper", "table", "trace", "waf"),
}


class Smoked(NamedTuple):
    code: int
    out: str
    error: str

    @property
    def verdicts(self) -> dict[str, str]:
        """By the rows' names."""
        found = re.findall(r"^\| ([a-z0-9-]+) +\| .* \| (ok|FAIL|not tried) +\|$", self.out, re.MULTILINE)
        return dict(found)

    def having(self, verdict: str) -> set[str]:
        return {name for name, one in self.verdicts.items() if one == verdict}


def smoke(*arguments: str, key: str = canaries.API_KEY) -> Smoked:
    environment = {"PATH": os.environ["PATH"], "OPENMIND_API_KEY": key}
    command = [sys.executable, "-m", "dev.smoke", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=180)
    canaries.look_through("make smoke", [done.stdout, done.stderr])
    return Smoked(done.returncode, done.stdout, done.stderr)


def words() -> Iterator[bytes]:
    """At the pace of a provider."""
    for number in range(12):
        yield event(chunk({"content": f"word {number} "}))
        time.sleep(PACE_S)
    yield from (event(chunk(finish_reason="stop")), event(chunk(choices=[], usage=USAGE)), DONE)


def answering(received: Received) -> Reply | Stream:
    return Stream(words()) if received.body.get("stream") else plain(received)


@pytest.fixture
def _provider(upstream: FakeUpstream) -> None:
    upstream.answer = answering


@pytest.fixture
def function_url(doors: dict[str, Door]) -> str:
    door = doors["function_url"]
    assert isinstance(door, HttpDoor)
    return door.url


@pytest.mark.usefixtures("_provider")
def test_a_sound_gateway_passes_every_row_that_needs_no_stack(server_url: str, function_url: str) -> None:
    smoked = smoke("--url", server_url, "--stream-url", function_url)

    assert smoked.having("FAIL") == set(), smoked.out
    assert smoked.having("not tried") == NEEDS_STACK | {"preflight"}
    assert len(smoked.having("ok")) == 23
    assert smoked.code == 0
    assert smoked.out.startswith("AN EMULATOR WAS TALKED TO")


@pytest.mark.usefixtures("_provider")
def test_a_proxy_that_buffers_and_rewrites_errors_is_seen(server_url: str) -> None:
    with BrokenProxy(server_url) as proxy:
        smoked = smoke("--url", proxy.url)

    refusals = {"key-missing", "key-wrong", "path-unknown", "provider-unknown", "model-unknown", "body-bad"}
    assert smoked.having("FAIL") == refusals | {"body-not-utf8", "body-too-large", "stream"}
    assert re.search(r"^\| stream +\|.* buffered: ", smoked.out, re.MULTILINE)
    assert {"health", "whole", "usage", "quote"} <= smoked.having("ok")
    assert smoked.code == 1


def test_a_gateway_that_is_not_there_fails_every_row() -> None:
    smoked = smoke("--url", "http://127.0.0.1:9", "--rows", "health whole")

    assert smoked.verdicts == {"health": "FAIL", "whole": "FAIL"}
    assert smoked.code == 1


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ((), "say URL and KEY, or STACK"),
        (("--url", "api.example"), "'api.example' is no http(s) URL"),
        (("--url", "http://127.0.0.1:9", "--rows", "nope"), "no row is called nope"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(arguments: tuple[str, ...], why: str) -> None:
    smoked = smoke(*arguments)

    assert (smoked.code, smoked.out, smoked.error) == (2, "", f"make smoke: {why}\n")
