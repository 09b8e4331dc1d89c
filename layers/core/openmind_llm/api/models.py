"""The catalogue in OpenAI's list form, with what OpenAI does not tell beside it."""

from typing import Any

from openmind_llm.domain.catalogue import Model, Price

CREATED = 1_738_713_600
"""Seconds since the epoch. OpenAI's form wants one; the catalogue does not know when a provider made a model."""


def listing(models: tuple[Model, ...], on: str) -> dict[str, Any]:
    """With the prices of a day, `YYYY-MM-DD`."""
    return {"object": "list", "data": [_entry(model, model.price(on)) for model in models]}


def _entry(model: Model, price: Price) -> dict[str, Any]:
    return {
        "id": model.name,
        "object": "model",
        "created": CREATED,
        "owned_by": model.provider,
        "provider": model.provider,
        "upstream_id": model.upstream_id,
        "aliases": [*model.aliases, *model.snapshots],
        "status": model.status,
        "shutdown": model.shutdown,
        "replacement": model.replacement,
        "fallbacks": list(model.fallbacks),
        "context_window": model.context_window,
        "max_output_tokens": model.max_output_tokens,
        "capabilities": model.capabilities,
        "price": {
            "since": price.since,
            "omcu_per_million_tokens": price.omcu,
            "omcu_basis": price.omcu_basis,
            "micro_usd_per_million_tokens": price.usd,
        },
    }
