"""All that is played once, for the tests and for the document."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from tests.integration.faults import callers, stage
from tests.integration.faults.callers import SITUATIONS, Crowd, Observed, Situation
from tests.integration.faults.outcomes import Outcome
from tests.integration.faults.rows import ROWS, Row
from tests.integration.faults.stage import Stage

OF_THE_MATRIX = Crowd(at_once=24, every_s=0.05)

MANY = 200
OF_MANY = Crowd(at_once=5, every_s=0.02)

DOWN = ("500", "connection refused")
ALL_DOWN = ("all: 500", "all: connection refused", "all: hang without a byte")
EACH_ALL_DOWN = 40

_WITH_FALLBACK = Situation(is_stream=False, keys=1, has_fallback=True)


@dataclass(frozen=True)
class Played:
    """`matrix` is by row and situation. `well` and `down` are of many requests each, `down` by the row's name."""

    matrix: dict[tuple[str, Situation], Observed]
    well: list[Observed]
    down: dict[str, list[Observed]]
    all_down: dict[str, list[Observed]]

    def added_s(self, name: str) -> float:
        """What the median request waits longer for its fallback than for a healthy primary."""
        return _median_s(self.down[name]) - _median_s(self.well)


def all_of_it() -> Played:
    with stage.opened() as opened:
        rows = {row.name: row for row in ROWS}
        callers.play(opened, callers.numbered([(rows["healthy"], one) for one in SITUATIONS], "warm"), OF_THE_MATRIX)
        matrix = callers.play(opened, callers.numbered(_cells(), "cell"), OF_THE_MATRIX)
        return Played(
            {(one.cell.row.name, one.cell.situation): one for one in matrix},
            _many(opened, rows["healthy"], "well", MANY),
            {name: _many(opened, rows[name], f"dow{at}", MANY) for at, name in enumerate(DOWN)},
            {name: _many(opened, rows[name], f"all{at}", EACH_ALL_DOWN) for at, name in enumerate(ALL_DOWN)},
        )


def expected(row: Row, situation: Situation) -> Outcome | None:
    cells = row.stream if situation.is_stream else row.whole
    if cells is None:
        return None
    without, fallback = (
        (cells.one_key, cells.one_key_fallback) if situation.keys == 1 else (cells.two_keys, cells.two_keys_fallback)
    )
    return fallback if situation.has_fallback else without


def _cells() -> list[tuple[Row, Situation]]:
    """Neighbours of the list are of different rows, so that those that take long are not all at once."""
    return [(row, one) for one in SITUATIONS for row in ROWS if expected(row, one) is not None]


def _many(opened: Stage, row: Row, prefix: str, number: int) -> list[Observed]:
    return callers.play(opened, callers.numbered([(row, _WITH_FALLBACK)] * number, prefix), OF_MANY)


def _median_s(observed: Sequence[Observed]) -> float:
    return statistics.median(one.heard.took_s for one in observed)
