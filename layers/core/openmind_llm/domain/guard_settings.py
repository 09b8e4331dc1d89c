"""What an operator sets of an account beside its plan, and how that is read from fields."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any

from openmind_llm.classes import dataclass
from openmind_llm.domain import filters, key_settings
from openmind_llm.domain.filters import rules
from openmind_llm.domain.filters.refusals import FiltersUnreadableError
from openmind_llm.domain.ledger.standing import Account
from openmind_llm.domain.ports import Plain
from openmind_llm.errors import InvalidRequestError

UNREADABLE = "unreadable: every request is refused"


@dataclass(frozen=True, slots=True)
class GuardSettings:
    """See Account."""

    allowed_models: frozenset[str] = frozenset()
    denied_models: frozenset[str] = frozenset()
    filters: str | None = None
    logs_content: bool = False

    @classmethod
    def read(cls, account: Account) -> "GuardSettings":
        return cls(*(getattr(account, one.name) for one in fields(cls)))

    @property
    def values(self) -> dict[str, Plain]:
        return {one.name: getattr(self, one.name) for one in fields(self)}

    @property
    def texts(self) -> dict[str, str]:
        """As they are shown; empty where there are none."""
        return {
            "allowed_models": " ".join(sorted(self.allowed_models)),
            "denied_models": " ".join(sorted(self.denied_models)),
            "filters": _told(self),
            "logs_content": "on" if self.logs_content else "off",
        }


def changed(settings: GuardSettings, asked: Mapping[str, Any]) -> GuardSettings:
    """With the fields that are asked for; None takes one away.

    Raises InvalidRequestError, and FilterError for rules that are none.
    """
    plain = GuardSettings()
    new = {name: getattr(plain, name) if value is None else _CHECKS[name](name, value) for name, value in asked.items()}
    return replace(settings, **new)


def differences(before: GuardSettings, after: GuardSettings) -> dict[str, str]:
    """What was set, field by field, as text; empty for what was taken away.

    Of filters the names of the rules: a pattern may tell what is to stay secret.
    """
    return {name: after.texts[name] for name, value in after.values.items() if value != before.values[name]}


def _told(settings: GuardSettings) -> str:
    try:
        found = filters.of(Account("", "", 0, filters=settings.filters))
    except FiltersUnreadableError:
        return UNREADABLE
    told = (one.rule for one in found.searches)
    return ", ".join(f"{rule.name} ({rule.action} {rule.on})" for rule in told)


def _models(name: str, value: Any) -> frozenset[str]:
    names = key_settings.models(name, value)
    if any("*" in one[:-1] for one in names):
        raise InvalidRequestError(f"{name} takes a * only at the end of a name")
    return names


def _filters(_: str, value: Any) -> str | None:
    return rules.dumps(rules.read(value)) if value != [] else None


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "allowed_models": _models,
    "denied_models": _models,
    "filters": _filters,
    "logs_content": lambda _, value: bool(value),
}
