"""Tables of text: aligned for a terminal, or in Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """The first column is text, the others numbers or short words."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]

    def aligned(self) -> str:
        lines = [self.columns, *self.rows]
        widths = [max(len(line[column]) for line in lines) for column in range(len(self.columns))]
        texts = ("  ".join(_cell(line, column, widths) for column in range(len(widths))).rstrip() for line in lines)
        return "\n".join((self.title, *(f"  {text}" for text in texts)))

    def markdown(self) -> str:
        rule = ("---", *("---:" for _ in self.columns[1:]))
        lines = (f"| {' | '.join(line)} |" for line in (self.columns, rule, *self.rows))
        return "\n".join((f"### {self.title}", "", *lines))


def number(value: float | None, digits: int = 2) -> str:
    """With as many digits after the point; a small one with more, so that it is not told as nothing."""
    if value is None:
        return "-"
    return f"{value:,.{digits + 2 if 0 < abs(value) < 0.1 else digits}f}"


def _cell(line: tuple[str, ...], column: int, widths: list[int]) -> str:
    text = line[column]
    return text.ljust(widths[column]) if column == 0 else text.rjust(widths[column])
