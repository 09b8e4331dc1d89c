"""What `Cache-Control` of a request asks for, and what it comes to for a key that has a usual age of its own.

Nothing is looked up or stored of a request that asks for neither, by a key that does not ask for it either.
"""

import re

from openmind_llm.classes import dataclass
from openmind_llm.errors import InvalidRequestError

HEADER = "cache-control"
MOST_AGE_S = 24 * 60 * 60
"""What is asked for beyond it comes to as much."""

_DIRECTIVE = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*"?)+')
"""A quoted text may hold commas. One that does not end goes on to the end."""

_SECONDS = re.compile(r'("?)([0-9]+)\1')


@dataclass(frozen=True, slots=True)
class Policy:
    """An answer of at most `max_age_s` may be given, and a fresh one be given again as long. `looks`: or not at all."""

    max_age_s: int
    looks: bool = True


@dataclass(frozen=True, slots=True)
class Control:
    """The directives that count. `max_age_s` is None where none is named."""

    max_age_s: int | None = None
    no_cache: bool = False
    no_store: bool = False

    @property
    def is_final(self) -> bool:
        """Whether a key's usual age cannot change what it comes to."""
        return self.no_store or bool(self.max_age_s)

    def policy(self, usual_age_s: int | None) -> Policy | None:
        """None asks for nothing: neither to be answered from the cache, nor to be stored."""
        age_s = self.max_age_s or usual_age_s
        if self.no_store or not age_s:
            return None
        return Policy(age_s, looks=not self.no_cache and self.max_age_s != 0)


def read(text: str) -> Control:
    """Of the header's value; of several, they are joined by commas. What we do not know is passed over.

    Of two that name an age the first counts, as RFC 9111 has it. Raises InvalidRequestError.
    """
    named = [one.strip().partition("=") for one in _DIRECTIVE.findall(text)]
    directives = [(name.strip().lower(), value.strip()) for name, _, value in named]
    ages = [_seconds(value) for name, value in directives if name == "max-age"]
    names = {name for name, _ in directives}
    return Control(ages[0] if ages else None, "no-cache" in names, "no-store" in names)


def _seconds(value: str) -> int:
    read = _SECONDS.fullmatch(value)
    if read is None:
        raise InvalidRequestError("Cache-Control: max-age must be a whole number of seconds")
    digits = read[2].lstrip("0")
    return MOST_AGE_S if len(digits) > len(str(MOST_AGE_S)) else min(int(digits or 0), MOST_AGE_S)
