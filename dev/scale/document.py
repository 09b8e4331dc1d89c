"""docs/performance.md: written by hand, but for the blocks between `<!-- scale: name -->` and `<!-- end -->`."""

import re
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

from dev.cost import data as cost_data
from dev.cost import requests, stack
from dev.cost.data import Data
from dev.cost.requests import MILLION, Asked
from dev.scale import cells, data, simulation
from dev.scale.data import Given
from dev.scale.simulation import Second, Stream

PATH = Path(__file__).parents[2] / "docs" / "performance.md"
BLOCK = re.compile(r"(<!-- scale: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
LOOKS_S = (1, 10, 60, 300, 600, 1200, 1800, 2400)
ITEMS = {
    "account": "the account's item",
    "key": "a key's item",
    "row": "an account's rows, which come in the order of time",
    "rollup": "the day's sums of an account, key and model",
    "index": "the index of open holds, for all accounts together",
}


class Reckoned:
    """The tables, from the load and from what a request costs."""

    def __init__(self, given: Given, costs: Data, memory_gb: dict[str, float]) -> None:
        self._given, self._costs, self._memory = given, costs, memory_gb
        self._doors = requests.kinds(costs)[2:]
        asked, gb = self._doors[0], memory_gb["stream"]
        init = requests.init_s(costs.found, "stream", gb)
        self.stream = Stream(requests.stream_s(asked, costs.found, gb), init)

    def tables(self) -> dict[str, str]:
        return {
            "time": self._time(),
            "cells": self._warming(),
            "bounds": self._bounds(),
            "items": self._items(),
            "dollars": self._dollars(),
            "quotas": self._quotas(),
        }

    def played(self, parts: int) -> list[Second]:
        """The first hour of one of so many cells, with its share of the load."""
        share = self._given.requests_s // parts
        seconds = simulation.played(share, self.stream, self._given.scaling(raised=True))
        return list(islice(seconds, self._given.told["load"]["seconds"]))

    def _time(self) -> str:
        parts = self._enough()
        seconds = self.played(parts)
        rows = [
            (f"{at:,} s", *(f"{parts * n:,}" for n in _told(seconds[at - 1])), _throttled(seconds, at))
            for at in LOOKS_S
        ]
        head = ("after", "environments", "served a second", "throttled a second", "of all so far, throttled")
        return _table(head, rows)

    def _warming(self) -> str:
        rows = []
        for parts in self._given.told["load"]["cells"]:
            seconds = self.played(parts)
            calm = simulation.calm_after(seconds)
            lost = parts * sum(second.throttled for second in seconds)
            steep = parts * simulation.steepest(self.stream, self._given.scaling(raised=True))
            when = "never" if calm is None else f"{calm:,} s"
            rows.append(
                (
                    str(parts),
                    f"{parts * seconds[-1].environments:,}",
                    when,
                    f"{lost / MILLION:.2f} million",
                    f"{steep:.0f}",
                )
            )
        head = (
            "cells",
            "environments after an hour",
            "nothing throttled from",
            "throttled in all",
            "growth that none is throttled at, requests/s each second",
        )
        return _table(head, rows)

    def _enough(self) -> int:
        return max(bound.cells for bound in cells.bounds(self._given, self._costs, self.stream, raised=True))

    def _bounds(self) -> str:
        pairs = zip(
            *(cells.bounds(self._given, self._costs, self.stream, raised=raised) for raised in (False, True)),
            strict=True,
        )
        rows = [
            (
                one.what,
                f"{one.asked:,.0f}",
                f"{one.of_a_cell:,}",
                str(one.cells),
                f"{more.of_a_cell:,}",
                str(more.cells),
            )
            for one, more in pairs
        ]
        return _table(("", "asked for", "a cell has", "cells", "a cell with raised quotas", "cells"), rows)

    def _items(self) -> str:
        most = cells.of_an_item(self._given)
        rows = [(ITEMS[name], str(self._given.units[name]), f"{most[name]:,.0f}") for name in ITEMS]
        return _table(("", "write units of a request", "requests/s at most"), rows)

    def _dollars(self) -> str:
        doors = [(one, requests.per_million(one, self._costs, self._memory)) for one in self._doors]
        hourly = self._given.requests_s * 3600 / MILLION
        rows = [(name, *(f"{lines[name] * hourly:,.0f}" for _, lines in doors)) for name in doors[0][1]]
        for title, times in (("**an hour**", hourly), ("**a million requests**", 1.0)):
            rows.append((title, *(f"**{sum(lines.values()) * times:,.0f}**" for _, lines in doors)))
        return _table(("USD an hour", *(_door(one) for one, _ in doors)), rows)

    def _quotas(self) -> str:
        told = self._given.told["lambda"] | self._given.told["quotas"]
        rows = [(f"{one['value']:,}", one["unit"], _raised(one), _source(one)) for one in told.values()]
        return _table(("quota", "of", "assumed to be raised to", "source"), rows)


def current(text: str) -> str:
    """The page with its blocks reckoned anew. Raises KeyError for a block that nothing is known of."""
    made = stack.made()
    memory = {"stream": made.memory_gb("StreamFunction"), "auth": made.memory_gb("AuthFunction")}
    tables = reckoned(memory).tables()
    return BLOCK.sub(lambda found: f"{found[1]}{tables[found[2]]}\n{found[3]}", text)


def reckoned(memory_gb: dict[str, float]) -> Reckoned:

    return Reckoned(data.load(), cost_data.load(), memory_gb)


def _told(second: Second) -> tuple[int, int, int]:
    return second.environments, second.served, second.throttled


def _throttled(seconds: Sequence[Second], until: int) -> str:
    throttled, served = (sum(getattr(one, name) for one in seconds[:until]) for name in ("throttled", "served"))
    return f"{throttled / (throttled + served) * 100:.0f} %"


def _door(asked: Asked) -> str:
    return "API Gateway" if asked.has_gateway else "function URL"


def _raised(quota: dict[str, object]) -> str:
    return f"{quota['raised']:,}" if "raised" in quota else "-"


def _source(quota: dict[str, object]) -> str:
    return f"{quota['source']} (`unverified`)" if quota.get("unverified") else str(quota["source"])


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join((f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *lines))
