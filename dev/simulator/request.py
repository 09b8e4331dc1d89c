"""A request as the named provider reads it: what it would refuse is refused, in its words."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from dev.simulator import checks, consistency, messages
from dev.simulator.quirks import Quirks
from dev.simulator.refusals import RefusedError

type Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """A body that the provider accepts. `digest` is the same for the same body at the same provider."""

    quirks: Quirks
    body: Body
    digest: str

    @property
    def model(self) -> str:
        return str(self.body["model"])

    @property
    def messages(self) -> list[Body]:
        return list(self.body["messages"])

    @property
    def tools(self) -> list[Body]:
        return [tool["function"] for tool in self.body.get("tools") or ()]

    @property
    def choices(self) -> int:
        return int(self.body.get("n") or 1)

    @property
    def cap(self) -> int | None:
        """Tokens, of both names the smaller."""
        caps = (self.body.get("max_tokens"), self.body.get("max_completion_tokens"))
        return min((cap for cap in caps if cap is not None), default=None)

    @property
    def stops(self) -> list[str]:
        stop = self.body.get("stop") or []
        return [stop] if isinstance(stop, str) else stop

    @property
    def is_stream(self) -> bool:
        return self.body.get("stream") is True

    def stream_option(self, name: str) -> Any:
        """None where the client said nothing."""
        return (self.body.get("stream_options") or {}).get(name)


def parse(quirks: Quirks, raw: bytes) -> Request:
    """Raises RefusedError."""
    body = _loads(raw)
    _check_required(body)
    _check_known(quirks, body)
    _check_rules(quirks, body)
    checks.check(quirks, body)
    messages.check(quirks, body["messages"])
    if quirks.checks_consistency:
        consistency.check(body)
    digest = hashlib.sha256(quirks.name.encode() + json.dumps(body, sort_keys=True).encode()).hexdigest()
    return Request(quirks, body, digest)


def _loads(raw: bytes) -> Body:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise RefusedError(400, "We could not parse the JSON body of your request.") from None
    if not isinstance(body, dict):
        raise RefusedError(400, "The body of your request must be a JSON object.")
    return body


def _check_required(body: Body) -> None:
    if not isinstance(body.get("model"), str) or not body["model"]:
        raise RefusedError(400, "you must provide a model parameter")
    messages_ = body.get("messages")
    if not isinstance(messages_, list):
        raise RefusedError(400, "Missing required parameter: 'messages'.", param="messages")
    if not messages_:
        text = "Invalid 'messages': empty array. Expected an array with minimum length 1."
        raise RefusedError(400, text, param="messages", code="empty_array")


def _check_known(quirks: Quirks, body: Body) -> None:
    for name in body:
        if quirks.known_fields is not None and name not in quirks.known_fields:
            text = quirks.unknown_field.format(field=name)
            raise RefusedError(400, text, param=name, code="unknown_parameter")


def _check_rules(quirks: Quirks, body: Body) -> None:
    for rule in quirks.rules:
        for name in rule.fields:
            if rule.refuses(name, body):
                text = rule.text.format(field=name, value=body[name])
                raise RefusedError(400, text, param=name, code=rule.code)
