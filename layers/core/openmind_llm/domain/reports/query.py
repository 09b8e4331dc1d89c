"""What a caller asks of a usage report, checked."""

import re
from collections.abc import Iterable
from datetime import date
from typing import Final

from openmind_llm.classes import dataclass
from openmind_llm.errors import InvalidRequestError

GROUPS: Final = ("day", "key", "model", "provider")
FORMATS: Final = ("json", "csv")
NAMES: Final = ("from", "to", "group_by", "format", "limit", "cursor")

DEFAULT_DAYS = 30
MOST_DAYS = 366
DEFAULT_LIMIT = 100
MOST_LIMIT = 1000
"""Lines of one page."""

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LIMIT = re.compile(r"[0-9]{1,4}")


@dataclass(frozen=True, slots=True)
class UsageQuery:
    """`first` and `last` are days as in ISO 8601, both within. `group_by` are some of GROUPS, in the caller's order."""

    first: str
    last: str
    group_by: tuple[str, ...] = ("day",)
    format: str = "json"
    limit: int = DEFAULT_LIMIT
    cursor: str = ""

    def link(self, cursor: str) -> list[tuple[str, str]]:
        """The parameters that ask for another page of the same report."""
        values = (self.first, self.last, ",".join(self.group_by), self.format, str(self.limit), cursor)
        return list(zip(NAMES, values, strict=True))


def parse(parameters: Iterable[tuple[str, str]], today: date) -> UsageQuery:
    """`today` is UTC's. Raises InvalidRequestError with a text that names the parameter and the rule."""
    given = _once(parameters)
    first, last = _days(given, today)
    return UsageQuery(
        first=first.isoformat(),
        last=last.isoformat(),
        group_by=_groups(given.get("group_by", "day")),
        format=_format(given.get("format", "json")),
        limit=_limit(given.get("limit", str(DEFAULT_LIMIT))),
        cursor=_cursor(given),
    )


def _once(parameters: Iterable[tuple[str, str]]) -> dict[str, str]:
    """A name that is misspelt would give another report than the one that was meant."""
    given: dict[str, str] = {}
    for name, value in parameters:
        if name not in NAMES:
            raise InvalidRequestError(f"the parameters are {', '.join(NAMES)}: there are no others")
        if name in given:
            raise InvalidRequestError(f"{name} must be given once")
        given[name] = value
    return given


def _days(given: dict[str, str], today: date) -> tuple[date, date]:
    last = day("to", given["to"]) if "to" in given else today
    usual = date.fromordinal(max(1, last.toordinal() - DEFAULT_DAYS + 1))
    first = day("from", given["from"]) if "from" in given else usual
    if first > last:
        raise InvalidRequestError("from must not be after to")
    if (last - first).days >= MOST_DAYS:
        raise InvalidRequestError(f"from must be at most {MOST_DAYS} days before to, both included")
    return first, last


def day(name: str, text: str) -> date:
    """Raises InvalidRequestError."""
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise InvalidRequestError(f"{name} must be a day in the form YYYY-MM-DD")


def _groups(text: str) -> tuple[str, ...]:
    named = tuple(text.split(","))
    if not set(named) <= set(GROUPS) or len(set(named)) < len(named):
        raise InvalidRequestError(f"group_by must be a list of {','.join(GROUPS)}, each at most once")
    return named


def _format(text: str) -> str:
    if text not in FORMATS:
        raise InvalidRequestError(f"format must be one of {', '.join(FORMATS)}")
    return text


def _limit(text: str) -> int:
    if not _LIMIT.fullmatch(text) or not 1 <= int(text) <= MOST_LIMIT:
        raise InvalidRequestError(f"limit must be an integer between 1 and {MOST_LIMIT}")
    return int(text)


def _cursor(given: dict[str, str]) -> str:
    if given.get("cursor") == "":
        raise InvalidRequestError("cursor must be the one that a page before gave")
    return given.get("cursor", "")
