"""The circuit breaker: keeps attempts away from cells that fail, for all environments together.

See docs/adr/0012-circuit-breaker.md.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from openmind_llm.classes import dataclass
from openmind_llm.domain.attempts import rules as breaker_rules
from openmind_llm.domain.attempts.cells import KEY_AS_A_WHOLE, Cell, Counts, Look, Opening, Phase
from openmind_llm.domain.attempts.rules import BreakerRules

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

TIMEOUT, SLOW = "timeout", "slow"
_TIDIED_AT_ONCE = 5
_NONE_OPEN: Mapping[Cell, Opening] = MappingProxyType({})


class HealthUnavailableError(Exception):
    """The store failed; the text says how, without a secret."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What is added to the counts of a cell in a bucket, for an account's tag; `ttl` is in seconds since the epoch."""

    cell: Cell
    bucket: int
    tag: str
    answers: int
    failures: int
    ttl: int


class HealthStore(Protocol):
    """What all environments know of cells. Blocking; each raises HealthUnavailableError."""

    def openings(self, provider: str) -> Mapping[Cell, Opening]:
        """Of all its cells that are not closed. May be a moment behind."""

    def swap(self, cell: Cell, seen: Opening | None, new: Opening | None) -> bool:
        """False, and nothing is written, where the cell's opening is another than was seen. None: it is closed."""

    def add(self, tally: Tally) -> Counts:
        """And the counts with it."""

    def forget(self, cell: Cell, bucket: int) -> None:
        """Its counts of this bucket."""


class Breaker:
    """Any thread may use it. Nothing here raises: where the store fails, cells count as closed.

    Everything but `is_well` and `answered` may block for as long as the store's client waits.
    """

    def __init__(
        self,
        store: HealthStore,
        now: Callable[[], float],
        chance: Callable[[], float],
        rules: BreakerRules = BreakerRules(),  # noqa: B008 - frozen
    ) -> None:
        self._store = store
        self._now = now
        self._chance = chance
        self._rules = rules
        self._looks: dict[str, Look] = {}
        self._claims: dict[Cell, Opening] = {}
        self._resting_until = 0.0

    def is_well(self, provider: str) -> bool:
        """Whether a look that is not too old has found none of its cells open."""
        known = self._looks.get(provider)
        return known is not None and not known.openings and self._is_fresh(known)

    def looked(self, provider: str) -> Look:
        """At most `max_age_s` old; then the store is read."""
        known = self._looks.get(provider)
        if known is None or not self._is_fresh(known):
            openings = self._asked(partial(self._store.openings, provider), _NONE_OPEN)
            known = self._looks[provider] = Look(openings, self._now(), self._rules.forget_s)
        return replace(known, at=self._now())

    def claim_probe(self, cell: Cell, patience_s: float) -> bool:
        """Whether this attempt may go to a half-open cell: one at a time may, of all environments.

        `patience_s` is the time that it has. Whoever claimed tells `answered`, `failed`, `set_aside` or `told_nothing`.
        """
        look = self.looked(cell.provider)
        if look.state(cell).phase is not Phase.HALF_OPEN:
            return look.state(cell).phase is Phase.CLOSED
        for one in (cell.key, cell):
            opening = look.opening(one)
            if opening is not None and not self._claimed(one, opening, patience_s):
                self.told_nothing(cell)
                return False
        return True

    def answered(
        self, cell: Cell, first_s: float | None, is_stream: bool, account_id: str
    ) -> Callable[[], object] | None:
        """What is to be written of it, if anything is.

        `first_s` until the first token; None where that tells nothing, as with a model that thinks for long.
        """
        if is_stream and first_s is not None and first_s > self._rules.slow_first_s:
            return partial(self.failed, cell, SLOW, first_s, account_id)
        if cell in self._claims or cell.key in self._claims:
            return partial(self._close_by_probe, cell)
        if self._chance() * self._rules.one_in < 1:
            return partial(self._counted, cell, account_id, answers=self._rules.one_in)
        return None

    def failed(self, cell: Cell, means: str, patience_s: float, account_id: str) -> None:
        """In a way that speaks against the cell. `patience_s` is the time that the attempt had."""
        if means == TIMEOUT and patience_s < self._rules.patient_s:
            self.told_nothing(cell)
            return
        if self._reopened_by_probe(cell, means):
            return
        counts = self._counted(cell, account_id, failures=1)
        if counts is not None and breaker_rules.opens(counts, self._rules):
            self._open(cell, None, self._rules.open_s, means)

    def set_aside(self, cell: Cell, reason: str, for_s: float) -> None:
        """Its key, at once and for all its models: the key was refused, or its account is out of credit."""
        claim = self._claims.pop(cell.key, None)
        self.told_nothing(cell)
        self._open(cell.key, claim, math.ceil(for_s), reason)

    def told_nothing(self, cell: Cell) -> None:
        """The attempt ended without saying anything of the cell: another may probe it, if this one did."""
        for one, claim in self._claims_of(cell):
            self._swapped(one, claim, replace(claim, probe_until=0))

    def _claimed(self, cell: Cell, opening: Opening, patience_s: float) -> bool:
        lease_s = min(max(patience_s, 1), self._rules.probe_s)
        claim = replace(opening, probe_until=math.ceil(self._now() + lease_s))
        if not self._swapped(cell, opening, claim):
            return False
        self._claims[cell] = claim
        return True

    def _claims_of(self, cell: Cell) -> list[tuple[Cell, Opening]]:
        """Those of this process, which are none any more: the cell's first, since its key's lets others in."""
        found = [(one, self._claims.pop(one, None)) for one in (cell, cell.key)]
        return [(one, claim) for one, claim in found if claim is not None]

    def _is_fresh(self, look: Look) -> bool:
        return self._now() - look.at < self._rules.max_age_s

    def _close_by_probe(self, cell: Cell) -> None:
        """Its counts go first: what it failed by would else open it again at the next failure."""
        for one, claim in self._claims_of(cell):
            self._asked(partial(self._store.forget, one, self._bucket()), None)
            if self._swapped(one, claim, None):
                logger.info("cell closed", extra=_facts(one))

    def _reopened_by_probe(self, cell: Cell, means: str) -> bool:
        claims = self._claims_of(cell)
        for one, claim in claims:
            self._open(one, claim, min(2 * claim.for_s, self._rules.longest_open_s), means)
        return bool(claims)

    def _counted(self, cell: Cell, account_id: str, *, answers: int = 0, failures: int = 0) -> Counts | None:
        """None where nothing is counted: an open cell is not judged by those who were under way."""
        if self._known(cell.provider).state(cell).phase is not Phase.CLOSED:
            return None
        bucket, tag = self._bucket(), breaker_rules.tag(account_id)
        tally = Tally(cell, bucket, tag, answers, failures, ttl=(bucket + 2) * self._rules.bucket_s)
        return self._asked(partial(self._store.add, tally), None)

    def _open(self, cell: Cell, claim: Opening | None, for_s: int, why: str) -> None:
        look = self._known(cell.provider)
        seen = claim or look.openings.get(cell)
        if seen is None and len(look.openings) >= self._rules.most_openings:
            logger.error("too many cells are open to open another", extra=_facts(cell))
            return
        if self._swapped(cell, seen, Opening(math.ceil(self._now() + for_s), for_s, why)):
            logger.warning("cell opened", extra=_facts(cell) | {"why": why, "for_s": for_s})
            self._tidy(look)

    def _tidy(self, look: Look) -> None:
        over = [(cell, opening) for cell, opening in look.openings.items() if look.is_over(opening)]
        for cell, opening in over[:_TIDIED_AT_ONCE]:
            self._swapped(cell, opening, None)

    def _swapped(self, cell: Cell, seen: Opening | None, new: Opening | None) -> bool:
        done = self._asked(partial(self._store.swap, cell, seen, new), False)
        known = self._looks.pop(cell.provider, None)
        if done and known is not None:
            openings = {one: opening for one, opening in known.openings.items() if one != cell}
            self._looks[cell.provider] = replace(known, openings=openings if new is None else openings | {cell: new})
        return done

    def _known(self, provider: str) -> Look:
        """Without asking the store: that it is old does no harm where a write is conditional."""
        known = self._looks.get(provider) or Look(_NONE_OPEN, 0, self._rules.forget_s)
        return replace(known, at=self._now())

    def _bucket(self) -> int:
        return int(self._now() // self._rules.bucket_s)

    def _asked[T](self, operation: Callable[[], T], otherwise: T) -> T:
        """`otherwise` where the store fails, or failed a moment ago."""
        if self._now() < self._resting_until:
            return otherwise
        try:
            return operation()
        except Exception as error:  # noqa: BLE001 - whatever it is, a request must not fail of it
            self._resting_until = self._now() + self._rules.rest_s
            cause = str(error) if isinstance(error, HealthUnavailableError) else type(error).__name__
            logger.error("health of providers unknown: all count as healthy", extra={"cause": cause})
            return otherwise


def _facts(cell: Cell) -> dict[str, str]:
    model = "all" if cell.model == KEY_AS_A_WHOLE else cell.model
    return {"provider": cell.provider, "model": model, "key_id": cell.key_id}
