"""A request that was read and checked: where it may go, and what it wants put aside."""

from openmind_llm.classes import dataclass
from openmind_llm.domain import fallbacks, requests, utc
from openmind_llm.domain.catalogue import Catalogue, Route
from openmind_llm.domain.fallbacks import Itinerary
from openmind_llm.domain.filters import NONE, Filters
from openmind_llm.domain.keys import Caller
from openmind_llm.domain.ledger.admission import Ask, Fallback
from openmind_llm.domain.recording import Recorder
from openmind_llm.domain.requests import ChatRequest
from openmind_llm.domain.telemetry import Content
from openmind_llm.domain.usage import Prompt
from openmind_llm.errors import InvalidRequestError


@dataclass(frozen=True, slots=True)
class Exchange:
    """A checked request on its way to its model. `started` is in seconds since the epoch.

    With a recorder, the answer is kept. `timeout_s` is what the request names, `body_bytes` the length of its body as
    it came in. `filters` are those that it has passed, `adjusted` tells what they changed in it (domain.screening).
    """

    caller: Caller
    request_id: str
    started: float
    request: ChatRequest
    itinerary: Itinerary
    recorder: Recorder | None = None
    timeout_s: float | None = None
    body_bytes: int = 0
    filters: Filters = NONE
    adjusted: tuple[str, ...] = ()

    @property
    def content(self) -> Content:
        """Without an answer yet."""
        return Content(self.request_id, self.caller.account_id, self.request.body["messages"], "")

    @property
    def route(self) -> Route:
        """The one that was asked for."""
        return self.itinerary.asked


def routed(catalogue: Catalogue, provider: str, raw: bytes, now_s: float) -> tuple[ChatRequest, Route]:
    """The checked body and where it goes. Raises UnknownProviderError, InvalidRequestError and UnknownModelError."""
    catalogue.provider(provider)
    request = requests.parse(raw)
    route = catalogue.resolve(provider, request.model, utc.day(now_s))
    for field in route.provider.refused_fields & request.body.keys():
        raise InvalidRequestError(f"{field} is not supported: name one model")
    for field in route.provider.unpriced_fields & request.body.keys():
        raise InvalidRequestError(f"{field} is not supported: only tokens are priced")
    if requests.asks_for_server_tools(request.body):
        raise InvalidRequestError("tools[].type must be function or custom: only tokens are priced")
    return request, route


def itinerary(
    catalogue: Catalogue, request: ChatRequest, asked: Route, fallback: str | None, now_s: float
) -> Itinerary:
    """`fallback` is the value of the header of domain.fallbacks. Raises what its `parse` and `routes` raise."""
    named = fallbacks.parse(fallback)
    return fallbacks.routes(catalogue, asked, named, utc.day(now_s), request)


def asks(exchange: Exchange, hold_s: int) -> Ask:
    """What the exchange wants put aside, for `hold_s` seconds at most."""
    request, route = exchange.request, exchange.route
    prompt, recorder = request.prompt, exchange.recorder
    bound = _bound(prompt, route)
    covered = [Fallback(one.route, _bound(prompt, one.route), one.is_named) for one in exchange.itinerary.alternatives]
    return Ask(
        request_id=exchange.request_id,
        started_ms=int(exchange.started * 1000),
        hold_s=hold_s,
        route=route,
        is_stream=request.is_stream,
        input_bound=bound,
        input_estimate=min(prompt.estimate, bound),
        asked_output=request.asked_output,
        choices=request.choices,
        idempotency=recorder.record_id if recorder else "",
        body_hash=recorder.body_hash if recorder else "",
        fallbacks=tuple(covered),
        body_bytes=exchange.body_bytes,
        filters=exchange.filters.text,
    )


def _bound(prompt: Prompt, route: Route) -> int:
    return prompt.bound(route.model.image_tokens, route.model.context_window)
