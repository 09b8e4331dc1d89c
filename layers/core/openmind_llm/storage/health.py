"""What is known of the health of providers, in DynamoDB.

A provider's cells that are not closed are attributes of one item, which one read gets. The counts of a cell in a bucket
of time are an item of their own, below 1 kB, and go by TTL.
"""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from openmind_llm.domain.attempts.breaker import HealthUnavailableError
from openmind_llm.domain.attempts.cells import Cell, Counts, Opening
from openmind_llm.storage import items
from openmind_llm.storage.table import Table
from openmind_llm.storage.wire.errors import AwsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from openmind_llm.domain.attempts.breaker import Tally
    from openmind_llm.storage.items import Item
    from openmind_llm.storage.wire.operations import DynamoDB

ANSWERS, FAILURES = "a", "f"
"""Before a tag: with long names, 64 of each would be more than 1 kB."""

_BETWEEN = "@"
"""Quoting leaves none in a name."""


def _available[**P, R](operation: Callable[P, R]) -> Callable[P, R]:
    """Apart from storage.availability: that the health of providers is unknown is no trouble of the ledger's."""

    @functools.wraps(operation)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return operation(*args, **kwargs)
        except AwsError as error:
            raise HealthUnavailableError(error.code) from None

    return guarded


class DynamoHealth:
    """See domain.attempts.breaker.HealthStore."""

    def __init__(self, client: DynamoDB, table: str) -> None:
        self._table = Table(client, table)

    @_available
    def openings(self, provider: str) -> dict[Cell, Opening]:
        return dict(_openings(provider, self._table.glance(_state_key(provider))))

    @_available
    def swap(self, cell: Cell, seen: Opening | None, new: Opening | None) -> bool:
        name = _name(cell)
        update = self._table.update(_state_key(cell.provider)).sets({name: _text(new) if new else None})
        condition = update.only_without(name) if seen is None else update.only_if(name, _text(seen))
        return bool(self._table.updated(condition))

    @_available
    def add(self, tally: Tally) -> Counts:
        added = {f"{ANSWERS}{tally.tag}": tally.answers, f"{FAILURES}{tally.tag}": tally.failures}
        update = self._table.update(_counts_key(tally.cell, tally.bucket)).sets({"ttl": tally.ttl})
        found = self._table.updated(update.adds({name: by for name, by in added.items() if by}))
        return Counts(_by_tag(found, ANSWERS), _by_tag(found, FAILURES))

    @_available
    def forget(self, cell: Cell, bucket: int) -> None:
        self._table.delete(_counts_key(cell, bucket))


def _state_key(provider: str) -> Item:
    return items.key(f"HEALTH#{provider}", "STATE")


def _counts_key(cell: Cell, bucket: int) -> Item:
    """A partition for each cell: a provider's traffic does not meet in one."""
    return items.key(f"HEALTH#{cell.provider}#{_name(cell)}", f"COUNTS#{bucket}")


def _name(cell: Cell) -> str:
    return f"{quote(cell.model, safe='/*')}{_BETWEEN}{quote(cell.key_id, safe='')}"


def _openings(provider: str, item: dict[str, Any]) -> Iterator[tuple[Cell, Opening]]:
    for name, text in item.items():
        model, between, key_id = name.partition(_BETWEEN)
        if between:
            yield Cell(provider, unquote(model), unquote(key_id)), Opening(**json.loads(text))


def _text(opening: Opening) -> str:
    """Always the same for the same, since it is compared."""
    values = {"until": opening.until, "for_s": opening.for_s, "why": opening.why, "probe_until": opening.probe_until}
    return json.dumps(values)


def _by_tag(item: dict[str, Any], kind: str) -> dict[str, int]:
    return {name[1:]: count for name, count in item.items() if name[0] == kind and name[1:].isdigit()}
