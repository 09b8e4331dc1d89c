"""What a provider says of its own models: how its list is read, and what was read of it."""

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Protocol

from openmind_llm.classes import dataclass

if TYPE_CHECKING:
    from openmind_llm.domain.catalogue import Provider


@dataclass(frozen=True, slots=True)
class Listing:
    """How one provider's list is read. A field's name may lead into objects, as `pricing.prompt` does.

    `path` is appended to the base URL; `rows` is the field that holds the list; `names` are fields of a row with an id
    or a list of them, of which `prefix` is taken off. `prices` are fields by token class, each worth `micro_usd` per
    million tokens. `shutdown` is the field with the day on which a model ends. `key_path` is what answers a good key
    and refuses a bad one, "" where nothing that is free does.
    """

    path: str = "/models"
    rows: str = "data"
    names: tuple[str, ...] = ("id",)
    prefix: str = ""
    prices: Mapping[str, str] = field(default_factory=dict)
    micro_usd: int = 1
    shutdown: str = ""
    key_path: str = ""


@dataclass(frozen=True, slots=True)
class Listed:
    """One model as its provider states it. `prices` in micro-USD per million tokens, of the classes that have one."""

    names: tuple[str, ...]
    prices: Mapping[str, int]
    shutdown: str | None = None


@dataclass(frozen=True, slots=True)
class Unlisted:
    """Why a provider's list was not looked at, in our own words. `has_key`: it was asked, and that is to be noticed."""

    reason: str
    has_key: bool


type Told = tuple[Listed, ...] | Unlisted


class Listings(Protocol):
    """The way to the providers' lists. Asking costs nothing there. Blocking."""

    def all(self, providers: "Iterable[Provider]") -> Mapping[str, Told]:
        """By the provider's name; never raises for a provider's fault."""


class KeyRefusedError(ValueError):
    """The provider says that it does not know the key, or does not let it in."""


class KeyUntriedError(ValueError):
    """The provider could not be asked about the key."""
