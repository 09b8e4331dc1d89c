"""All gateways side by side: one after the other in each round, so that what disturbs one disturbs all."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack

from tests.benchmarks import stats
from tests.benchmarks.emulated import Aws
from tests.benchmarks.gateways import CASES, Case, Door, Gateway, Place
from tests.benchmarks.processes import NotStartedError
from tests.benchmarks.stats import Measured, Round

WARM = 30
"""Requests of each kind before the first round."""

type Say = Callable[[str], None]


class Rounds:
    """`failing` tells why a gateway, or a case of it, was left out: (gateway, case) and a text."""

    def __init__(self, gateways: Sequence[Gateway], place: Place, aws: Aws, say: Say) -> None:
        self._aws = aws
        self._gateways = gateways
        self._place = place
        self._say = say
        self._doors: dict[str, Door] = {}
        self._rounds: dict[tuple[str, str], list[Round]] = {}
        self.failing: dict[tuple[str, str], str] = {}
        self.memory: dict[str, float] = {}
        self.admissions: dict[str, list[float]] = {}
        """Milliseconds within the emulator, of streamed requests, by gateway."""

    async def measure(self, rounds: int) -> Mapping[tuple[str, str], Measured]:
        async with AsyncExitStack() as stack:
            for gateway in self._gateways:
                await self._start(stack, gateway)
            for number in range(rounds):
                self._say(f"round {number + 1} of {rounds}")
                for case in CASES:
                    await self._round(case, number)
            self.memory = {name: door.program.memory_mb() for name, door in self._doors.items()}
        return {key: stats.together(kept) for key, kept in self._rounds.items() if key not in self.failing}

    async def _start(self, stack: AsyncExitStack, gateway: Gateway) -> None:
        self._say(f"starting {gateway.label}")
        try:
            self._doors[gateway.name] = await stack.enter_async_context(gateway.start(self._place))
        except (NotStartedError, OSError) as error:
            self.failing |= {(gateway.name, case.name): f"did not start: {error}" for case in CASES}
            return
        for case in CASES:
            if gateway.takes(case):
                await self._sent(gateway, case, WARM)

    async def _round(self, case: Case, number: int) -> None:
        """Each round begins with another gateway."""
        turn = number % len(self._gateways)
        for gateway in (*self._gateways[turn:], *self._gateways[:turn]):
            key = (gateway.name, case.name)
            if key not in self.failing and gateway.takes(case):
                measured = await self._sent(gateway, case, gateway.times(case))
                if measured is not None:
                    self._rounds.setdefault(key, []).append(measured)

    async def _sent(self, gateway: Gateway, case: Case, times: int) -> Round | None:
        """None where one of them failed: then the case is left out from here on."""
        door = self._doors[gateway.name]
        told, before = self._aws.told(), door.program.cpu_ms()
        try:
            outcomes = await door.send(times=times, connections=case.connections, stream=case.stream)
        except (OSError, TimeoutError, ExceptionGroup) as error:
            self.failing[gateway.name, case.name] = f"failed: {type(error).__name__}"
            return None
        cpu_ms = door.program.cpu_ms() - before
        self._note_admissions(gateway, case, told)
        faults = [one.fault for one in outcomes if one.fault]
        if faults:
            self.failing[gateway.name, case.name] = f"{len(faults)} of {len(outcomes)} failed: {faults[0]}"
            self._say(f"{gateway.label}, {case.title}: {self.failing[gateway.name, case.name]}")
            return None
        return stats.of_round(cpu_ms, outcomes)

    def _note_admissions(self, gateway: Gateway, case: Case, before: Mapping[str, float]) -> None:
        after = self._aws.told()
        made = after["admissions"] - before["admissions"]
        if case.stream and made:
            taken = (after["admission_s"] - before["admission_s"]) / made * 1000
            self.admissions.setdefault(gateway.name, []).append(taken)
