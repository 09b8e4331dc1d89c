"""An account's rules: how they are read, and which patterns are taken."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from openmind_llm import redaction
from openmind_llm.classes import dataclass
from openmind_llm.domain.filters.shapes import PatternError, Shape, shape

MAX_RULES = 20
MAX_NAME = 64
MAX_PATTERN = 200
LOOK_BEHIND = 256
"""Characters of a match up to which none of it leaves in a stream."""

ACTIONS = ("redact", "block")
PLACES = ("input", "output", "both")
_FIELDS = {"name", "pattern", "action", "on"}


class FilterError(ValueError):
    """These are no rules; the text says why."""


@dataclass(frozen=True, slots=True)
class Rule:
    """`on` says where it holds. Matches are told from the text alone, letter by letter: `(?i)` takes both cases."""

    name: str
    pattern: str
    action: str
    on: str


@dataclass(frozen=True, slots=True)
class Search:
    """A rule that is ready to be applied."""

    rule: Rule
    compiled: re.Pattern[str]
    shape: Shape

    def reach(self, most: int) -> int:
        """Characters from the start of a match that tell of all of it, or of `most` of it."""
        return min(self.shape.most, most) + self.shape.ahead

    def holds_for(self, place: str) -> bool:
        return self.rule.on in {place, "both"}


def read(value: Any) -> tuple[Search, ...]:
    """Raises FilterError."""
    if not isinstance(value, list) or len(value) > MAX_RULES:
        raise FilterError(f"filters must be an array of at most {MAX_RULES} rules")
    searches = tuple(_search(index, one) for index, one in enumerate(value))
    if len({search.rule.name for search in searches}) < len(searches):
        raise FilterError("each rule needs a name of its own")
    return searches


def loads(text: str) -> tuple[Search, ...]:
    """What `dumps` has written. Raises FilterError."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise FilterError("filters must be JSON") from None
    return read(value)


def dumps(searches: tuple[Search, ...]) -> str:
    return json.dumps([asdict(search.rule) for search in searches], ensure_ascii=False, separators=(",", ":"))


def _search(index: int, value: Any) -> Search:
    if not isinstance(value, dict) or value.keys() != _FIELDS:
        raise FilterError(f"rule {index + 1} must be an object with name, pattern, action and on")
    rule = _rule(index, value)
    try:
        compiled = re.compile(rule.pattern)
        return Search(rule, compiled, _shape(rule))
    except (re.PatternError, PatternError, OverflowError, RecursionError) as error:
        raise FilterError(f"the pattern of {rule.name} is not taken: {redaction.shown(str(error))}") from None


def _rule(index: int, value: Mapping[str, Any]) -> Rule:
    name, pattern = value["name"], value["pattern"]
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME or not name.isprintable():
        raise FilterError(f"rule {index + 1}: name must be a text of 1 to {MAX_NAME} printable characters")
    if not isinstance(pattern, str) or not 0 < len(pattern) <= MAX_PATTERN:
        raise FilterError(f"{name}: pattern must be a text of 1 to {MAX_PATTERN} characters")
    _require_one_of(f"{name}: action", value["action"], ACTIONS)
    _require_one_of(f"{name}: on", value["on"], PLACES)
    return Rule(name, pattern, value["action"], value["on"])


def _require_one_of(named: str, value: Any, known: tuple[str, ...]) -> None:
    if not isinstance(value, str) or value not in known:
        raise FilterError(f"{named} must be one of {', '.join(known)}")


def _shape(rule: Rule) -> Shape:
    found = shape(rule.pattern)
    if not found.least:
        raise PatternError("it matches the empty text")
    if found.least > LOOK_BEHIND and rule.on != "input":
        raise PatternError(f"it matches nothing shorter than {LOOK_BEHIND + 1} characters, which a stream cannot hold")
    return found
