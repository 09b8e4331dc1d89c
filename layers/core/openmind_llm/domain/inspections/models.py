"""What a look at the providers' lists and the catalogue has found."""

from collections.abc import Callable

from openmind_llm.classes import dataclass
from openmind_llm.domain.catalogue import Catalogue
from openmind_llm.domain.inspections import endings, lists
from openmind_llm.domain.inspections.endings import Ending
from openmind_llm.domain.inspections.lists import Drift, Missing, ShutdownDrift
from openmind_llm.domain.listing import Listings, Unlisted


@dataclass(frozen=True, slots=True)
class Findings:
    """`listed` says how many models each provider has, that was looked at; `unlisted` why the others were not."""

    listed: dict[str, int]
    unlisted: dict[str, Unlisted]
    missing: list[Missing]
    drifts: list[Drift]
    shutdown_drifts: list[ShutdownDrift]
    endings: list[Ending]

    @property
    def deaf(self) -> dict[str, str]:
        """Providers that have a key, and could not be asked: why."""
        return {name: told.reason for name, told in self.unlisted.items() if told.has_key}

    @property
    def abandoned(self) -> list[Ending]:
        """Models that end with nothing to answer for them, of providers that have a key: the others answer nobody."""
        keyless = {name for name, told in self.unlisted.items() if not told.has_key}
        return [one for one in self.endings if one.successor is None and one.provider not in keyless]


class ModelCheck:
    """Blocking. `catalogue` gives the one that is in force."""

    def __init__(self, catalogue: Callable[[], Catalogue], listings: Listings) -> None:
        self._catalogue = catalogue
        self._listings = listings

    def findings(self, on: str) -> Findings:
        """On a day, `YYYY-MM-DD`."""
        catalogue = self._catalogue()
        told = self._listings.all(catalogue.providers())
        found = {name: one for name, one in told.items() if not isinstance(one, Unlisted)}
        return Findings(
            listed={name: len(one) for name, one in found.items()},
            unlisted={name: one for name, one in told.items() if isinstance(one, Unlisted)},
            missing=[one for name, listed in found.items() for one in lists.missing(catalogue, name, listed, on)],
            drifts=[one for name, listed in found.items() for one in lists.drifts(catalogue, name, listed, on)],
            shutdown_drifts=[
                one for name, listed in found.items() for one in lists.shutdown_drifts(catalogue, name, listed)
            ],
            endings=endings.endings(catalogue, on),
        )
