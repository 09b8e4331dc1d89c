"""The providers' lists of models, each in its provider's form: what our catalogue sends, at the prices it states.

A row whose day has come is listed no more.
"""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from openmind_llm.domain import fallbacks
from openmind_llm.domain.catalogue import Catalogue, Model
from openmind_llm.providers import table

CREATED = 1_764_000_000
USD_PER_TOKEN = 10**12
"""Micro-USD per million tokens of one dollar per token."""

type Row = dict[str, Any]


def answer(provider: str, path: str, on: str) -> Any:
    """What `GET /{provider}{path}` answers on a day, `YYYY-MM-DD`; None for a path that the provider does not have."""
    found = PATHS.get((provider, path), PATHS.get(("", path)))
    return None if found is None else found(provider, on)


def _openai(provider: str, on: str) -> Row:
    return {"object": "list", "data": [_plain(provider, name) for name, _ in _served(provider, on)]}


def _with_shutdown(provider: str, on: str) -> Row:
    rows = [_plain(provider, name) | {"shutdown_date": model.shutdown} for name, model in _served(provider, on)]
    return {"object": "list", "data": rows}


def _gemini(provider: str, on: str) -> Row:
    rows = [_plain("google", f"models/{name}") for name, _ in _served(provider, on)]
    return {"object": "list", "data": rows}


def _xai(provider: str, on: str) -> Row:
    """Of a model, its snapshots are aliases. Prices are in cents per 100 million tokens."""
    return {
        "models": [
            _plain(provider, model.upstream_id)
            | {"aliases": list(model.snapshots)}
            | _priced(model, on, XAI_PRICES, lambda price: price // 100)
            for name, model in _served(provider, on)
            if name == model.upstream_id
        ]
    }


def _openrouter(provider: str, on: str) -> Row:
    """NEAR AI has the same form."""
    rows = [
        _plain(provider, name) | {"pricing": _priced(model, on, PRICING, _decimal)}
        for name, model in _served(provider, on)
    ]
    return {"data": rows}


def _key(_: str, __: str) -> Row:
    return {"data": {"label": "sk-or-v1-simulated", "usage": 0, "limit": None}}


PATHS: Mapping[tuple[str, str], Callable[[str, str], Row]] = {
    ("", "/models"): _openai,
    ("openai", "/models"): _with_shutdown,
    ("gemini", "/models"): _gemini,
    ("xai", "/language-models"): _xai,
    ("nearai", "/models"): _openrouter,
    ("openrouter", "/models"): _openrouter,
    ("openrouter", "/key"): _key,
}
"""By provider and path; "" is every provider that has none of its own."""

XAI_PRICES = {
    "input": "prompt_text_token_price",
    "cached_input": "cached_prompt_text_token_price",
    "output": "completion_text_token_price",
}
PRICING = {
    "input": "prompt",
    "cached_input": "input_cache_read",
    "cache_write": "input_cache_write",
    "output": "completion",
}


def _served(provider: str, on: str) -> Iterator[tuple[str, Model]]:
    """Upstream ids and the row that is of that name; of several rows that send one id, the last stands for it."""
    catalogue = table.load()
    rows = {
        upstream_id: catalogue.known(provider, upstream_id) or model
        for model in catalogue.models(provider)
        for upstream_id in (model.upstream_id, *model.snapshots)
    }
    yield from ((name, model) for name, model in rows.items() if not _is_over(catalogue, model, on))


def _is_over(catalogue: Catalogue, model: Model, on: str) -> bool:
    row = catalogue.known(model.provider, model.upstream_id)
    return row is not None and fallbacks.has_ended(row, on)


def _plain(owner: str, name: str) -> Row:
    return {"id": name, "object": "model", "created": CREATED, "owned_by": owner}


def _priced(model: Model, on: str, names: Mapping[str, str], form: Callable[[int], Any]) -> Row:
    usd = model.price(on).usd
    return {theirs: form(usd[ours]) for ours, theirs in names.items() if usd.get(ours) is not None}


def _decimal(price: int) -> str:
    return f"{Decimal(price) / USD_PER_TOKEN:f}"
