"""A request as the content filters of its account let it pass."""

from dataclasses import replace

from openmind_llm.domain import filters
from openmind_llm.domain.aside import aside
from openmind_llm.domain.exchanges import Exchange
from openmind_llm.domain.ledger.ledger import Ledger
from openmind_llm.domain.ledger.standing import Standing
from openmind_llm.errors import GatewayError

REDACTED = "redacted"
"""What was changed, in the words of `x-openmind-adjusted`."""


async def passed(ledger: Ledger, exchange: Exchange) -> Exchange:
    """As `screened`. In a thread, unless it was seen lately that the account has no filters."""
    seen = ledger.seen(exchange.caller.key_id)
    if seen is not None and seen.account.filters is None:
        return _passed(seen, exchange)
    return await aside(screened, ledger, exchange)


def screened(ledger: Ledger, exchange: Exchange) -> Exchange:
    """Blocking. A refusal is made from a fresh look; whether what passes still holds is for the admission to tell.

    Raises ContentBlockedError, FiltersUnreadableError, AuthenticationError and LedgerUnavailableError.
    """
    try:
        return _passed(ledger.lately(exchange.caller), exchange)
    except GatewayError:
        return _passed(ledger.standing(exchange.caller), exchange)


def _passed(standing: Standing, exchange: Exchange) -> Exchange:
    found = filters.of(standing.account)
    request = found.read(exchange.request)
    adjusted = () if request is exchange.request else (REDACTED,)
    return replace(exchange, request=request, filters=found, adjusted=adjusted)
