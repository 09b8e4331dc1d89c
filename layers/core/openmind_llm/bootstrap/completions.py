"""Wires the completions path: all that answers a completion, without FastAPI."""

import random
import time

from openmind_llm.api.asgi import App
from openmind_llm.api.completions import CompletionsEndpoint
from openmind_llm.api.cors import Cors
from openmind_llm.api.middleware import Alone, Door, Outermost, RequireKey
from openmind_llm.api.paths import CompletionsAlone
from openmind_llm.bootstrap import catalogues, credentials, health, telemetry
from openmind_llm.bootstrap.kept import Kept, with_ledger
from openmind_llm.domain.attempts.attempts import Attempts
from openmind_llm.domain.attempts.keyring import Keyring
from openmind_llm.domain.caching import Caching
from openmind_llm.domain.catalogues import Catalogues
from openmind_llm.domain.completions import Completions, Times
from openmind_llm.domain.ledger.ledger import Ledger
from openmind_llm.domain.ports import Logins
from openmind_llm.domain.repeats import Repeats
from openmind_llm.domain.replays import Replays
from openmind_llm.providers.client import HttpUpstream
from openmind_llm.providers.http import client as http
from openmind_llm.providers.streams import Clocks
from openmind_llm.settings import Settings
from openmind_llm.storage.provider_keys import SecretProviderKeys


def create(settings: Settings) -> App:
    """The completions path alone, as the stream function serves it: a request after the other.

    Raises OverrideError, PlanOverrideError.
    """
    ledger, kept = with_ledger(settings)
    known = catalogues.create(settings, kept.catalogue)
    return Alone(guarded(CompletionsAlone(endpoint(settings, known, ledger, kept)), settings, ledger))


def guarded(served: App, settings: Settings, ledger: Ledger, logins: Logins | None = None) -> App:
    """With what holds for every answer around it: an id, an error form, a key or a login."""
    user = None if logins is None else logins.user
    # What was seen lately lets in; only a fresh look keeps out.
    door = Door(credentials.authenticator(settings, ledger.seen_key, ledger.key), ledger.standing, user)
    answering = Outermost(RequireKey(served, door), time.time)
    return Cors(answering, settings.cors_allow_origin) if settings.cors_allow_origin else answering


def endpoint(settings: Settings, known: Catalogues, ledger: Ledger, kept: Kept) -> CompletionsEndpoint:
    keys = SecretProviderKeys(credentials.secret(settings, settings.provider_keys_secret))
    clocks = Clocks(settings.first_chunk_timeout_s, settings.idle_timeout_s, settings.upstream_timeout_s)
    # The hold lasts longer than any request can, settling it included.
    hold_s = round(settings.upstream_timeout_s + settings.settle_margin_s)
    times = Times(settings.drain_timeout_s, settings.upstream_timeout_s, hold_s)
    attempts = Attempts(
        keys, health.ways(settings, kept.health), Keyring(random.random), time.time, first_s=clocks.first_s
    )
    upstream, told = HttpUpstream(http.client(), clocks), telemetry.create(settings)
    completions = Completions(known, upstream, attempts, ledger, time.time, times, telemetry=told)
    replays = Replays(completions, ledger, times.total_s)
    repeats = Repeats(completions, ledger, replays, kept.answers, time.time)
    caching = Caching(completions, ledger, repeats, replays, kept.cache, time.time)
    return CompletionsEndpoint(caching, settings.max_body_bytes, settings.keep_alive_s)
