"""Where one call goes, and how long it may take."""

from dataclasses import field

from openmind_llm.classes import dataclass
from openmind_llm.domain.catalogue import Route


@dataclass(frozen=True, slots=True)
class ProviderKey:
    """One of the operator's keys of a provider. `key_id` is no secret. `weight` is its share of the calls."""

    key_id: str
    secret: str = field(repr=False)
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Target:
    """A route, and the key to take it with."""

    route: Route
    key: ProviderKey


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds until the first event of a stream, and for the whole answer."""

    first_s: float
    total_s: float
