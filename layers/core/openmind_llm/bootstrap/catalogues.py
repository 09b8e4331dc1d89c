"""Wires what knows the catalogue: packaged rows, below the stack's parameter, below what operators have set."""

import dataclasses
import time
from collections.abc import Callable
from functools import partial

from openmind_llm.bootstrap import signals
from openmind_llm.domain.catalogue import Catalogue, OverrideError
from openmind_llm.domain.catalogues import StoredCatalogues, VersionStore
from openmind_llm.providers import table
from openmind_llm.settings import Settings


def create(settings: Settings, store: VersionStore, now: Callable[[], float] = time.time) -> StoredCatalogues:
    """Reads nothing yet of what was set. Raises OverrideError for the parameter."""
    base, build, told = built(settings), partial(built, settings), signals.create(settings)
    return StoredCatalogues(base, build, store, told, now, settings.catalogue_max_age_s)


def in_force(settings: Settings, store: VersionStore) -> Catalogue:
    """Read anew, for who serves nobody. Raises LedgerUnavailableError, and OverrideError for what was set amiss."""
    version = store.newest()
    rows = store.rows(version) if version else ""
    if rows is None:
        raise OverrideError(f"version {version} of what was set is not there")
    return built(settings, rows, version)


def built(settings: Settings, stored: str = "", version: int = 0) -> Catalogue:
    """Raises OverrideError."""
    loaded = table.load(settings.model_overrides, stored, version=version)
    providers = [
        dataclasses.replace(provider, base_url=settings.base_urls.get(provider.name, provider.base_url))
        for provider in loaded.providers()
    ]
    return Catalogue(providers, loaded.models(), version)
