"""The public keys of an issuer, found by OIDC discovery and asked for rarely."""

import logging
import math
import threading
from collections.abc import Callable, Mapping
from typing import Any

from openmind_llm.errors import IdentityUnavailableError
from openmind_llm.identity.fetching import UnreadableError

logger = logging.getLogger(__name__)

type Jwk = Mapping[str, Any]
type Fetch = Callable[[str], Mapping[str, Any]]

MAX_AGE_S = 3600
RETRY_S = 30
"""Seconds between two fetches: neither a flood of bad tokens nor an outage makes more of them."""

FIRST_RETRY_S = 1
"""The same as long as nothing was ever fetched, and so nobody can log in."""


class KeySet:
    """What was fetched once serves on while the issuer is down. `now` is in seconds."""

    def __init__(self, issuer: str, now: Callable[[], float], fetch: Fetch) -> None:
        self._issuer = issuer
        self._now = now
        self._fetch = fetch
        self._keys: tuple[Jwk, ...] | None = None
        self._fetched_at = self._asked_at = -math.inf
        self._lock = threading.Lock()

    def named(self, kid: str | None) -> list[Jwk]:
        """The keys that may have signed a token with this `kid`. Raises IdentityUnavailableError."""
        known = self._known(kid)
        if known and self._now() - self._fetched_at < MAX_AGE_S:
            return known
        if self._lock.acquire(blocking=not known):  # an old key serves on while another asks, a new one is waited for
            try:
                self._ask_if_due()
            finally:
                self._lock.release()
        if self._keys is None:
            raise IdentityUnavailableError
        return self._known(kid)

    def _known(self, kid: str | None) -> list[Jwk]:
        """A token may go without a `kid` if its issuer has a single key."""
        keys = self._keys or ()
        if kid is None:
            return list(keys) if len(keys) == 1 else []
        return [key for key in keys if key.get("kid") == kid]

    def _ask_if_due(self) -> None:
        if self._now() - self._asked_at < (FIRST_RETRY_S if self._keys is None else RETRY_S):
            return
        try:
            self._keys = self._fetched()
            self._fetched_at = self._now()
        except UnreadableError as error:
            logger.warning("issuer of logins unreadable", extra={"issuer": self._issuer, "cause": str(error)})
        finally:
            self._asked_at = self._now()  # after the wait: who stood in line does not wait once more

    def _fetched(self) -> tuple[Jwk, ...]:
        described = self._fetch(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        if described.get("issuer") != self._issuer:
            raise UnreadableError("it calls itself otherwise")
        keys = self._fetch(str(described.get("jwks_uri"))).get("keys")
        if not isinstance(keys, list):
            raise UnreadableError("its key set has no list of keys")
        return tuple(key for key in keys if isinstance(key, dict))
