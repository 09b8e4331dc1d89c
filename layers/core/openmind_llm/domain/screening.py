"""A request as the content filters of its account let it pass."""

from dataclasses import dataclass

from openmind_llm.domain import filters
from openmind_llm.domain.filters import Filters
from openmind_llm.domain.keys import Caller
from openmind_llm.domain.ledger.ledger import Ledger
from openmind_llm.domain.ledger.standing import Standing
from openmind_llm.domain.requests import ChatRequest
from openmind_llm.errors import GatewayError


@dataclass(frozen=True, slots=True)
class Screened:
    """`filters` are those that the request has passed, and that its answer has to pass."""

    request: ChatRequest
    filters: Filters
    is_redacted: bool

    @property
    def adjusted(self) -> tuple[str, ...]:
        """What was changed, in the words of `x-openmind-adjusted`."""
        return ("redacted",) if self.is_redacted else ()


def screened(ledger: Ledger, caller: Caller, request: ChatRequest) -> Screened:
    """Blocking. A refusal is made from a fresh look; whether what passes still holds is for the admission to tell.

    Raises ContentBlockedError, FiltersUnreadableError, AuthenticationError and LedgerUnavailableError.
    """
    try:
        return _passed(ledger.lately(caller), request)
    except GatewayError:
        return _passed(ledger.standing(caller), request)


def _passed(standing: Standing, request: ChatRequest) -> Screened:
    found = filters.of(standing.account)
    read = found.read(request)
    return Screened(read, found, is_redacted=read is not request)
