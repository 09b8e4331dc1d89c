"""What an owner sets of a key, and how that is read from the fields of a request."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, field, fields, replace
from datetime import UTC, datetime
from typing import Any

from openmind_llm import redaction
from openmind_llm.classes import dataclass
from openmind_llm.domain import money
from openmind_llm.domain.cache_control import MOST_AGE_S
from openmind_llm.domain.keys import KeyRecord
from openmind_llm.domain.plans import UNLIMITED, Limits
from openmind_llm.errors import InvalidRequestError

MAX_NAME = 100
MAX_COUNT = 10**9
MAX_ALLOWED = 100
"""Names in a list: all of them are read with the key, at every request."""

_MODEL_NAME = re.compile(r"[\x21-\x7e]{1,200}")


@dataclass(frozen=True, slots=True)
class KeySettings:
    """See KeyRecord. An empty name becomes the documented one."""

    name: str = ""
    expires_at: int | None = None
    allowed_models: frozenset[str] = frozenset()
    allowed_providers: frozenset[str] = frozenset()
    cache_max_age_s: int | None = None
    limits: Limits = field(default=UNLIMITED)

    @classmethod
    def read(cls, record: KeyRecord) -> "KeySettings":
        return cls(*(getattr(record, one.name) for one in fields(cls)))

    def of(self, record: KeyRecord) -> KeyRecord:
        return replace(
            record,
            name=self.name or record.name,
            expires_at=self.expires_at,
            allowed_models=self.allowed_models,
            allowed_providers=self.allowed_providers,
            cache_max_age_s=self.cache_max_age_s,
            limits=self.limits,
        )


def differences(before: KeyRecord, after: KeyRecord) -> dict[str, str]:
    """What was set, field by field, as text; empty for what was taken away."""
    old, new = (asdict(KeySettings.read(record)) for record in (before, after))
    old |= old.pop("limits")
    new |= new.pop("limits")
    return {name: _text(value) for name, value in new.items() if value != old[name]}


class KeyRules:
    """Reads settings from a request. `providers` are those that a key may be kept to; `now` gives Unix seconds."""

    def __init__(self, providers: Iterable[str], now: Callable[[], float]) -> None:
        self._providers = tuple(providers)
        self._now = now
        self._own: dict[str, tuple[str, Callable[[str, Any], Any]]] = {
            "name": ("name", _name),
            "expires_at": ("expires_at", self._moment),
            "allowed_models": ("allowed_models", models),
            "allowed_providers": ("allowed_providers", self._allowed_providers),
            "cache_max_age_seconds": ("cache_max_age_s", _cache_age),
        }

    def read(self, asked: Mapping[str, Any], settings: KeySettings) -> KeySettings:
        """`settings` with the fields that are asked for; null takes one away, but for the name.

        Raises InvalidRequestError with a text that names the field.
        """
        _refuse_unknown(asked, self._own.keys() | _LIMITS.keys())
        own, limits = (
            {to: _read(asked[name], name, check) for name, (to, check) in fields.items() if name in asked}
            for fields in (self._own, _LIMITS)
        )
        cleared = {"name": settings.name, "allowed_models": frozenset(), "allowed_providers": frozenset()}
        own = {name: cleared.get(name) if value is None else value for name, value in own.items()}
        changed = replace(settings, **own, limits=replace(settings.limits, **limits))
        if changed.limits.burst is not None and changed.limits.requests_per_second is None:
            raise InvalidRequestError("burst needs requests_per_second: set both, or neither")
        return changed

    def _moment(self, name: str, value: Any) -> int:
        """Seconds since the epoch; UTC where no zone is named. It must be a time of UTC, which is how it is shown."""
        try:
            moment = datetime.fromisoformat(value)
            moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
            seconds = int(moment.replace(microsecond=0).timestamp())
        except (TypeError, ValueError, OverflowError):
            text = f"{name} must be a time as in ISO 8601, such as 2027-01-31T12:00:00Z"
            raise InvalidRequestError(text) from None
        if seconds <= self._now():
            raise InvalidRequestError(f"{name} must be in the future")
        return seconds

    def _allowed_providers(self, name: str, value: Any) -> frozenset[str]:
        names = _texts(name, value)
        if not names <= set(self._providers):
            raise InvalidRequestError(f"{name} may hold {', '.join(self._providers)}")
        return names


def _read(value: Any, name: str, check: Callable[[str, Any], Any]) -> Any:
    return None if value is None else check(name, value)


def _refuse_unknown(asked: Mapping[str, Any], known: set[str]) -> None:
    unknown = sorted(asked.keys() - known)
    if unknown:
        raise InvalidRequestError(f"unknown field: {redaction.shown(unknown[0])}")


def _name(name: str, value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value.strip()) <= MAX_NAME or not value.isprintable():
        raise InvalidRequestError(f"{name} must be a text of 1 to {MAX_NAME} printable characters")
    return value.strip()


def models(name: str, value: Any) -> frozenset[str]:
    """Names of models, each with or without its provider. Raises InvalidRequestError."""
    names = _texts(name, value)
    if not all(_MODEL_NAME.fullmatch(one) for one in names):
        raise InvalidRequestError(f"{name} must hold names of models, with or without 'provider/' before them")
    return names


def _texts(name: str, value: Any) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value) or len(value) > MAX_ALLOWED:
        raise InvalidRequestError(f"{name} must be an array of at most {MAX_ALLOWED} strings")
    return frozenset(value)


def _count(name: str, value: Any) -> int:
    if type(value) is not int or not 1 <= value <= MAX_COUNT:
        raise InvalidRequestError(f"{name} must be an integer of at least 1")
    return value


def _cache_age(name: str, value: Any) -> int:
    if type(value) is not int or not 1 <= value <= MOST_AGE_S:
        raise InvalidRequestError(f"{name} must be an integer between 1 and {MOST_AGE_S}")
    return value


def _amount(name: str, value: Any) -> int:
    """Micro-OMCU, from OMCU as a number or as its text."""
    try:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise InvalidRequestError(f"{name} must be a number of OMCU")
        amount = money.micro(value)
    except ValueError as error:
        raise InvalidRequestError(f"{name}: {redaction.shown(str(error))}") from None
    if amount < 0:
        raise InvalidRequestError(f"{name} must not be negative")
    return amount


def _text(value: object) -> str:
    if isinstance(value, frozenset):
        return " ".join(sorted(value))
    return "" if value is None else str(value)


_LIMITS: dict[str, tuple[str, Callable[[str, Any], int]]] = {
    "requests_per_second": ("requests_per_second", _count),
    "burst": ("burst", _count),
    "tokens_per_minute": ("tokens_per_minute", _count),
    "concurrency": ("concurrency", _count),
    "day_budget_omcu": ("day_budget", _amount),
    "month_budget_omcu": ("month_budget", _amount),
}
"""Fields of a request, each with the limit that it sets."""
