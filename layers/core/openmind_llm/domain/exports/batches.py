"""Rows as they are settled, one file for each batch and day.

A file's name tells the first and the last row in it, by their places in the stream. So a batch that is tried again
writes the same files anew, and one that is cut otherwise writes others beside them: no file is ever replaced by less.
"""

from collections.abc import Iterable, Mapping, Sequence

from openmind_llm.classes import dataclass
from openmind_llm.domain.exports import lines
from openmind_llm.domain.exports.ports import Shelf
from openmind_llm.domain.ledger.rows import Entry
from openmind_llm.domain.telemetry import Signals

NOT_EXPORTED = "UsageRowsNotExported"
"""The metric: rows that this version cannot read. They are in the table still."""


@dataclass(frozen=True, slots=True)
class Settled:
    """`place` is that of its change in the stream: digits."""

    place: str
    entry: Entry


class Batches:
    def __init__(self, shelf: Shelf, signals: Signals) -> None:
        self._shelf = shelf
        self._signals = signals

    def export(self, rows: Iterable[Settled], unreadable: Sequence[str]) -> int:
        """How many rows were written. `unreadable` are ids of requests, which are told of and hold up nobody.

        Raises what the shelf raises. All of the batch is then to be tried again.
        """
        of_days = _by_day(rows)
        for day, settled in of_days.items():
            name = f"usage/date={day}/{settled[0].place}-{settled[-1].place}.jsonl.gz"
            self._shelf.put(name, lines.packed(row.entry for row in settled))
        if unreadable:
            self._signals.tell("not exported", {NOT_EXPORTED: len(unreadable)}, {"request_ids": list(unreadable)})
        return sum(map(len, of_days.values()))


def _by_day(rows: Iterable[Settled]) -> Mapping[str, list[Settled]]:
    days: dict[str, list[Settled]] = {}
    for row in rows:
        days.setdefault(lines.day(row.entry), []).append(row)
    return days
