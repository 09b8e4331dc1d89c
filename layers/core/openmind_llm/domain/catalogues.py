"""Which catalogue holds now: the packaged one, with what operators have set of it since.

What is set has a version. See docs/adr/0016-catalogue-changes-without-a-deploy.md.
"""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from openmind_llm.classes import dataclass
from openmind_llm.domain.aside import aside
from openmind_llm.domain.catalogue import Catalogue, OverrideError
from openmind_llm.domain.telemetry import Signals
from openmind_llm.errors import GatewayError, LedgerUnavailableError

LONGEST_S = 50
"""How old a catalogue may be that requests go on with while another one looks for a newer."""

RETRY_S = 5
"""After a look that failed: an outage must not slow every request."""


class CatalogueUnusableError(GatewayError):
    """What is set of the catalogue does not fit to what was deployed: nobody knows what a model costs.

    Only the operator can mend it.
    """

    status = 503
    type = "api_error"
    code = "catalogue_unusable"
    text = "The service is not available at the moment"


class Catalogues(Protocol):
    """The catalogue as it is now. A request asks once, at its start, and goes by that one to its end."""

    def at_hand(self) -> Catalogue | None:
        """What `now` would give, where that is known without blocking."""

    def now(self) -> Catalogue:
        """Blocking. Raises CatalogueUnusableError and LedgerUnavailableError."""


class VersionStore(Protocol):
    """What operators have set. Blocking; each raises LedgerUnavailableError."""

    def newest(self) -> int:
        """The number of the version that holds; 0 where nothing was ever set. May be a moment behind."""

    def rows(self, version: int) -> str | None:
        """Of a version, a JSON list. None where it is not there."""


@dataclass(frozen=True, slots=True)
class _Known:
    """`at` is when the look began that last found it to be the newest, in seconds since the epoch."""

    catalogue: Catalogue
    at: float


async def current(known: Catalogues) -> Catalogue:
    """In a thread, unless it is at hand. Raises what Catalogues.now does."""
    at_hand = known.at_hand()
    return await aside(known.now) if at_hand is None else at_hand


class StoredCatalogues:
    """See Catalogues. Any thread may use it; looks at most every `max_age_s` seconds for a newer version.

    `base` is the catalogue without what was set; `build` makes one of a version's rows and its number. `now` gives
    seconds since the epoch: an environment that was frozen must know how long.
    """

    def __init__(
        self,
        base: Catalogue,
        build: Callable[[str, int], Catalogue],
        store: VersionStore,
        signals: Signals,
        now: Callable[[], float],
        max_age_s: float,
    ) -> None:
        self._base = base
        self._build = build
        self._store = store
        self._signals = signals
        self._now = now
        self._max_age_s = max_age_s
        self._known: _Known | None = None
        self._failed_at = float("-inf")
        self._refused = (0, "")
        self._looking = threading.Lock()

    def at_hand(self) -> Catalogue | None:
        known = self._known
        if known is None:
            return None
        is_looked_for = self._looking.locked() and self._is_younger(known, LONGEST_S)
        return known.catalogue if is_looked_for or self._is_good(known) else None

    def now(self) -> Catalogue:
        with self._looking:
            known = self._known
            if known is None or not self._is_good(known):
                known = self._known = self._looked(known)
            return known.catalogue

    def _is_good(self, known: _Known) -> bool:
        return self._is_younger(known, self._max_age_s) or 0 <= self._now() - self._failed_at < RETRY_S

    def _is_younger(self, known: _Known, age_s: float) -> bool:
        """A clock that was set back tells nothing."""
        return 0 <= self._now() - known.at < age_s

    def _looked(self, known: _Known | None) -> _Known:
        """Where there is one to go on with, nothing is raised."""
        at = self._now()
        try:
            return _Known(self._newest(known), at)
        except LedgerUnavailableError:
            self._failed_at = at
            if known is None:
                raise
            if not self._is_younger(known, LONGEST_S):
                self._tell(known, "the table cannot be read")
            return known
        except OverrideError as error:
            self._tell(known, str(error))
            if known is None:
                raise CatalogueUnusableError from None
            return replace(known, at=at)

    def _newest(self, known: _Known | None) -> Catalogue:
        """A version that was seen is never left for an older one, which a read that is behind may find."""
        version = self._store.newest()
        if known is not None and version <= known.catalogue.version:
            return known.catalogue
        if version == 0:
            return self._base
        if version == self._refused[0]:
            raise OverrideError(self._refused[1])
        return self._built(version)

    def _built(self, version: int) -> Catalogue:
        """Whatever is wrong with a version, it is read once. Raises OverrideError and LedgerUnavailableError."""
        rows = self._store.rows(version)
        try:
            return self._build(_required(rows), version)
        except Exception as error:  # noqa: BLE001 - no fault of an operator's may stop who has a good one
            told = str(error) if isinstance(error, OverrideError) else type(error).__name__
            self._refused = (version, f"version {version}: {told}")
            raise OverrideError(self._refused[1]) from None

    def _tell(self, known: _Known | None, why: str) -> None:
        in_use = None if known is None else known.catalogue.version
        self._signals.tell("catalogue unreadable", {"CatalogueUnreadable": 1}, {"cause": why, "in_use": in_use})


def _required(rows: str | None) -> str:
    if rows is None:
        raise OverrideError("it is not there")
    return rows
