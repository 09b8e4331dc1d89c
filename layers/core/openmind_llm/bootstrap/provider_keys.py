"""Wires what an operator does with the keys of providers. No function loads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openmind_llm.bootstrap import catalogues, inspections
from openmind_llm.storage import clients
from openmind_llm.storage.key_secret import KeySecret

if TYPE_CHECKING:
    from collections.abc import Callable

    from openmind_llm.domain.catalogue import Provider
    from openmind_llm.settings import Settings


def secret(settings: Settings) -> KeySecret:
    """Raises ValueError where nothing says which it is."""
    if not settings.provider_keys_secret:
        raise ValueError("PROVIDER_KEYS_SECRET is not set")
    return KeySecret(clients.secretsmanager(settings), settings.provider_keys_secret)


def provider(settings: Settings, name: str) -> Provider:
    """Raises UnknownProviderError."""
    return catalogues.built(settings).provider(name)


def tried(settings: Settings) -> Callable[[Provider, str], bool]:
    """Whether a provider knows a key; see domain.listing."""
    return inspections.listings(settings).try_key
