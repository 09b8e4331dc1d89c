"""Which routes a request has: the model it asked for, and those that answer where that one cannot.

A fallback comes from the request's own header, or from the catalogue's row of the model. What the catalogue names is
left out where it could not carry the request; what the request names is refused then. Fallbacks of fallbacks are not
followed.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from openmind_llm.classes import dataclass
from openmind_llm.domain.catalogue import MOST_FALLBACKS, Catalogue, Model, Route
from openmind_llm.domain.requests import ChatRequest
from openmind_llm.errors import InvalidRequestError

HEADER = "x-openmind-fallback"

MOST_ROUTES = 4
"""Of one request, the asked one included."""

NOTICE_DAYS = 30
"""How long before its shutdown a model's callers are warned."""

_NONE = "none"
"""As the header's value: no fallbacks at all."""

_NAMED = re.compile(r"[\x21-\x2b\x2d\x2e\x30-\x7e]+/[\x21-\x2b\x2d-\x7e]{1,200}")
"""`provider/model`; the provider ends at the first slash."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """A route that the request may take instead. `is_named`: by the request itself, and not by the catalogue."""

    route: Route
    is_named: bool


@dataclass(frozen=True, slots=True)
class Itinerary:
    """`is_gone`: the provider has switched the asked model off, and to ask it first costs every request a failed call.

    `warnings` are lines of ASCII with public names alone.
    """

    asked: Route
    alternatives: tuple[Alternative, ...]
    is_gone: bool
    warnings: tuple[str, ...]

    def order(self, others: Iterable[Route]) -> tuple[Route, ...]:
        """In which the asked route and these are to be tried."""
        return (*others, self.asked) if self.is_gone else (self.asked, *others)


@dataclass(frozen=True, slots=True)
class Needs:
    """What a request wants of its model: capabilities, fields that the provider must take, tokens of context."""

    capabilities: tuple[str, ...]
    fields: frozenset[str]
    tokens: int


def parse(header: str | None) -> tuple[str, ...] | None:
    """The names in `x-openmind-fallback`; () for `none`, None without the header. Raises InvalidRequestError."""
    if header is None:
        return None
    if header.strip() == _NONE:
        return ()
    names = tuple(name.strip() for name in header.split(","))
    if len(names) > MOST_FALLBACKS or not all(_NAMED.fullmatch(name) for name in names):
        raise InvalidRequestError(
            f"{HEADER} must be '{_NONE}', or at most {MOST_FALLBACKS} of the form provider/model, with commas between"
        )
    return names


def routes(
    catalogue: Catalogue, asked: Route, named: tuple[str, ...] | None, on: str, request: ChatRequest
) -> Itinerary:
    """Of a request, on a day, `YYYY-MM-DD` in UTC. `named` is what `parse` gave.

    What the request names goes before what the catalogue does. Raises InvalidRequestError, UnknownProviderError and
    UnknownModelError for what the request named.
    """
    offered = asked.model.fallbacks if asked.is_exact and named != () else ()
    found = _carrying(catalogue, named or (), offered, on, request) if named or offered else ()
    others = list(_distinct(asked, found))
    warnings = _warnings(catalogue, asked, others, on)
    others.sort(key=lambda one: _is_gone(catalogue, one.route, on))
    return Itinerary(asked, tuple(others[: MOST_ROUTES - 1]), _is_gone(catalogue, asked, on), warnings)


def _carrying(
    catalogue: Catalogue, named: tuple[str, ...], offered: tuple[str, ...], on: str, request: ChatRequest
) -> Iterator[Alternative]:
    """Raises as `routes`."""
    needs = _needs(request)
    for name in named:
        yield Alternative(_required(_resolved(catalogue, name, on), needs), is_named=True)
    for name in offered:
        route = _resolved(catalogue, name, on)
        if not _lack(route, needs):
            yield Alternative(route, is_named=False)


def _resolved(catalogue: Catalogue, name: str, on: str) -> Route:
    provider, _, model = name.partition("/")
    return catalogue.resolve(provider, model, on)


def _required(route: Route, needs: Needs) -> Route:
    """The route; raises InvalidRequestError."""
    lack = _lack(route, needs)
    if lack:
        raise InvalidRequestError(f"{HEADER}: {_public(route)} cannot carry this request: {lack}")
    return route


def _needs(request: ChatRequest) -> Needs:
    body, prompt = request.body, request.prompt
    form = body.get("response_format")
    wants = {
        "vision": prompt.images > 0,
        "tools": bool(body.get("tools")),
        "structured_output": isinstance(form, dict) and form.get("type") == "json_schema",
    }
    return Needs(tuple(name for name, is_wanted in wants.items() if is_wanted), frozenset(body), prompt.estimate)


def _lack(route: Route, needs: Needs) -> str:
    """What the route does not have of it, for the caller to read; "" if nothing."""
    model, provider = route.model, route.provider
    lacking = [name for name in needs.capabilities if not model.capabilities.get(name)]
    refused = needs.fields & (provider.refused_fields | provider.unpriced_fields)
    if lacking:
        return f"it lacks {', '.join(lacking)}"
    if refused:
        return f"{', '.join(sorted(refused))} is not supported there"
    if needs.tokens > model.context_window:
        return f"its context window is {model.context_window} tokens"
    return ""


def _distinct(asked: Route, found: Iterable[Alternative]) -> Iterator[Alternative]:
    """Without those that would ask a provider once more for the same model."""
    seen = {(asked.provider.name, asked.upstream_id)}
    for one in found:
        key = (one.route.provider.name, one.route.upstream_id)
        if key not in seen:
            seen.add(key)
            yield one


def _is_gone(catalogue: Catalogue, route: Route, on: str) -> bool:
    """By the row that has the upstream id as a name, which need not be the row that sends it."""
    row = catalogue.known(route.provider.name, route.upstream_id)
    return row is not None and has_ended(row, on)


def has_ended(row: Model, on: str) -> bool:
    """On a day, `YYYY-MM-DD`."""
    return row.status == "retired" or _has_come(row.shutdown, on)


def _warnings(catalogue: Catalogue, asked: Route, others: list[Alternative], on: str) -> tuple[str, ...]:
    """Of a name that is only admitted by its prefix nothing is known."""
    row, routes = asked.model, [asked, *(one.route for one in others)]
    if not asked.is_exact:
        return ()
    if has_ended(row, on):
        successor = _successor(catalogue, routes, on)
        since = f" on {row.shutdown}" if _has_come(row.shutdown, on) else ""
        return (f"{row.name} was retired{since}" + (f"; {successor} answers for it" if successor else ""),)
    if row.shutdown is not None and row.shutdown <= end_of_notice(on):
        successor = _successor(catalogue, routes, row.shutdown)
        then = f"; then {successor} answers for it" if successor else ""
        return (f"{row.name} will be shut down on {row.shutdown}{then}",)
    return ()


def _successor(catalogue: Catalogue, routes: list[Route], on: str) -> str:
    """Who answers on a day for the row of the first, which has ended by then; "" if none that is known."""
    asked = routes[0]
    first = next((route for route in routes if not _is_gone(catalogue, route, on)), None)
    if first is None:
        return ""
    if first is asked:
        return asked.upstream_id
    return first.model.name if first.provider is asked.provider else _public(first)


def _public(route: Route) -> str:
    return f"{route.provider.name}/{route.model.name}"


def _has_come(day: str | None, on: str) -> bool:
    return day is not None and day <= on


def end_of_notice(on: str) -> str:
    """The last day whose shutdowns are told on a day; both `YYYY-MM-DD`."""
    return (date.fromisoformat(on) + timedelta(days=NOTICE_DAYS)).isoformat()
