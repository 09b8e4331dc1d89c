"""Which versions of the functions there are, which of them is live, and the way back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from typing import Protocol

from openmind_llm.classes import dataclass
from openmind_llm.domain.rollouts import AUTH, ROUTE, STREAM

FUNCTIONS = (AUTH, ROUTE, STREAM)

PREVIOUS = "previous"

ONE_RELEASE_S = 900
"""Versions of one deployment are published within this many seconds of each other."""


class RollbackError(ValueError):
    """There is no way back, or not now; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Version:
    """`published_at` is in seconds since the epoch."""

    number: int
    published_at: float


@dataclass(frozen=True, slots=True)
class Live:
    """Where the alias leads. `weights`: the share of requests of versions beside `number`, during a rollout.

    `revision` is what a change of the alias is conditional on.
    """

    number: int
    revision: str
    weights: Mapping[int, float] = field(default_factory=dict)

    def share(self, number: int) -> float:
        if number == self.number:
            return 1 - sum(self.weights.values())
        return self.weights.get(number, 0)


@dataclass(frozen=True, slots=True)
class Released:
    """One function. `versions`: oldest first. `is_complete`: no change waits that is in no version."""

    function: str
    versions: Sequence[Version]
    live: Live
    is_complete: bool = True

    def version(self, number: int) -> Version:
        """Raises RollbackError."""
        for version in self.versions:
            if version.number == number:
                return version
        raise RollbackError(f"{self.function} has no version {number}: see `releases list`")


class Releases(Protocol):
    """A deployed stack's. Blocking."""

    def released(self, function: str) -> Released: ...

    def running(self) -> Sequence[str]:
        """Ids of deployments that are under way."""

    def point(self, function: str, number: int, revision: str) -> None:
        """All requests go to that version from now on, unless the alias was changed since `revision`."""


def rollback(releases: Releases, wanted: Mapping[str, int]) -> list[tuple[Released, int]]:
    """Points functions to the wanted versions; to those before the last release where none are named.

    Gives each function that was looked at as it was, and the version that is live now. Raises RollbackError, before
    anything was changed.
    """
    found = [releases.released(function) for function in wanted or FUNCTIONS]
    if running := releases.running():
        stop = f"aws deploy stop-deployment --auto-rollback-enabled --deployment-id {running[0]}"
        raise RollbackError(f"deployment {', '.join(running)} is under way: stopping one rolls it back: {stop}")
    for released in found:
        if released.live.weights:
            raise RollbackError(f"{released.function} is being rolled out: wait, or stop that, which rolls it back")
    targets = [(one, one.version(wanted[one.function]).number) for one in found] if wanted else _before(found)
    for released, number in targets:
        if number != released.live.number:
            releases.point(released.function, number, released.live.revision)
    return targets


def _before(found: Iterable[Released]) -> list[tuple[Released, int]]:
    """Not every release changes every function: one that did not change with the newest stays."""
    live = [(one, one.version(one.live.number)) for one in found]
    newest = max(version.published_at for _, version in live)
    changed = [(one, newest - version.published_at <= ONE_RELEASE_S) for one, version in live]
    return [(one, _previous(one) if is_changed else one.live.number) for one, is_changed in changed]


def _previous(released: Released) -> int:
    before = [version.number for version in released.versions if version.number < released.live.number]
    if not before:
        raise RollbackError(f"{released.function} has no version before {released.live.number}")
    return before[-1]
