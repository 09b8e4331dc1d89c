"""The catalogue against what a provider states of its models. Prices are in micro-USD per million tokens."""

from collections.abc import Iterable, Iterator, Mapping

from openmind_llm.classes import dataclass
from openmind_llm.domain import fallbacks, rates
from openmind_llm.domain.catalogue import Catalogue, Model
from openmind_llm.domain.listing import Listed


@dataclass(frozen=True, slots=True)
class Missing:
    """An upstream id that the provider no longer lists. `rows` are the public names whose requests it is sent for."""

    provider: str
    upstream_id: str
    rows: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.provider}/{self.upstream_id} is not listed; asked for by {', '.join(self.rows)}"


@dataclass(frozen=True, slots=True)
class Drift:
    """A price that the provider states and that is not the one by which its cost is reckoned here."""

    provider: str
    model: str
    token_class: str
    ours: int
    theirs: int

    @property
    def is_dearer(self) -> bool:
        """At the provider than here: each such token is paid for by the operator."""
        return self.theirs > self.ours

    def __str__(self) -> str:
        way = "dearer" if self.is_dearer else "cheaper"
        return f"{self.provider}/{self.model} {self.token_class}: ours {self.ours}, theirs {self.theirs} ({way})"


@dataclass(frozen=True, slots=True)
class ShutdownDrift:
    """A day on which the provider says that a model ends, and the catalogue does not."""

    provider: str
    model: str
    ours: str | None
    theirs: str

    def __str__(self) -> str:
        return f"{self.provider}/{self.model} ends: ours {self.ours or 'never'}, theirs {self.theirs}"


def missing(catalogue: Catalogue, provider: str, listed: Iterable[Listed], on: str) -> list[Missing]:
    """On a day, `YYYY-MM-DD`. What has ended by the catalogue is not expected to be listed."""
    known = {name for one in listed for name in one.names}
    return [
        Missing(provider, upstream_id, rows)
        for upstream_id, rows in _sent(catalogue, provider, on).items()
        if upstream_id not in known
    ]


def drifts(catalogue: Catalogue, provider: str, listed: Iterable[Listed], on: str) -> list[Drift]:
    """Of the classes that the provider prices. One without a price of its own here is compared as it is reckoned."""
    return [
        Drift(provider, model.name, token_class, ours, theirs)
        for model, one in _pairs(catalogue, provider, listed)
        for token_class, theirs in one.prices.items()
        if (ours := rates.usd(model.price(on).usd, token_class)) != theirs
    ]


def shutdown_drifts(catalogue: Catalogue, provider: str, listed: Iterable[Listed]) -> list[ShutdownDrift]:
    """Of the rows that are themselves what is sent: a row that was repointed has a shutdown of its own."""
    return [
        ShutdownDrift(provider, model.name, model.shutdown, one.shutdown)
        for model, one in _pairs(catalogue, provider, listed)
        if one.shutdown is not None and catalogue.known(provider, model.upstream_id) is model
        if model.shutdown != one.shutdown
    ]


def _sent(catalogue: Catalogue, provider: str, on: str) -> Mapping[str, tuple[str, ...]]:
    """What requests are sent with, and the names of the rows that send it."""
    found: dict[str, tuple[str, ...]] = {}
    for model in catalogue.models(provider):
        for upstream_id in (model.upstream_id, *model.snapshots):
            ending = catalogue.known(provider, upstream_id)
            if ending is None or not fallbacks.has_ended(ending, on):
                found[upstream_id] = (*found.get(upstream_id, ()), model.name)
    return found


def _pairs(catalogue: Catalogue, provider: str, listed: Iterable[Listed]) -> Iterator[tuple[Model, Listed]]:
    by_name = {name: one for one in listed for name in one.names}
    for model in catalogue.models(provider):
        if model.upstream_id in by_name:
            yield model, by_name[model.upstream_id]
