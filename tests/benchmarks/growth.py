"""Whether a request costs more as there is more: keys, ledger rows, bytes of its body."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import median

from tests.benchmarks import emulated, ours
from tests.benchmarks.emulated import Aws
from tests.benchmarks.gateways import Environment, Place

FEW_KEYS, MANY_KEYS, MANY_ROWS = 10, 100_000, 1_000_000
SMALL, MIDDLE, LARGE = 1_000, 500_000, 1_000_000
"""Bytes of a body's prompt."""
TIMES = {SMALL: 100, MIDDLE: 15, LARGE: 15}
TURNS = 2
"""In each round: many short ones tell more than a few long ones, on a machine that others use."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of a request: milliseconds of CPU, units of DynamoDB (write and read ones together), calls to it."""

    cpu: float
    units: float
    calls: float


async def data(place: Place, rounds: int) -> tuple[Cost, Cost]:
    """With little in the table, and with much; the two take turns."""
    with ExitStack() as stack:
        little = stack.enter_context(emulated.aws(place.folder, "little"))
        much = stack.enter_context(emulated.aws(place.folder, "much"))
        async with (
            ours.function(little.environment, ours.FUNCTION, place) as of_little,
            ours.function(much.environment, ours.FUNCTION, place) as of_much,
        ):
            for environment in (of_little, of_much):
                await _settled(environment)
            little.fill(rows=0, keys=FEW_KEYS)
            much.fill(rows=MANY_ROWS, keys=MANY_KEYS)
            pairs = [
                (await _cost(little, of_little, SMALL), await _cost(much, of_much, SMALL))
                for _ in range(rounds * TURNS)
            ]
    return _middle([pair[0] for pair in pairs]), _middle([pair[1] for pair in pairs])


async def bodies(aws: Aws, place: Place, rounds: int) -> Mapping[int, Cost]:
    """By the size of the body; they take turns."""
    found: dict[int, list[Cost]] = {size: [] for size in TIMES}
    async with ours.function(aws.environment, ours.FUNCTION, place) as environment:
        await _settled(environment)
        for _ in range(rounds * TURNS):
            for size, costs in found.items():
                costs.append(await _cost(aws, environment, size))
    return {size: _middle(costs) for size, costs in found.items()}


def added_per_mb(less: Cost, more: Cost, nbytes: int) -> float:
    """Milliseconds for so many more bytes, per megabyte."""
    return (more.cpu - less.cpu) / nbytes * 1e6


async def _settled(environment: Environment) -> None:
    """Warm, and with a row in the ledger."""
    await _sent(environment, 30, SMALL)


async def _cost(aws: Aws, environment: Environment, size: int) -> Cost:
    times = TIMES[size]
    cpu, told = environment.program.cpu_ms(), aws.told()
    await _sent(environment, times, size)
    after = aws.told()
    spent = environment.program.cpu_ms() - cpu
    return Cost(spent / times, *((after[name] - told[name]) / times for name in ("units", "calls")))


async def _sent(environment: Environment, times: int, size: int) -> None:
    outcomes = await environment.send(times=times, connections=1, stream=False, size=size)
    fault = next((one.fault for one in outcomes if one.fault), None)
    assert fault is None, fault


def _middle(costs: list[Cost]) -> Cost:
    return Cost(*(median(getattr(one, name) for one in costs) for name in ("cpu", "units", "calls")))
