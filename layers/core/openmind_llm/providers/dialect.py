"""Turns the client's body into one that the provider accepts, by the model's profile, and tells every change."""

from typing import Any

from openmind_llm.domain.catalogue import Profile, Route

type Body = dict[str, Any]


def adjust(body: Body, route: Route) -> tuple[Body, tuple[str, ...]]:
    """The body to send and the list of changes; `body` itself is left alone.

    Changes read `model=<upstream id>`, `<old>-><new>`, `-<dropped>` and `+<added>`.
    """
    adjusted, profile = dict(body), route.model.profile
    changes = [
        *_repoint(adjusted, route.upstream_id),
        *_rename(adjusted, profile),
        *_drop(adjusted, _refused(adjusted, profile)),
        *_drop_from_messages(adjusted, profile),
        *_inject(adjusted, profile),
        *(_ask_for_usage(adjusted) if route.provider.asks_for_stream_usage else []),
    ]
    return adjusted, tuple(changes)


def _repoint(body: Body, upstream_id: str) -> list[str]:
    if body["model"] == upstream_id:
        return []
    body["model"] = upstream_id
    return [f"model={upstream_id}"]


def _rename(body: Body, profile: Profile) -> list[str]:
    """Where the client sent both names, the provider's own one stands, unless it is null, which stands for absent."""
    changes = []
    for old, new in profile.rename.items():
        if old in body:
            value, is_set = body.pop(old), body.get(new) is not None
            changes.append(f"-{old}" if is_set else f"{old}->{new}")
            body[new] = body[new] if is_set else value
    return changes


def _refused(body: Body, profile: Profile) -> list[str]:
    """The fields of this body that the provider would refuse."""
    unwanted = [name for name in body if name in profile.drop]
    unwanted += [name for name, value in profile.only.items() if name in body and body[name] != value]
    for name, dependents in profile.drop_empty.items():
        if body.get(name) == []:
            unwanted += [field for field in (name, *dependents) if field in body]
    return unwanted


def _drop(body: Body, names: list[str]) -> list[str]:
    for name in names:
        body.pop(name, None)
    return [f"-{name}" for name in names]


def _drop_from_messages(body: Body, profile: Profile) -> list[str]:
    unwanted = profile.drop_message_fields
    found = sorted({name for message in body["messages"] for name in message if name in unwanted})
    if found:
        body["messages"] = [
            {name: value for name, value in message.items() if name not in unwanted} for message in body["messages"]
        ]
    return [f"-messages[].{name}" for name in found]


def _inject(body: Body, profile: Profile) -> list[str]:
    missing = {name: value for name, value in profile.inject.items() if body.get(name) is None}
    body.update(missing)
    return [f"+{name}" for name in missing]


def _ask_for_usage(body: Body) -> list[str]:
    """A stream's usage is always wanted here; the client gets it only if it asked."""
    options = body.get("stream_options") or {}
    if body.get("stream") is not True or options.get("include_usage") is True:
        return []
    body["stream_options"] = options | {"include_usage": True}
    return ["+stream_options.include_usage"]
