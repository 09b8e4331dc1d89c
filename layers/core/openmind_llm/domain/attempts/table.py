"""What a provider's failure means, and what is done about it: the one table of what is tried again and what never is.

A stream that fails before its first event has failed like a whole answer. After its first event nothing is tried
again: the caller has begun to read.
"""

from openmind_llm.classes import dataclass
from openmind_llm.errors import ProviderUnavailableError


@dataclass(frozen=True, slots=True)
class Rule:
    """After a failure of this kind.

    `again`: the same route may be tried once more, after a pause. `other_key`: another key of the provider may be tried
    at once. `elsewhere`: a fallback may be tried. `is_counted`: it speaks against the provider's health.
    `set_aside_s`: seconds for which the key is not used.
    """

    again: bool = False
    other_key: bool = False
    elsewhere: bool = True
    is_counted: bool = False
    set_aside_s: int = 0


RULES: dict[str, Rule] = {
    "input": Rule(elsewhere=False),
    "provider_key": Rule(other_key=True, set_aside_s=300),
    "provider_credit": Rule(other_key=True, set_aside_s=300),
    "forbidden": Rule(other_key=True),
    "too_dear": Rule(other_key=True),
    "model": Rule(),
    "rate": Rule(again=True, other_key=True),
    "passing": Rule(again=True),
    "outage": Rule(again=True, is_counted=True),
    "unreachable": Rule(again=True, is_counted=True),
    "broken": Rule(again=True, is_counted=True),
    "timeout": Rule(is_counted=True),
    "too_large": Rule(elsewhere=False),
    "unconfigured": Rule(),
    "refused": Rule(),
}
"""
- `input`: the request is at fault. Of the model that was asked for, that is the answer; a fallback's own refusal only
  ends the fallback.
- `provider_key`, `provider_credit`: the key is refused, or nobody pays for it.
- `forbidden`, `too_dear`: this request with this key. Providers say so of what one caller sends, such as an input that
  their safety checks refuse, or a cap beyond what is left of the credit: other callers must not lose the key for it.
- `model`: the provider does not know it.
- `rate`: the provider asks for patience.
- `passing`: 408, 409 and 425, which heal by themselves and tell nothing of the provider's health.
- `outage`: an error of the provider's own.
- `unreachable`: no connection, so nothing was sent.
- `broken`: the connection broke, or what came is no answer.
- `timeout`: nothing came in time. The same provider is not asked again: it may be at work on the first call.
- `too_large`: more came than is ever taken. It was made and billed, and would come again: by one request, four answers.
- `unconfigured`: there is no key.
- `refused`: any other status below 500.
"""

STATUSES: dict[int, str] = {
    400: "input",
    401: "provider_key",
    402: "provider_credit",
    403: "forbidden",
    404: "model",
    408: "passing",
    409: "passing",
    413: "input",
    422: "input",
    425: "passing",
    429: "rate",
}
"""What a status means where the provider's own rules say nothing else."""

_MAY_HAVE_COST = ("broken", "timeout", "too_large")

_SERVER_ERRORS = range(500, 600)
_NOT_IMPLEMENTED = (501, 505)


def meaning(status: int) -> str:
    """Of an error status."""
    if status in STATUSES:
        return STATUSES[status]
    is_outage = status in _SERVER_ERRORS and status not in _NOT_IMPLEMENTED
    return "outage" if is_outage else "refused"


def unavailable(
    provider: str, means: str, told_wait_s: int | None = None, *, was_sent: bool = True
) -> ProviderUnavailableError:
    """Of a failure without a text of its own. What was not even begun to be sent has cost nothing."""
    is_costly = was_sent and means in _MAY_HAVE_COST
    error = ProviderUnavailableError(provider, retry_after_s=told_wait_s or 1, may_have_cost=is_costly)
    error.means, error.told_wait_s = means, told_wait_s
    error.may_retry = error.may_retry and means != "refused"
    return error


def rule(means: str) -> Rule:
    """An error that says nothing of itself is never tried again."""
    return RULES.get(means, RULES["input"])
