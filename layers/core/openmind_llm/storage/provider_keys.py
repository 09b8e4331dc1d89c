"""The operator's provider keys, in one secret.

A JSON object: `{"openai": "sk-…", "xai": ["xai-a", {"key": "xai-b", "weight": 3, "name": "team-b"}], …}`. Of several
keys, each gets its share of the calls by its weight, 1 without one. The name, a part of the key's hash without one,
tells keys apart in logs and metrics; it is no secret.

One secret and not six: $0.40 a month instead of $2.40, and one read at the first request instead of six.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from typing import TYPE_CHECKING, Any

from openmind_llm.domain.attempts.target import ProviderKey
from openmind_llm.storage.secrets import SecretUnreadableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from openmind_llm.storage.secrets import Secret

logger = logging.getLogger(__name__)

MAX_WEIGHT = 1000
_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")
_ID_LENGTH = 8
_HEADER_TEXT = re.compile(r"[\x20-\x7e]+")


class SecretProviderKeys:
    """See domain.ports.ProviderKeys. A key that cannot be one is left out, and the log says so."""

    def __init__(self, secret: Secret) -> None:
        self._secret = secret
        self._known: tuple[str, dict[str, Sequence[ProviderKey]]] = "", {}
        """What was read of a text, which is read once for each provider."""

    def is_at_hand(self) -> bool:
        return self._secret.is_at_hand()

    def all(self, provider: str) -> Sequence[ProviderKey]:
        try:
            text = self._secret.text()
        except SecretUnreadableError:
            logger.error("provider keys unreadable")
            return ()
        if text != self._known[0]:
            self._known = text, {}
        known = self._known[1]
        if provider not in known:
            known[provider] = usable(text, provider)
        return known[provider]


def usable(text: str, provider: str) -> Sequence[ProviderKey]:
    try:
        keys = json.loads(text)
    except ValueError:
        logger.error("provider keys unreadable")
        return ()
    told = keys.get(provider) if isinstance(keys, dict) else None
    return _distinct([key for one in listed(told) if (key := read(provider, one)) is not None])


def listed(told: Any) -> list[Any]:
    """What stands for "none" is not worth a line in the log: a secret may have a place for each provider."""
    if told is None or (isinstance(told, str) and not told.strip()):
        return []
    return told if isinstance(told, list) else [told]


def read(provider: str, told: Any) -> ProviderKey | None:
    """What stands for one key; None, and a line in the log, for what cannot be one."""
    row, secret = told if isinstance(told, dict) else {}, secret_of(told)
    weight, name = row.get("weight", 1), row.get("name")
    is_good = _HEADER_TEXT.fullmatch(secret) and type(weight) is int and 1 <= weight <= MAX_WEIGHT
    if not is_good or not (name is None or (isinstance(name, str) and _NAME.fullmatch(name))):
        logger.error("provider key unusable", extra={"provider": provider})
        return None
    return ProviderKey(name or short_hash(secret), secret, weight)


def secret_of(told: Any) -> str:
    """The key itself, of either form; empty where there is none."""
    secret = told.get("key") if isinstance(told, dict) else told
    return secret.strip() if isinstance(secret, str) else ""


def short_hash(text: str) -> str:
    """Tells a key apart that has no name."""
    return hashlib.sha256(text.encode()).hexdigest()[:_ID_LENGTH]


def _distinct(keys: list[ProviderKey]) -> Sequence[ProviderKey]:
    """Of two with one name, the first: what is known of one would be held against the other."""
    return tuple({key.key_id: key for key in reversed(keys)}.values())[::-1]
