"""What a pattern can match: how much text, how far around it, and whether it may search for ever."""

import importlib
from typing import Any

from openmind_llm.classes import dataclass

MOST_AHEAD = 64
"""Characters that a pattern may look at beyond its match."""

MOST_WAYS = 1_000_000
"""In which one text may be matched by what repeats within a pattern: all are tried before a match fails."""

_parser: Any = importlib.import_module("re._parser")
_ENDLESS = int(_parser.MAXREPEAT)
_PAST_COUNTING = 64
_AT_THE_END = 2
"""Characters that `$` and `\\b` look at: the end itself may follow a line's."""


class PatternError(ValueError):
    """The pattern is not one for a filter; the text says why."""


@dataclass(frozen=True, slots=True)
class Shape:
    """In characters. `behind` and `ahead` are what a match depends on before and after it."""

    least: int
    most: int
    behind: int
    ahead: int


def shape(pattern: str) -> Shape:
    """Of a pattern that compiles. Raises PatternError for one that may try a text in too many ways, or look too far."""
    tree = _parser.parse(pattern)
    _ways(tree)
    behind, ahead = _around(tree)
    if ahead > MOST_AHEAD:
        raise PatternError(f"it looks ahead by more than {MOST_AHEAD} characters")
    least, most = tree.getwidth()
    return Shape(least, most, behind + 1, ahead + _AT_THE_END)


def _ways(tree: Any) -> tuple[int, bool]:
    """In how many ways it may match one text, and whether it repeats anything without bound."""
    ways, is_endless = 1, False
    for operation, of in tree:
        more, also = _ways_of(str(operation), of)
        ways, is_endless = ways * more, is_endless or also
    if ways > MOST_WAYS:
        raise PatternError("it can match one text in too many ways: repeat less within what repeats")
    return ways, is_endless


def _ways_of(operation: str, of: Any) -> tuple[int, bool]:
    if operation.endswith("_REPEAT"):
        return _repeated(*of)
    if operation == "BRANCH":
        return _either(of[1])
    inner = [_ways(tree) for tree in _inside(operation, of)]
    if operation.startswith("ASSERT") or not inner:
        return 1, False
    return max(ways for ways, _ in inner), any(is_endless for _, is_endless in inner)


def _repeated(least: int, most: int, tree: Any) -> tuple[int, bool]:
    ways, is_endless = _ways(tree)
    if most > 1 and is_endless:
        raise PatternError("a repeat without bound is within another repeat, as in (a+)+")
    if most < _ENDLESS:
        return (most - least + 1) * ways ** min(most, _PAST_COUNTING), is_endless
    if ways > 1:
        raise PatternError("what repeats without bound can match one text in several ways, as in (a|a)+ and (ab?)+")
    return 1, True


def _either(branches: list[Any]) -> tuple[int, bool]:
    """Branches that begin with different characters leave one way each."""
    inner = [_ways(tree) for tree in branches]
    starts = [chr(tree[0][1]).casefold() for tree in branches if len(tree) and str(tree[0][0]) == "LITERAL"]
    ways = (ways for ways, _ in inner)
    is_distinct = len(set(starts)) == len(branches)
    return max(ways) if is_distinct else sum(ways), any(is_endless for _, is_endless in inner)


def _around(tree: Any) -> tuple[int, int]:
    """Before and after a match, at most."""
    behind = ahead = 0
    for operation, of in tree:
        for inner in _inside(str(operation), of):
            width = inner.getwidth()[1] if str(operation).startswith("ASSERT") else 0
            further = _around(inner)
            behind = max(behind, further[0]) + (width if width and of[0] < 0 else 0)
            ahead += further[1] + (width if width and of[0] > 0 else 0)
    return behind, ahead


def _inside(operation: str, of: Any) -> list[Any]:
    """The patterns within one step of a pattern."""
    match operation:
        case "BRANCH":
            return list(of[1])
        case "ATOMIC_GROUP":
            return [of]
        case "SUBPATTERN" | "ASSERT" | "ASSERT_NOT" | "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
            return [of[-1]]
        case "GROUPREF_EXISTS":
            return [tree for tree in of[1:] if tree is not None]
        case _:
            return []
