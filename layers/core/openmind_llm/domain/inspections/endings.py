"""Which models end soon, or have ended, and who answers for them then."""

from openmind_llm.classes import dataclass
from openmind_llm.domain import fallbacks
from openmind_llm.domain.catalogue import Catalogue, Model


@dataclass(frozen=True, slots=True)
class Ending:
    """A row whose upstream model ends. `day` is empty where only that it has ended is known.

    `successor` is the first fallback that lives on after that day; None where every request will fail.
    """

    provider: str
    model: str
    upstream_id: str
    day: str
    successor: str | None

    def __str__(self) -> str:
        sent = "" if self.upstream_id == self.model else f" (sent as {self.upstream_id})"
        after = f"then {self.successor} answers" if self.successor else "and nothing answers for it"
        return f"{self.provider}/{self.model}{sent} ends on {self.day or 'a day that has passed'}, {after}"


def endings(catalogue: Catalogue, on: str) -> list[Ending]:
    """Within the days of notice after `on`, `YYYY-MM-DD`, or before it.

    By the row that has the upstream id as a name: what was retired under its public name and repointed lives on.
    """
    until = fallbacks.end_of_notice(on)
    found = []
    for model in catalogue.models():
        row = catalogue.known(model.provider, model.upstream_id)
        if row is not None and fallbacks.has_ended(row, until):
            day = row.shutdown or ""
            successor = _successor(catalogue, model, max(day, on))
            found.append(Ending(model.provider, model.name, model.upstream_id, day, successor))
    return found


def _successor(catalogue: Catalogue, model: Model, on: str) -> str | None:
    for name in model.fallbacks:
        provider, _, other = name.partition("/")
        fallback = catalogue.known(provider, other)
        row = None if fallback is None else catalogue.known(provider, fallback.upstream_id)
        if fallback is not None and (row is None or not fallbacks.has_ended(row, on)):
            return name
    return None
