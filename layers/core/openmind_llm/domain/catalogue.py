"""Which providers and models exist, and what a request's model name stands for.

A name is *admitted* by prefix, as the contract says. Its upstream id and price are found by exact name only:
an admitted name that the catalogue does not know by heart is passed on as it is and priced at its family's ceiling.
"""

import re
from collections.abc import Iterable
from dataclasses import field
from functools import cached_property
from typing import Any

from openmind_llm import redaction
from openmind_llm.classes import dataclass
from openmind_llm.domain import rates
from openmind_llm.domain.listing import Listing
from openmind_llm.errors import UnknownModelError, UnknownProviderError

type Row = dict[str, Any]

MOST_FALLBACKS = 3
"""Of one row."""

_PLAIN_NAME = re.compile(r"[A-Za-z0-9._/-]+")


class OverrideError(ValueError):
    """The operator's changes to the catalogue cannot be read; the text says which and why."""


@dataclass(frozen=True, slots=True)
class ErrorRule:
    """How to read one provider's error where its status alone misleads: `means` is a key of the error table."""

    status: int
    contains: str
    means: str


@dataclass(frozen=True, slots=True)
class ReportedCost:
    """Where a provider tells what it charges: a field of its usage object, of which `per_usd` make a dollar."""

    field: str
    per_usd: int


@dataclass(frozen=True, slots=True)
class Provider:
    """One upstream. `/chat/completions` is appended to `base_url`.

    `asks_for_stream_usage`: a stream tells its usage only if `stream_options.include_usage` asks for it.
    `refused_fields`: would make the provider answer with another model than the one that was admitted and priced.
    `unpriced_fields`: would make it bill more than tokens, such as searches of the web, which no price here covers.
    """

    name: str
    title: str
    base_url: str
    error_rules: tuple[ErrorRule, ...]
    asks_for_stream_usage: bool = True
    refused_fields: frozenset[str] = frozenset()
    unpriced_fields: frozenset[str] = frozenset()
    reported_cost: ReportedCost | None = None
    listing: Listing = field(default_factory=Listing)


@dataclass(frozen=True, slots=True)
class Profile:
    """What must change in a body before a family of models accepts it.

    `rename` old to new field; `drop` always; `drop_empty` when an empty list, with the fields that hang on it;
    `only` keeps a field at this one value, else drops it; `inject` adds a field the client did not send.
    """

    rename: dict[str, str]
    drop: frozenset[str]
    drop_empty: dict[str, tuple[str, ...]]
    only: dict[str, Any]
    inject: Row
    drop_message_fields: frozenset[str]


@dataclass(frozen=True)
class Price:
    """A dated price. `usd` is in micro-USD, `omcu` in OMCU, each per million tokens, by token class.

    `usd` may have `tiers`, and None for a class without a price of its own. `omcu_basis`: `documented`, `derived` by
    the common rule, `as <model>`, or an operator's own word.
    """

    since: str
    usd: dict[str, Any]
    omcu: dict[str, int]
    omcu_basis: str

    @property
    def version(self) -> str:
        """What a ledger keeps to tell by which price it charged."""
        return self.since

    @cached_property
    def per_token(self) -> dict[str, int]:
        """Micro-OMCU, by token class: see domain.rates.omcu."""
        return rates.omcu(self.omcu, self.usd)

    @cached_property
    def dearest_input(self) -> int:
        """Micro-OMCU per token: nobody knows beforehand what will be written to a cache."""
        return max(self.per_token[name] for name in rates.INPUT_CLASSES)

    @cached_property
    def dearest_output(self) -> int:
        """Micro-OMCU per token."""
        return max(self.per_token[name] for name in rates.OUTPUT_CLASSES)


@dataclass(frozen=True, slots=True)
class ImageTokens:
    """No image counts for more input tokens than this, by its `detail`; `auto` may be high. A bound for holds.

    From what is published. None was checked against a provider's own count; for rows that state none it is a guess.
    """

    low: int = 1_800
    high: int = 1_800


@dataclass(frozen=True, slots=True)
class Model:
    """One row of the catalogue. `snapshots` are upstream ids that go through unchanged at this row's price.

    `prices` are sorted by their dates. `fallbacks` are exact names of other rows, `provider/model`: they are asked in
    their order where this one cannot answer.
    """

    provider: str
    name: str
    is_prefix: bool
    aliases: tuple[str, ...]
    snapshots: tuple[str, ...]
    upstream_id: str
    profile: Profile
    context_window: int
    max_output_tokens: int | None
    capabilities: dict[str, bool]
    status: str
    shutdown: str | None
    replacement: str | None
    prices: tuple[Price, ...]
    ceiling: Price | None
    image_tokens: ImageTokens = ImageTokens()
    fallbacks: tuple[str, ...] = ()

    def price(self, on: str) -> Price:
        """The newest price that has begun on a day, `YYYY-MM-DD`; the oldest if none has."""
        begun = [price for price in self.prices if price.since <= on]
        return begun[-1] if begun else self.prices[0]


@dataclass(frozen=True, slots=True)
class Route:
    """Where one request goes: the row, the id to send, and the price that holds for it."""

    provider: Provider
    model: Model
    upstream_id: str
    price: Price
    is_exact: bool

    @property
    def shown_id(self) -> str:
        """As it is told and stored: an id that is only admitted by its prefix is the client's text, maybe a key."""
        return self.upstream_id if self.is_exact else redaction.shown(self.upstream_id)

    @property
    def price_version(self) -> str:
        """As rows and quotes tell it: a name that is only admitted by its prefix costs its family's ceiling."""
        return self.price.version if self.is_exact else f"{self.price.version} ceiling"


class Catalogue:
    """All providers and models; built once, never changed. `version` is of what was set: see domain.catalogues."""

    def __init__(self, providers: Iterable[Provider], models: Iterable[Model], version: int = 0) -> None:
        self.version = version
        self._providers = {provider.name: provider for provider in providers}
        self._models: dict[str, list[Model]] = {name: [] for name in self._providers}
        for model in models:
            self._models[model.provider].append(model)
        self._by_name = {
            (model.provider, name): (model, upstream_id)
            for model in self.models()
            for name, upstream_id in _names(model)
        }

    def provider(self, name: str) -> Provider:
        """Raises UnknownProviderError."""
        try:
            return self._providers[name]
        except KeyError:
            raise UnknownProviderError(name) from None

    def providers(self) -> tuple[Provider, ...]:
        return tuple(self._providers.values())

    def models(self, provider: str | None = None) -> tuple[Model, ...]:
        names = self._models if provider is None else (self.provider(provider).name,)
        return tuple(model for name in names for model in self._models[name])

    def known(self, provider: str, name: str) -> Model | None:
        """The row that has this exact name, as its own, as an alias or as a snapshot."""
        found = self._by_name.get((provider, name))
        return found[0] if found else None

    def resolve(self, provider_name: str, model_name: str, on: str) -> Route:
        """With the price of a day, `YYYY-MM-DD` in UTC. Raises UnknownProviderError and UnknownModelError."""
        provider = self.provider(provider_name)
        known = self._by_name.get((provider_name, model_name))
        if known is not None:
            model, upstream_id = known
            return Route(provider, model, upstream_id, model.price(on), is_exact=True)
        family = self._family(provider_name, model_name)
        if family is None or family.ceiling is None:
            raise UnknownModelError(model_name, provider_name, self.prefixes(provider_name))
        return Route(provider, family, model_name, family.ceiling, is_exact=False)

    def prefixes(self, provider: str) -> tuple[str, ...]:
        return tuple(model.name for model in self.models(provider) if model.is_prefix)

    def _family(self, provider: str, name: str) -> Model | None:
        """The row with the longest prefix of `name`. Options of a router (`:online`, `@preset`) make it no name."""
        if not _PLAIN_NAME.fullmatch(name):
            return None
        rows = [m for m in self.models(provider) if m.is_prefix and name.startswith(m.name)]
        return max(rows, key=lambda row: len(row.name), default=None)


def _names(model: Model) -> Iterable[tuple[str, str]]:
    """Every exact name of a row, each with the upstream id it stands for."""
    for name in (model.name, *model.aliases):
        yield name, model.upstream_id
    for name in model.snapshots:
        yield name, name
