"""What an account may do each second, minute, day and month, by its plan."""

from collections.abc import Iterable

from openmind_llm.classes import dataclass


class UnknownPlanError(ValueError):
    """No plan has this name; the text says which there are."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one account; None is no limit. Budgets are in micro-OMCU.

    `burst`: requests at once after a pause, of which `requests_per_second` come back. The month is the calendar's.
    """

    requests_per_second: int | None = None
    burst: int | None = None
    tokens_per_minute: int | None = None
    concurrency: int | None = None
    day_budget: int | None = None
    month_budget: int | None = None


UNLIMITED = Limits()


@dataclass(frozen=True, slots=True)
class Plan:
    """`monthly_credit` is in micro-OMCU; `max_keys` None is any number of keys.

    `is_offered`: shown to who looks for a plan. `output_tokens`: the most that a request gets that names no bound.
    `timeout_s`: of a whole request that names none; None is as long as the function may run. `max_attempts`: calls to
    providers for one request, retries and fallbacks included. `max_input_bytes`, `max_input_tokens`: None is no limit.
    """

    name: str
    title: str
    is_offered: bool
    monthly_credit: int
    max_keys: int | None
    output_tokens: int
    limits: Limits
    timeout_s: int | None = None
    max_attempts: int = 4
    max_input_bytes: int | None = None
    max_input_tokens: int | None = None


class Plans:
    """All plans, in the order in which they are shown; built once, never changed."""

    def __init__(self, plans: Iterable[Plan]) -> None:
        self._plans = {plan.name: plan for plan in plans}

    def get(self, name: str) -> Plan:
        """Raises UnknownPlanError."""
        try:
            return self._plans[name]
        except KeyError:
            raise UnknownPlanError(f"there is no plan '{name}'; there are {', '.join(self._plans)}") from None

    def all(self) -> tuple[Plan, ...]:
        return tuple(self._plans.values())
