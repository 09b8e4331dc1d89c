"""Every row, in the order of the table."""

from dev.smoke import contract, deployed, paid, standing
from dev.smoke.table import Row
from dev.smoke.target import Target

ROWS: tuple[Row[Target], ...] = (*contract.ROWS, *paid.ROWS, *deployed.ROWS, *standing.ROWS, *deployed.LAST)


def named(names: str) -> tuple[Row[Target], ...]:
    """All, or those whose names stand there, parted by spaces or commas. Raises ValueError for a name of none."""
    asked = set(names.replace(",", " ").split())
    unknown = asked - {row.name for row in ROWS}
    if unknown:
        raise ValueError(f"no row is called {', '.join(sorted(unknown))}")
    return tuple(row for row in ROWS if not asked or row.name in asked)
