"""The canned upstream as a program, and as a gateway of no cost: what is asked of it directly."""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.benchmarks import processes
from tests.benchmarks.client import Target
from tests.benchmarks.gateways import Gateway, Listening, Place
from tests.benchmarks.ours import ROOT
from tests.processes import free_port


@asynccontextmanager
async def upstream(folder: Path) -> AsyncIterator[Listening]:
    port = free_port()
    command = [sys.executable, "-m", "tests.benchmarks.upstream", str(port)]
    log = folder / "upstream.log"
    async with processes.running(command, environment=dict(os.environ), cwd=ROOT, log=log, port=port) as program:
        yield Listening(program, Target(port, "/v1/chat/completions"))


def direct(door: Listening) -> Gateway:
    @asynccontextmanager
    async def started(_: Place) -> AsyncIterator[Listening]:
        yield door

    return Gateway("direct", "canned upstream, asked directly", started)
