"""The use case: what a completion would cost at most, and whether it would be admitted, without sending it."""

from collections.abc import Callable

from openmind_llm.classes import dataclass
from openmind_llm.domain import exchanges, metering, screening
from openmind_llm.domain.catalogue import Route
from openmind_llm.domain.catalogues import Catalogues
from openmind_llm.domain.exchanges import Exchange
from openmind_llm.domain.keys import Caller
from openmind_llm.domain.ledger.admission import Ask
from openmind_llm.domain.ledger.ledger import Ledger
from openmind_llm.domain.ledger.quoting import Quoted
from openmind_llm.domain.ports import Adjust
from openmind_llm.domain.requests import ChatRequest


@dataclass(frozen=True, slots=True)
class Quote:
    """`adjusted`: what would be changed in the body, as `x-openmind-adjusted` tells it."""

    route: Route
    ask: Ask
    quoted: Quoted
    adjusted: tuple[str, ...]


class Quotes:
    """`now` gives seconds since the epoch. Blocking."""

    def __init__(self, known: Catalogues, ledger: Ledger, adjust: Adjust, now: Callable[[], float]) -> None:
        self._known = known
        self._ledger = ledger
        self._adjust = adjust
        self._now = now

    def get(self, caller: Caller, provider: str, raw: bytes, request_id: str, fallback: str | None = None) -> Quote:
        """Raises what a completion does for its body and its model; what speaks against its admission is told.

        Of the catalogue it raises what Catalogues.now does. `fallback` is the value of the header of domain.fallbacks.
        """
        started, catalogue = self._now(), self._known.now()
        request, route = exchanges.routed(catalogue, provider, raw, started)
        itinerary = exchanges.itinerary(catalogue, request, route, fallback, started)
        exchange = Exchange(caller, request_id, started, request, itinerary, body_bytes=len(raw))
        exchange = screening.screened(self._ledger, exchange)
        ask = exchanges.asks(exchange, hold_s=0)
        quoted = self._ledger.quote(caller, ask)
        return Quote(route, ask, quoted, (*exchange.adjusted, *self._adjusted(exchange.request, route, quoted)))

    def _adjusted(self, request: ChatRequest, route: Route, quoted: Quoted) -> tuple[str, ...]:
        _, changes = self._adjust(request.capped(quoted.output_cap).body, route)
        return (*metering.capping(request.asked_output), *changes)
