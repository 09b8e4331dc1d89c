"""Rows: what is looked at, what is expected, what was seen. One table of them."""

import http.client
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

OK, FAIL, NOT_TRIED = "ok", "FAIL", "not tried"
_MOST_SHOWN = 160
_NOT_OURS = ("AccessDenied", "UnauthorizedOperation", "NotImplemented", "UnknownOperation", "InvalidAction")
"""Codes of AWS, and of emulators, that tell of the one who asks, and nothing of the stack."""


class UnmetError(Exception):
    """Something else was seen than expected; the text says what."""


class NotTriedError(Exception):
    """The text says why."""


@dataclass(frozen=True, slots=True)
class Row[T]:
    """`look` tells what was seen. It raises UnmetError, NotTriedError, and what connections, AWS and JSON raise."""

    name: str
    expected: str
    look: Callable[[T], str]


@dataclass(frozen=True, slots=True)
class Result:
    name: str
    expected: str
    seen: str
    verdict: str


def run[T](rows: Iterable[Row[T]], target: T, tell: Callable[[str], None]) -> list[Result]:
    """`tell` hears the name of each row before it is looked at."""
    results = []
    for row in rows:
        tell(row.name)
        seen, verdict = _looked(row, target)
        results.append(Result(row.name, row.expected, _short(seen), verdict))
    return results


def text(results: Sequence[Result]) -> str:
    """The table as Markdown, so that it can be kept with a release."""
    cells = [(one.name, one.expected, one.seen, one.verdict) for one in results]
    head = ("row", "expected", "seen", "")
    widths = [max(len(row[at]) for row in (head, *cells)) for at in range(len(head))]
    lines = [_line(head, widths), _line(["-" * width for width in widths], widths)]
    return "\n".join([*lines, *(_line(row, widths) for row in cells)])


def summary(results: Sequence[Result]) -> str:
    count = {verdict: sum(one.verdict == verdict for one in results) for verdict in (OK, FAIL, NOT_TRIED)}
    return ", ".join(f"{number} {verdict}" for verdict, number in count.items())


def has_failed(results: Iterable[Result]) -> bool:
    return any(one.verdict == FAIL for one in results)


def _looked[T](row: Row[T], target: T) -> tuple[str, str]:
    try:
        return row.look(target), OK
    except NotTriedError as reason:
        return str(reason), NOT_TRIED
    except UnmetError as unmet:
        return str(unmet), FAIL
    except ClientError as error:
        return _told_by_aws(error)
    except (OSError, http.client.HTTPException, BotoCoreError, ValueError, LookupError, TypeError) as error:
        # Also what comes of reading an answer that is not at all what it should be.
        return f"{type(error).__name__}: {error}", FAIL


def _told_by_aws(error: ClientError) -> tuple[str, str]:
    code = error.response.get("Error", {}).get("Code", "")
    seen = f"{error.operation_name}: {code}"
    return seen, NOT_TRIED if code.startswith(_NOT_OURS) else FAIL


def _short(seen: str) -> str:
    line = " ".join(seen.split()).replace("|", "/")
    return line if len(line) <= _MOST_SHOWN else f"{line[: _MOST_SHOWN - 1]}…"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"
