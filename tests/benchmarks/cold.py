"""Starts: from a process's first instruction to the moment when it could answer, several times, in fresh processes."""

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.benchmarks import ours, peers
from tests.benchmarks.gateways import Place

TIMES = 5
LITELLM_TIMES = 2
REQUESTS = 10

_HOOK = """
import atexit, os, sys
atexit.register(lambda: open(os.environ["BENCH_MODULES"], "w").write("\\n".join(sorted(sys.modules))))
"""
_AUTH = f"""
import sys
sys.path.insert(0, {str(ours.ROOT / "functions" / "auth")!r})
import handler
import time
told = (time.process_time() * 1000, time.monotonic_ns(), len(sys.modules))
import json
print(json.dumps(told))
"""


@dataclass(frozen=True, slots=True)
class Start:
    """`cpu` and `wall` in milliseconds; `modules` that are loaded by then."""

    cpu: float
    wall: float
    modules: int


@dataclass(frozen=True, slots=True)
class Requests:
    """The first request of a process and its tenth, in milliseconds; CPU, and what its caller waited."""

    first_cpu: float
    tenth_cpu: float
    first_wall: float
    tenth_wall: float


async def stream(aws: Mapping[str, str], place: Place, times: int = TIMES) -> tuple[Start, Requests]:
    """The function, up to the moment when it asks for its first event; everything on."""
    starts, asked = [], []
    for _ in range(times):
        async with ours.function(aws, ours.FUNCTION, place) as environment:
            cpu = environment.program.cpu_ms()
            starts.append((cpu, (time.monotonic_ns() - environment.program.began_ns) / 1e6))
            costs = []
            for _ in range(REQUESTS):
                before = environment.program.cpu_ms()
                (outcome,) = await environment.send(times=1, connections=1, stream=False)
                assert not outcome.fault, outcome.fault
                costs.append((environment.program.cpu_ms() - before, outcome.latency))
            asked.append((*costs[0], *costs[-1]))
    cpu, wall = (median(values) for values in zip(*starts, strict=True))
    first_cpu, first_wall, tenth_cpu, tenth_wall = (median(values) for values in zip(*asked, strict=True))
    modules = await _modules(aws, place)
    return Start(cpu, wall, modules), Requests(first_cpu, tenth_cpu, first_wall, tenth_wall)


async def _modules(aws: Mapping[str, str], place: Place) -> int:
    """Told by a process that ends before its first event."""
    hook, told = place.folder / "hook", place.folder / "modules"
    hook.mkdir(exist_ok=True)
    (hook / "sitecustomize.py").write_text(_HOOK)
    variables = {"PYTHONPATH": str(hook), "BENCH_MODULES": str(told)}
    async with ours.function(aws, ours.FUNCTION, place, variables):
        pass
    return len(told.read_text().splitlines())


def auth(aws: Mapping[str, str], times: int = TIMES) -> Start:
    """The authorizer, up to the moment when its handler could be called. Raises CalledProcessError."""
    found = [_auth(aws) for _ in range(times + 1)][1:]
    cpu, wall, modules = (median(values) for values in zip(*found, strict=True))
    return Start(cpu, wall, int(modules))


def _auth(aws: Mapping[str, str]) -> tuple[float, float, int]:
    environment = ours.environment(aws, "") | {"POWERTOOLS_SERVICE_NAME": "auth", "AWS_LAMBDA_FUNCTION_NAME": "auth"}
    began = time.monotonic_ns()
    command = [sys.executable, "-c", _AUTH]
    done = subprocess.run(command, env=environment, cwd=ours.ROOT, capture_output=True, text=True, check=True)
    cpu, at, modules = json.loads(done.stdout.splitlines()[-1])
    return cpu, (at - began) / 1e6, modules


async def litellm(place: Place, times: int = LITELLM_TIMES) -> Start:
    """Up to its first answer."""
    found = []
    for _ in range(times):
        async with peers.litellm(place) as door:
            (outcome,) = await door.send(times=1, connections=1, stream=False)
            assert not outcome.fault, outcome.fault
            found.append((door.program.cpu_ms(), (time.monotonic_ns() - door.program.began_ns) / 1e6))
    cpu, wall = (median(values) for values in zip(*found, strict=True))
    return Start(cpu, wall, 0)


def has_litellm() -> bool:
    return Path(peers.HOME / "litellm" / "bin" / "litellm").exists()
