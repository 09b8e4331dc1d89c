"""Wires the whole application, as every door but the authorizer serves it."""

import dataclasses
import time

from openmind_llm.api import app
from openmind_llm.api.asgi import App
from openmind_llm.api.completions import CompletionsEndpoint
from openmind_llm.api.middleware import Outermost, RequireKey
from openmind_llm.bootstrap import credentials
from openmind_llm.domain.catalogue import Catalogue
from openmind_llm.domain.completions import Completions
from openmind_llm.domain.ports import ProviderKeys
from openmind_llm.providers import client, table
from openmind_llm.providers.client import HttpUpstream
from openmind_llm.settings import Settings
from openmind_llm.storage.secrets import SecretProviderKeys


def create(settings: Settings, provider_keys: ProviderKeys | None = None) -> App:
    """`provider_keys` replaces Secrets Manager as the place of provider keys."""
    catalogue = _catalogue(settings)
    keys = provider_keys or SecretProviderKeys(credentials.secret(settings, settings.provider_keys_secret))
    upstream = HttpUpstream(keys, client.client(), settings.upstream_timeout_s)
    completions = CompletionsEndpoint(Completions(catalogue, upstream, time.time), settings.max_body_bytes)
    served = app.create(catalogue, completions)
    return Outermost(RequireKey(served, credentials.authenticator(settings)))


def _catalogue(settings: Settings) -> Catalogue:
    loaded = table.load(settings.model_overrides)
    providers = [
        dataclasses.replace(provider, base_url=settings.base_urls.get(provider.name, provider.base_url))
        for provider in loaded.providers()
    ]
    return Catalogue(providers, loaded.models())
