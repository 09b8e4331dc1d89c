"""Whether a fallback can carry a request."""

from dataclasses import replace
from typing import Any

import pytest

from openmind_llm.domain.catalogue import Catalogue
from openmind_llm.errors import InvalidRequestError
from tests.unit.domain.routing import (
    ALL,
    BIG,
    GIANT,
    HELLO,
    SHOP,
    SMALL,
    WITH_IMAGE,
    WITH_SCHEMA,
    WITH_TOOLS,
    catalogue,
    planned,
    row,
    tried,
)


@pytest.mark.parametrize(
    ("body", "lacking"),
    [(WITH_IMAGE, "vision"), (WITH_TOOLS, "tools"), (WITH_SCHEMA, "structured_output")],
)
def test_a_fallback_without_a_capability_is_left_out_or_if_named_refused(body: dict[str, Any], lacking: str) -> None:
    shop = catalogue(BIG, row("small", capabilities=ALL | {lacking: False}), GIANT)

    assert tried(planned(shop, body=body)) == ["acme/big", "other/vendor/giant"]
    with pytest.raises(InvalidRequestError) as refused:
        planned(shop, named=("acme/small",), body=body)
    assert refused.value.message == f"x-openmind-fallback: acme/small cannot carry this request: it lacks {lacking}"


@pytest.mark.parametrize(
    "body",
    [HELLO, HELLO | {"tools": []}, HELLO | {"response_format": {"type": "json_object"}}, HELLO | {"tools": None}],
)
def test_what_a_request_does_not_want_its_fallback_need_not_have(body: dict[str, Any]) -> None:
    bare = catalogue(row("big", fallbacks=("acme/small",)), row("small", capabilities={}))

    assert tried(planned(bare, body=body)) == ["acme/big", "acme/small"]


def test_the_asked_model_is_not_judged() -> None:
    blind = catalogue(row("big", capabilities={}, fallbacks=("acme/small",)), SMALL)

    assert tried(planned(blind, body=WITH_IMAGE)) == ["acme/big", "acme/small"]


@pytest.mark.parametrize("kind", ["refused_fields", "unpriced_fields"])
def test_a_fallback_whose_provider_does_not_take_a_field_is_left_out_or_if_named_refused(kind: str) -> None:
    taken: dict[str, Any] = {kind: frozenset({"plugins"})}
    shop = Catalogue([SHOP.provider("acme"), replace(SHOP.provider("other"), **taken)], SHOP.models())
    body = HELLO | {"plugins": []}

    assert tried(planned(shop, body=body)) == ["acme/big", "acme/small"]
    with pytest.raises(InvalidRequestError, match="other/vendor/giant cannot carry this request: plugins is not"):
        planned(shop, named=("other/vendor/giant",), body=body)


def test_a_fallback_is_left_out_or_if_named_refused_where_the_prompt_is_longer_than_its_context() -> None:
    shop = catalogue(BIG, row("small", context_window=10), GIANT)
    body = {"messages": [{"role": "user", "content": "x" * 300}]}

    assert tried(planned(shop, body=body)) == ["acme/big", "other/vendor/giant"]
    with pytest.raises(
        InvalidRequestError, match="acme/small cannot carry this request: its context window is 10 tokens"
    ):
        planned(shop, named=("acme/small",), body=body)


def test_a_prompt_may_fill_the_context_of_a_fallback() -> None:
    both = row("big", fallbacks=("acme/exact", "acme/short"))
    shop = catalogue(both, row("exact", context_window=14), row("short", context_window=13))

    assert tried(planned(shop, body={"messages": [{"role": "user"}]})) == ["acme/big", "acme/exact"]


def test_a_refusal_does_not_repeat_what_the_client_wrote() -> None:
    shop = catalogue(BIG, SMALL, row("vendor/giant", "other", capabilities={}))

    with pytest.raises(InvalidRequestError) as refused:
        planned(shop, named=("other/vendor/giant-sk-secret",), body=WITH_TOOLS)

    assert refused.value.message == "x-openmind-fallback: other/vendor/giant cannot carry this request: it lacks tools"
