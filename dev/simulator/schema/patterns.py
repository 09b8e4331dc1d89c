r"""A string that a simple regular expression matches.

Understood: literals, `.`, classes, `\d \w \s` and their opposites, groups, alternatives, quantifiers, anchors.
Whatever else comes up, look-around among it, is UnsupportedPatternError.
"""

import re
import string
from collections.abc import Callable
from dataclasses import dataclass

type Writer = Callable[[int], str]
"""Different numbers give different strings where the pattern allows; larger ones give longer repeats."""

MAX_LENGTH = 100_000
"""Characters of a text that is written."""

_WORDS = string.ascii_lowercase + string.digits + "_" + string.ascii_uppercase
_ANY = _WORDS + " -.,:;/!?@#$%&*+=()[]{}<>'\"\\|^~`"
_CLASSES = {
    "d": string.digits,
    "w": _WORDS,
    "s": " \t\n",
    "D": "".join(c for c in _ANY if not c.isdigit()),
    "W": "".join(c for c in _ANY if c not in _WORDS),
    "S": _ANY.replace(" ", ""),
}
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "0": "\0"}
_QUANTIFIERS = {"*": (0, None), "+": (1, None), "?": (0, 1)}
_COUNTED = re.compile(r"\{(\d+)(?:(,)(\d*))?\}")
_GROUP = re.compile(r"\((\?:|\?P?<[A-Za-z_]\w*>|(?!\?))")


class UnsupportedPatternError(ValueError):
    """The pattern uses more than this module understands."""


def writer(pattern: str) -> Writer:
    """Raises UnsupportedPatternError."""
    reader = _Reader(pattern)
    written = reader.alternatives()
    if reader.place < len(pattern):
        raise UnsupportedPatternError(pattern)
    return written


@dataclass(slots=True)
class _Reader:
    """Recursive descent over `pattern`; `place` is where it stands."""

    pattern: str
    place: int = 0

    def alternatives(self) -> Writer:
        branches = [self._sequence()]
        while self._takes("|"):
            branches.append(self._sequence())
        return lambda n: branches[(n - 1) % len(branches)](n)

    def _sequence(self) -> Writer:
        parts: list[Writer] = []
        while self.place < len(self.pattern) and self.pattern[self.place] not in "|)":
            parts.append(self._repeated(self._atom()))
        return lambda n: "".join(part(n) for part in parts)

    def _repeated(self, atom: Writer) -> Writer:
        low, high = self._quantifier()
        if (low, high) == (1, 1):
            return atom

        return lambda n: _repeat(atom, n, max(low, n if high is None else min(n, high)))

    def _quantifier(self) -> tuple[int, int | None]:
        found = _COUNTED.match(self.pattern, self.place)
        if found:
            self.place = found.end()
            bounds = int(found[1]), _upper(found)
        elif self._next() in _QUANTIFIERS:
            bounds = _QUANTIFIERS[self._take()]
        else:
            return 1, 1
        if not self._takes("?") and self._next() in {"+", "*"}:
            raise UnsupportedPatternError(self.pattern)
        return bounds

    def _atom(self) -> Writer:
        if self._next() == "(":
            return self._group()
        character = self._take()
        if character in "^$":
            return lambda _: ""
        if character in "*+?":
            raise UnsupportedPatternError(self.pattern)
        return _one_of(self._characters(character))

    def _characters(self, first: str) -> str:
        if first == "[":
            return self._class()
        if first == "\\":
            return self._escape()
        return _WORDS if first == "." else first

    def _group(self) -> Writer:
        found = _GROUP.match(self.pattern, self.place)
        if not found:
            raise UnsupportedPatternError(self.pattern)
        self.place = found.end()
        written = self.alternatives()
        self._expect(")")
        return written

    def _class(self) -> str:
        is_negated, characters = self._takes("^"), ""
        while self._next() != "]" or not characters:
            characters += self._range()
        self._expect("]")
        if is_negated:
            characters = "".join(c for c in _ANY if c not in characters)
        if not characters:
            raise UnsupportedPatternError(self.pattern)
        return characters

    def _range(self) -> str:
        low = self._member()
        if len(low) > 1 or self.pattern[self.place : self.place + 1] != "-" or self._is_last_dash():
            return low
        self._expect("-")
        high = self._member()
        return "".join(map(chr, range(ord(low), ord(high) + 1)))

    def _is_last_dash(self) -> bool:
        return self.pattern[self.place + 1 : self.place + 2] == "]"

    def _member(self) -> str:
        character = self._take()
        return self._escape() if character == "\\" else character

    def _escape(self) -> str:
        letter = self._take()
        if letter in "xu":
            return self._code_point(2 if letter == "x" else 4)
        if letter.isalnum() and letter not in _CLASSES and letter not in _CONTROLS:
            raise UnsupportedPatternError(self.pattern)
        return _CLASSES.get(letter) or _CONTROLS.get(letter) or letter

    def _code_point(self, digits: int) -> str:
        text = "".join(self._take() for _ in range(digits))
        try:
            return chr(int(text, 16))
        except ValueError:
            raise UnsupportedPatternError(self.pattern) from None

    def _next(self) -> str:
        return self.pattern[self.place : self.place + 1]

    def _take(self) -> str:
        if self.place >= len(self.pattern):
            raise UnsupportedPatternError(self.pattern)
        self.place += 1
        return self.pattern[self.place - 1]

    def _takes(self, wanted: str) -> bool:
        found = self._next() == wanted
        self.place += found
        return found

    def _expect(self, wanted: str) -> None:
        if self._take() != wanted:
            raise UnsupportedPatternError(self.pattern)


def _repeat(atom: Writer, n: int, times: int) -> str:
    """Ends at the first empty piece: the others may be empty too."""
    text = ""
    for i in range(times):
        piece = atom(n + i)
        text += piece
        if len(text) > MAX_LENGTH:
            raise UnsupportedPatternError("its texts are too long")
        if not piece:
            break
    return text


def _one_of(characters: str) -> Writer:
    return lambda n: characters[(n - 1) % len(characters)]


def _upper(found: re.Match[str]) -> int | None:
    if not found[2]:
        return int(found[1])
    return int(found[3]) if found[3] else None
