"""How many cells a load needs: each an account and region of its own, or a stack with a table of its own."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from dev.cost.data import Data
from dev.scale.data import Given
from dev.scale.simulation import Stream, needed


@dataclass(frozen=True, slots=True)
class Bound:
    """What the whole load asks for, what a cell may have of it, and so how many cells there must be."""

    what: str
    asked: float
    of_a_cell: int

    @property
    def cells(self) -> int:
        return math.ceil(self.asked / self.of_a_cell)


def bounds(given: Given, costs: Data, stream: Stream, *, raised: bool) -> list[Bound]:
    def quota(name: str) -> int:
        return given.quota(name, raised=raised)

    reads = costs.found["stream_read_units"] + costs.found["auth_read_units"]
    index = given.told["index_shards"] * given.quota("partition_write_units_s", raised=False)
    return [
        Bound("environments of `stream`", needed(given.requests_s, stream), quota("quota")),
        Bound("requests a second at API Gateway", given.requests_s, quota("gateway_requests_s")),
        Bound("write units a second of the table", given.requests_s * written(given), quota("table_write_units_s")),
        Bound("read units a second of the table, at most", given.requests_s * reads, quota("table_read_units_s")),
        Bound("write units a second of the index of open holds", given.requests_s * given.units["index"], index),
    ]


def written(given: Given) -> int:
    """Write units of a request."""
    return sum(given.units.values())


def of_an_item(given: Given) -> Mapping[str, float]:
    """Requests a second at which one item of the kind is written as often as a partition takes it."""
    partition = given.quota("partition_write_units_s", raised=False)
    shards = {"index": given.told["index_shards"]}
    return {name: partition * shards.get(name, 1) / units for name, units in given.units.items()}
