"""A small catalogue, and the routes of a request through it."""

from typing import Any

from openmind_llm.domain import fallbacks
from openmind_llm.domain.catalogue import Catalogue, Model, Price, Profile, Provider, Route
from openmind_llm.domain.fallbacks import Itinerary
from openmind_llm.domain.requests import ChatRequest

PLAIN = Profile(
    rename={}, drop=frozenset(), drop_empty={}, only={}, inject={}, drop_message_fields=frozenset()
)  # fmt: skip
TODAY = "2026-11-26"
ALL = {"vision": True, "tools": True, "structured_output": True, "reasoning": True}
HELLO: dict[str, Any] = {"messages": [{"role": "user", "content": "Hello!"}]}
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
WITH_IMAGE = {"messages": [{"role": "user", "content": [IMAGE]}]}
WITH_TOOLS = HELLO | {"tools": [{"type": "function", "function": {"name": "look"}}]}
WITH_SCHEMA = HELLO | {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {}}}}


def price(amount: int) -> Price:
    return Price("2026-01-01", {"input": amount, "output": amount}, {"input": amount, "output": amount}, "documented")


def row(name: str, provider: str = "acme", **changes: Any) -> Model:
    fields: dict[str, Any] = {
        "is_prefix": True,
        "aliases": (),
        "snapshots": (),
        "upstream_id": name,
        "profile": PLAIN,
        "context_window": 10_000,
        "max_output_tokens": None,
        "capabilities": ALL,
        "status": "active",
        "shutdown": None,
        "replacement": None,
        "prices": (price(1),),
        "ceiling": price(99),
    }
    return Model(provider=provider, name=name, **fields | changes)


def catalogue(*models: Model) -> Catalogue:
    return Catalogue(
        [Provider(name, name.title(), f"https://{name}.example/v1", ()) for name in ("acme", "other")], models
    )


BIG = row("big", fallbacks=("acme/small", "other/vendor/giant"))
SMALL = row("small", fallbacks=("acme/tiny",))
TINY = row("tiny")
GIANT = row("vendor/giant", "other")
SHOP = catalogue(BIG, SMALL, TINY, GIANT)
ENDED = row("big", status="deprecated", shutdown="2026-12-11", snapshots=("big-1",), fallbacks=("acme/small",))


def planned(
    shop: Catalogue,
    asked: str = "big",
    named: tuple[str, ...] | None = None,
    on: str = TODAY,
    body: dict[str, Any] = HELLO,
) -> Itinerary:
    return fallbacks.routes(shop, shop.resolve("acme", asked, on), named, on, ChatRequest(asked, body))


def in_order(itinerary: Itinerary) -> tuple[Route, ...]:
    return itinerary.order(one.route for one in itinerary.alternatives)


def tried(itinerary: Itinerary) -> list[str]:
    return [f"{route.provider.name}/{route.upstream_id}" for route in in_order(itinerary)]
