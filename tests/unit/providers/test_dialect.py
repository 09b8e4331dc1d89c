"""What a profile changes in a body, and that it changes nothing else."""

import copy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dev.simulator import quirks
from openmind_llm.domain.catalogue import Profile, Route
from openmind_llm.providers import dialect, table

CATALOGUE = table.load()
USER = {"role": "user", "content": "Hi"}
PLAIN = Profile(rename={}, drop=frozenset(), drop_empty={}, only={}, inject={}, drop_message_fields=frozenset())


def route(upstream_id: str = "m", **rules: Any) -> Route:
    """To a model whose profile has these rules and no other."""
    found = CATALOGUE.resolve("openai", "gpt-4o", "2026-11-23")
    return replace(found, upstream_id=upstream_id, model=replace(found.model, profile=replace(PLAIN, **rules)))


def adjust(rules: dict[str, Any], **fields: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The changed body without model and messages, and the changes."""
    body, changes = dialect.adjust({"model": "m", "messages": [USER]} | fields, route(**rules))
    return {name: value for name, value in body.items() if name not in {"model", "messages"}}, changes


def test_without_rules_nothing_changes() -> None:
    body = {"model": "m", "messages": [USER], "temperature": 1, "tools": []}

    assert dialect.adjust(body, route()) == (body, ())


def test_the_model_becomes_the_upstream_id() -> None:
    body, changes = dialect.adjust({"model": "m", "messages": [USER]}, route("Vendor/M-2"))

    assert (body["model"], changes) == ("Vendor/M-2", ("model=Vendor/M-2",))


RENAME: dict[str, Any] = {"rename": {"max_tokens": "max_completion_tokens"}}


@pytest.mark.parametrize(
    ("sent", "gone_on", "changes"),
    [
        ({"max_tokens": 5}, {"max_completion_tokens": 5}, ("max_tokens->max_completion_tokens",)),
        ({"max_completion_tokens": 5}, {"max_completion_tokens": 5}, ()),
        ({"max_tokens": 5, "max_completion_tokens": 7}, {"max_completion_tokens": 7}, ("-max_tokens",)),
        ({"max_tokens": None, "max_completion_tokens": 7}, {"max_completion_tokens": 7}, ("-max_tokens",)),
    ],
)
def test_a_field_gets_the_providers_name(
    sent: dict[str, Any], gone_on: dict[str, Any], changes: tuple[str, ...]
) -> None:
    assert adjust(RENAME, **sent) == (gone_on, changes)


def test_a_limit_is_not_lost_to_a_null_under_the_providers_name() -> None:
    """Null stands for absent."""
    assert adjust(RENAME, max_tokens=5, max_completion_tokens=None) == (
        {"max_completion_tokens": 5},
        ("max_tokens->max_completion_tokens",),
    )


@pytest.mark.parametrize("value", [0, None, "", [], {"a": "b"}])
def test_a_field_that_the_provider_refuses_is_dropped_whatever_it_holds(value: Any) -> None:
    assert adjust({"drop": frozenset({"seed"})}, seed=value, n=1) == ({"n": 1}, ("-seed",))


DROP_EMPTY: dict[str, Any] = {"drop_empty": {"tools": ("tool_choice", "parallel_tool_calls")}}


def test_an_empty_list_is_dropped_with_the_fields_that_hang_on_it() -> None:
    assert adjust(DROP_EMPTY, tools=[], tool_choice="auto", n=1) == ({"n": 1}, ("-tools", "-tool_choice"))


@pytest.mark.parametrize("fields", [{"tools": [{}], "tool_choice": "auto"}, {"tool_choice": "none"}, {"tools": None}])
def test_a_list_that_is_not_empty_or_not_there_is_left_alone(fields: dict[str, Any]) -> None:
    assert adjust(DROP_EMPTY, **fields) == (fields, ())


@pytest.mark.parametrize(("value", "is_kept"), [(1, True), (1.0, True), (0, False), (0.7, False)])
def test_a_field_is_kept_at_the_one_value_that_is_allowed(value: float, is_kept: bool) -> None:
    expected = ({"temperature": value}, ()) if is_kept else ({}, ("-temperature",))

    assert adjust({"only": {"temperature": 1}}, temperature=value) == expected


INJECT: dict[str, Any] = {"inject": {"reasoning_effort": "none"}}


@pytest.mark.parametrize("sent", [{}, {"reasoning_effort": None}])
def test_a_field_that_the_client_did_not_send_is_added(sent: dict[str, Any]) -> None:
    assert adjust(INJECT, **sent) == ({"reasoning_effort": "none"}, ("+reasoning_effort",))


def test_a_field_that_the_client_sent_is_not_replaced() -> None:
    assert adjust(INJECT, reasoning_effort="high") == ({"reasoning_effort": "high"}, ())


def test_a_field_is_dropped_from_messages_alone() -> None:
    messages = [{"role": "user", "content": "Hi", "name": "Ann"}, {"role": "assistant", "content": "Hi", "name": "Bob"}]
    rules = route(drop_message_fields=frozenset({"name"}))

    body, changes = dialect.adjust({"model": "m", "messages": messages, "name": "kept"}, rules)

    assert body["messages"] == [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hi"}]
    assert (body["name"], changes) == ("kept", ("-messages[].name",))


def test_the_header_tells_every_kind_of_change_in_order() -> None:
    rules = RENAME | DROP_EMPTY | INJECT | {"drop": frozenset({"stop"}), "only": {"temperature": 1}}
    body = {
        "model": "x",
        "messages": [USER | {"name": "Ann"}],
        "max_tokens": 5,
        "stop": "",
        "temperature": 0,
        "tools": [],
    }

    _, changes = dialect.adjust(body, route(drop_message_fields=frozenset({"name"}), **rules))

    assert ", ".join(changes) == (
        "model=m, max_tokens->max_completion_tokens, -stop, -temperature, -tools, -messages[].name, +reasoning_effort"
    )


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5)
routes = st.sampled_from([CATALOGUE.resolve(model.provider, model.name, "2026-11-23") for model in CATALOGUE.models()])
fields = [
    "temperature",
    "max_tokens",
    "max_completion_tokens",
    "tools",
    "tool_choice",
    "stop",
    "seed",
    "thinking",
    "user",
]
bodies = st.builds(
    lambda named, other: named | other | {"model": "sent", "messages": [USER | {"name": "Ann"}]},
    st.dictionaries(st.sampled_from(fields), values),
    st.dictionaries(st.text(), values, max_size=3),
)


def ruled(profile: Profile) -> set[str]:
    """Every field that some rule of a profile names."""
    dependents = {name for names in profile.drop_empty.values() for name in names}
    renamed = {*profile.rename, *profile.rename.values()}
    return {
        "model",
        "messages",
        *renamed,
        *profile.drop,
        *profile.drop_empty,
        *dependents,
        *profile.only,
        *profile.inject,
    }


@given(bodies, routes)
def test_what_no_rule_names_passes_unchanged(body: dict[str, Any], route: Route) -> None:
    names = ruled(route.model.profile)

    adjusted, _ = dialect.adjust(body, route)

    unruled = {name: value for name, value in body.items() if name not in names}
    assert {name: value for name, value in adjusted.items() if name not in names} == unruled


@given(bodies, routes)
def test_the_clients_body_is_left_alone(body: dict[str, Any], route: Route) -> None:
    before = copy.deepcopy(body)

    dialect.adjust(body, route)

    assert body == before


@given(bodies, routes)
def test_a_body_that_was_adjusted_needs_no_more(body: dict[str, Any], route: Route) -> None:
    adjusted, _ = dialect.adjust(body, route)

    assert dialect.adjust(adjusted, route) == (adjusted, ())


@pytest.mark.parametrize(
    "name", sorted((quirks.PROVIDERS["openai"].known_fields or frozenset()) - {"model", "messages", "stream"})
)
@pytest.mark.parametrize(("provider", "model"), [("gemini", "gemini-2.5-pro"), ("openai", "gpt-4o")])
def test_no_field_of_openais_api_is_one_that_a_strict_provider_does_not_know(
    provider: str, model: str, name: str
) -> None:
    body, _ = dialect.adjust(
        {"model": model, "messages": [], name: "x"}, CATALOGUE.resolve(provider, model, "2026-11-23")
    )

    assert body.keys() <= (quirks.PROVIDERS[provider].known_fields or frozenset())
