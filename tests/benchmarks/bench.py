"""The parts of a run, each measured by its own module, put together as one flat list of named values."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

from tests.benchmarks import cold, emulated, growth, memory, ours, peers, sizes, upstreams
from tests.benchmarks.client import Target
from tests.benchmarks.emulated import Aws
from tests.benchmarks.gateways import Gateway, Listening, Place
from tests.benchmarks.rounds import Rounds, Say
from tests.benchmarks.sizes import Part
from tests.benchmarks.stats import Measured


@dataclass(slots=True)
class Found:
    """`values` by name, for targets; the others for the tables.

    `failing` tells why a gateway's case has no value, `broken` why a part has none.
    """

    values: dict[str, float] = field(default_factory=dict)
    gateways: list[Gateway] = field(default_factory=list)
    failing: dict[tuple[str, str], str] = field(default_factory=dict)
    sizes: list[Part] = field(default_factory=list)
    broken: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stage:
    """What the parts are measured on."""

    aws: Aws
    place: Place
    direct: Listening
    found: Found
    say: Say


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is to be measured: `parts` of PARTS, how many rounds, and whether beside other gateways."""

    parts: Sequence[str]
    rounds: int
    with_peers: bool


@asynccontextmanager
async def stage(folder: Path, say: Say) -> AsyncIterator[Stage]:
    with emulated.aws(folder) as aws:
        async with upstreams.upstream(folder) as direct:
            target: Target = direct.target
            yield Stage(aws, Place(target.port, folder), direct, Found(), say)


async def run(wishes: Wishes, folder: Path, say: Say) -> Found:
    """A part that cannot be measured is told in `broken`, and keeps no other from it."""
    async with stage(folder, say) as on:
        for part in wishes.parts:
            try:
                await PARTS[part](on, wishes)
            except Exception as error:  # noqa: BLE001 - a run takes minutes: what else was measured is not thrown away
                on.found.broken[part] = f"{type(error).__name__}: {error}"
                say(f"{part} could not be measured: {on.found.broken[part]}")
        return on.found


async def _rounds(on: Stage, wishes: Wishes) -> None:
    found = on.found
    others = peers.installed() if wishes.with_peers else []
    found.gateways = [*ours.gateways(on.aws.environment), *others, upstreams.direct(on.direct)]
    rounds = Rounds(found.gateways, on.place, on.aws, on.say)
    measured = await rounds.measure(wishes.rounds)
    for (gateway, case), told in measured.items():
        found.values |= _named(f"{gateway}.{case}", told)
    found.values |= {f"{name}.memory": value for name, value in rounds.memory.items()}
    found.failing = rounds.failing
    _without_emulator(on, rounds, measured)


def _without_emulator(on: Stage, rounds: Rounds, measured: Mapping[tuple[str, str], Measured]) -> None:
    """A caller waits for the admission's write, and so for the emulator, which takes longer than DynamoDB does."""
    floor = on.aws.floor_ms()
    for name, taken in rounds.admissions.items():
        if (name, "stream_1") in measured:
            emulator = median(taken) + floor
            on.found.values[f"{name}.stream_1.emulator"] = emulator
            on.found.values[f"{name}.stream_1.first_own"] = measured[name, "stream_1"].first - emulator


async def _cold(on: Stage, wishes: Wishes) -> None:
    on.say("cold starts")
    start, requests = await cold.stream(on.aws.environment, on.place)
    auth = await asyncio.to_thread(cold.auth, on.aws.environment)
    on.found.values |= _named("cold.stream", start) | _named("cold.auth", auth)
    told = asdict(requests)
    on.found.values |= {name.replace("_", "."): value for name, value in told.items()}
    if wishes.with_peers and cold.has_litellm():
        on.say("cold starts of LiteLLM")
        litellm = await cold.litellm(on.place)
        on.found.values |= {"cold.litellm.cpu": litellm.cpu, "cold.litellm.wall": litellm.wall}


async def _memory(on: Stage, _: Wishes) -> None:
    on.say(f"memory: {memory.LATE:,} requests")
    on.found.values |= _named("memory", await memory.stream(on.aws.environment, on.place))


async def _growth(on: Stage, wishes: Wishes) -> None:
    on.say("growth: bodies")
    costs = await growth.bodies(on.aws, on.place, wishes.rounds)
    small, middle, large = (costs[size] for size in (growth.SMALL, growth.MIDDLE, growth.LARGE))
    named = {"small": small, "middle": middle, "large": large}
    halves = {
        "growth.lower_half.cpu": growth.added_per_mb(small, middle, growth.MIDDLE - growth.SMALL),
        "growth.upper_half.cpu": growth.added_per_mb(middle, large, growth.LARGE - growth.MIDDLE),
    }
    on.say(f"growth: {growth.MANY_KEYS:,} keys, {growth.MANY_ROWS:,} rows")
    named["little"], named["much"] = await growth.data(on.place, wishes.rounds)
    on.found.values |= halves
    for name, cost in named.items():
        on.found.values |= _named(f"growth.{name}", cost)


async def _sizes(on: Stage, _: Wishes) -> None:
    on.say("package sizes")
    on.found.sizes = await asyncio.to_thread(sizes.stream, on.place.folder)
    on.found.values["size.stream"] = sum(part.zipped for part in on.found.sizes)


def _named(prefix: str, told: object) -> dict[str, float]:
    return {f"{prefix}.{name}": float(value) for name, value in asdict(told).items()}  # type: ignore[call-overload]


PARTS = {"rounds": _rounds, "cold": _cold, "memory": _memory, "growth": _growth, "sizes": _sizes}
