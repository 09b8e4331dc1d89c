"""Wires what checks a user's login. A module of its own: cryptography is loaded only where users log in."""

import time

from openmind_llm.domain.ports import Logins
from openmind_llm.identity.oidc import OidcLogins
from openmind_llm.settings import Settings


def create(settings: Settings) -> Logins:
    return OidcLogins(settings.oidc_issuer, settings.oidc_audience, time.time)
