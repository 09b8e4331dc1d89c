"""The changes of the table, as its stream tells them to a function."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from openmind_llm.domain.exports.batches import Settled
from openmind_llm.storage import items, records

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

logger = logging.getLogger(__name__)


def settled(event: Mapping[str, Any]) -> tuple[list[Settled], list[str]]:
    """The settled rows of the ledger among them, in their order, and the ids of those that cannot be read.

    The event source's filter lets nothing else through: what comes all the same is left out here.
    """
    rows, unreadable = list[Settled](), list[str]()
    for change in _of_settled_rows(event["Records"]):
        item = change["NewImage"]
        try:
            values = items.plain(item)
            entry = records.entry(values["pk"].removeprefix(records.LEDGER), values)
        except (KeyError, TypeError, ValueError) as error:
            logger.error("row not read", extra={"request_id": item["sk"]["S"], "cause": type(error).__name__})
            unreadable.append(item["sk"]["S"])
        else:
            rows.append(Settled(change["SequenceNumber"], entry))
    return rows, unreadable


def _of_settled_rows(changes: Iterable[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
    for change in changes:
        item = change["dynamodb"].get("NewImage", {})
        is_row = item.get("pk", {}).get("S", "").startswith(records.LEDGER)
        if is_row and item.get("state", {}).get("S") == records.SETTLED:
            yield change["dynamodb"]
