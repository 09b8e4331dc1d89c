"""What the stream function keeps: after a thousand requests, and after ten thousand."""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.benchmarks import ours
from tests.benchmarks.gateways import Environment, Place

EARLY, LATE = 1_000, 10_000
ONE_IN = 50
"""Requests that are streamed; the others are whole, for the time that it takes."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Megabytes; `peak` is of the whole life of the process."""

    early: float
    late: float
    peak: float


async def stream(aws: Mapping[str, str], place: Place) -> Memory:
    async with ours.function(aws, ours.FUNCTION, place) as environment:
        await _send(environment, EARLY)
        early = environment.program.memory_mb()
        await _send(environment, LATE - EARLY)
        return Memory(early, environment.program.memory_mb(), environment.program.memory_mb("VmHWM"))


async def _send(environment: Environment, times: int) -> None:
    for _ in range(times // ONE_IN):
        outcomes = await environment.send(times=ONE_IN - 1, connections=1, stream=False)
        outcomes += await environment.send(times=1, connections=1, stream=True)
        fault = next((one.fault for one in outcomes if one.fault), None)
        assert fault is None, fault
