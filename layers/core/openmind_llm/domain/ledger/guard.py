"""What an operator allows of an account and of its plan, asked of each request before anything is put aside.

A denied name means a model under each of its names: its public one and the aliases of that, the id at the provider,
with or without `provider/` or a vendor before them, in upper or lower case. It also means every variant of them that
the catalogue only knows by its prefix, such as a dated one. A `*` at the end of a name stands for any ending.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from openmind_llm.domain.filters.refusals import FiltersChangedError
from openmind_llm.errors import BodyTooLargeError, InvalidRequestError, ModelNotAllowedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openmind_llm.domain.catalogue import Route
    from openmind_llm.domain.ledger.admission import Ask
    from openmind_llm.domain.ledger.standing import Account, Standing
    from openmind_llm.domain.plans import Plan

_ENDS_A_NAME = re.compile(r"[^a-z0-9]")


def is_limited(standing: Standing) -> bool:
    """To some models, by the key or by the account."""
    key, account = standing.key, standing.account
    return bool(key.allowed_models or key.allowed_providers or account.allowed_models or account.denied_models)


def require_model(account: Account, route: Route) -> None:
    """Denied wins. Raises ModelNotAllowedError."""
    allowed, denied = account.allowed_models, account.denied_models
    is_allowed = not allowed or any(_means(one, name) for one in allowed for name in names(route))
    if not is_allowed or (denied and _is_denied(denied, route)):
        raise ModelNotAllowedError("This account may not use this model")


def require_fitting(account: Account, plan: Plan, ask: Ask) -> None:
    """Raises BodyTooLargeError, InvalidRequestError, and FiltersChangedError for what was read by other filters."""
    if plan.max_input_bytes is not None and ask.body_bytes > plan.max_input_bytes:
        raise BodyTooLargeError(
            f"The body has {ask.body_bytes} bytes: on the {plan.name} plan it must not be larger than "
            f"{plan.max_input_bytes} bytes"
        )
    if plan.max_input_tokens is not None and ask.input_estimate > plan.max_input_tokens:
        raise InvalidRequestError(
            f"The request has some {ask.input_estimate} input tokens: the {plan.name} plan allows "
            f"{plan.max_input_tokens}"
        )
    if ask.filters != account.filters:
        raise FiltersChangedError


def names(route: Route) -> frozenset[str]:
    """What a model is allowed by.

    A name that is only admitted by its prefix has another price than its family: it must be allowed by itself.
    """
    name = route.model.name if route.is_exact else route.upstream_id
    return frozenset({name, f"{route.provider.name}/{name}"})


def _is_denied(denied: frozenset[str], route: Route) -> bool:
    known = set(_all_names(route))
    variants = set() if route.is_exact else set(_with_qualifiers(route, route.upstream_id))
    return any(
        _means(one, name) or (name in variants and _is_variant(one, name))
        for one in map(str.casefold, denied)
        for name in known
    )


def _all_names(route: Route) -> Iterator[str]:
    for name in (route.model.name, *route.model.aliases, route.upstream_id):
        yield from _with_qualifiers(route, name)


def _with_qualifiers(route: Route, name: str) -> Iterator[str]:
    folded = name.casefold()
    yield folded
    yield f"{route.provider.name}/{folded}"
    yield folded.rpartition("/")[2]


def _means(wanted: str, name: str) -> bool:
    return name.startswith(wanted[:-1]) if wanted.endswith("*") else name == wanted


def _is_variant(wanted: str, name: str) -> bool:
    """`gpt-4o-mini-2024` is one of `gpt-4o-mini`, `gpt-4o` is none of `gpt-4`."""
    return name.startswith(wanted) and _ENDS_A_NAME.match(name, len(wanted)) is not None
