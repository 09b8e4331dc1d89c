"""The AWS that the gateway of the bench has: ministack in a process of its own, whose CPU is nobody's here."""

import json
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from dev import seed, start
from dev.emulator import Emulator
from openmind_llm.providers import table
from tests.benchmarks import ours
from tests.processes import free_port

PLAN = "unlimited"


@dataclass(frozen=True, slots=True)
class Aws:
    """`environment` makes a client talk to it."""

    url: str
    environment: dict[str, str]

    def told(self) -> dict[str, float]:
        """So far: `calls`, `units`, and `admissions`, which took `admission_s` seconds within the emulator."""
        return self._ask("BenchUnits", {})

    def floor_ms(self) -> float:
        """What one call takes beside the emulator's own work on it: its server, and a plain client."""
        times = []
        for _ in range(50):
            began = time.perf_counter()
            self.told()
            times.append((time.perf_counter() - began) * 1000)
        return median(times)

    def fill(self, *, rows: int, keys: int) -> dict[str, float]:
        """Needs a settled row and a key to copy."""
        return self._ask("BenchFill", {"table": seed.TABLE, "rows": rows, "keys": keys})

    def _ask(self, operation: str, body: dict[str, Any]) -> dict[str, float]:
        headers = {
            "X-Amz-Target": f"DynamoDB_20120810.{operation}",
            "Content-Type": "application/x-amz-json-1.0",
            "Authorization": "AWS4-HMAC-SHA256 Credential=local/20261126/us-east-1/dynamodb/aws4_request",
        }
        request = urllib.request.Request(self.url, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=600) as reply:
            told: dict[str, float] = json.load(reply)
            return told


@contextmanager
def aws(folder: Path, name: str = "aws") -> Iterator[Aws]:
    """With the table, the secrets, and the bench's key."""
    with Emulator(free_port(), log=folder / f"{name}.log", module="tests.benchmarks.counted") as emulator:
        start.use_alone(emulator.client_environment())
        seed.fill(dict.fromkeys(table.provider_names(), ours.PROVIDER_KEY))
        seed.seed_key(ours.KEY, PLAN)
        yield Aws(emulator.url, emulator.client_environment())
