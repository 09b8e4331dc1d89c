"""What the simulated model says: short, and always the same to the same request."""

import json
from typing import Any

from dev.simulator import messages
from dev.simulator.request import Request
from dev.simulator.schema.values import Hints

_QUOTED_WORDS = 12
_OPENERS = (
    "This is a simulated answer.",
    "Here is a simulated answer.",
    "A simulated answer, put another way.",
    "Simulated once more.",
)
_SPOKEN = (
    "action",
    "sentence",
    "speech",
    "text",
    "message",
    "content",
    "response",
    "reply",
    "answer",
    "summary",
)
"""Names of properties that usually hold what a robot is to say."""


def answer(request: Request, index: int = 0) -> str:
    """Choice number `index`."""
    parts = [_OPENERS[index % len(_OPENERS)], *_seen(request), _heard(request), "All is well."]
    return " ".join(parts)


def thought(request: Request) -> str:
    return f"The user wants an answer to {_quoted(messages.last_user_text(request.messages))}. I shall keep it short."


def json_object(request: Request) -> str:
    """For JSON mode without a schema: actions where the prompt speaks of them, as robots ask for."""
    wants_actions = any('"actions"' in messages.text(message) for message in request.messages)
    told = {"actions": _actions(request)} if wants_actions else {"answer": answer(request)}
    return json.dumps(told, ensure_ascii=False)


def hints(request: Request) -> Hints:
    """Makes generated values fit the conversation."""
    move, speak, emotion = _actions(request)
    by_name: dict[str, tuple[Any, ...]] = dict.fromkeys(_SPOKEN, (answer(request),))
    by_name["actions"] = ([move, speak, emotion], [move, speak], [speak], [move])
    by_name |= {"city": ("Berlin",), "location": ("Berlin, Germany",), "country": ("Germany",)}
    return Hints(by_name, messages.last_user_text(request.messages))


def _actions(request: Request) -> list[dict[str, str]]:
    return [
        {"type": "move", "value": "stand still"},
        {"type": "speak", "value": answer(request)},
        {"type": "emotion", "value": "smile"},
    ]


def _seen(request: Request) -> list[str]:
    images = sum(map(messages.images, request.messages))
    return [f"I see {images} image{'s' if images > 1 else ''}."] if images else []


def _heard(request: Request) -> str:
    last = request.messages[-1]
    speaker = "The tool answered" if last["role"] == "tool" else "You said"
    said = messages.text(last) if last["role"] == "tool" else messages.last_user_text(request.messages)
    return f"{speaker} {_quoted(said)}."


def _quoted(text: str) -> str:
    words = text.split()
    if not words:
        return "nothing"
    more = "…" if len(words) > _QUOTED_WORDS else ""
    return f'"{" ".join(words[:_QUOTED_WORDS])}{more}"'
