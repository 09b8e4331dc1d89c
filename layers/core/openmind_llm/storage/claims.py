"""Records of idempotency keys as items of the table, and the operations that place and end them.

A record is one item; the parts of its answer lie beside it, each under the request that wrote it: parts of an earlier
request that had the key are never taken for another's. All of them go when their `ttl` has passed.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from openmind_llm.domain.idempotency import Claim, Kept, Record
from openmind_llm.storage import items

if TYPE_CHECKING:
    from openmind_llm.domain.ledger.settlement import Settlement
    from openmind_llm.domain.ports import Plain
    from openmind_llm.storage.items import Item
    from openmind_llm.storage.table import Table

RUNNING, DONE = "running", "done"
WHOLE, STREAM = "whole", "stream"


def record_key(account_id: str, record_id: str) -> Item:
    return items.key(_partition(account_id, record_id), "RECORD")


def part_key(claim: Claim, number: int) -> Item:
    return items.key(_partition(claim.account_id, claim.record_id), f"PART#{claim.request_id}#{number:04}")


def placed(table: Table, claim: Claim) -> Item:
    """The operation that places it, unless another holds: see domain.idempotency.is_free."""
    values: dict[str, Plain] = {
        "state": RUNNING,
        "request_id": claim.request_id,
        "body_hash": claim.body_hash,
        "placed_at": claim.placed_at,
        "hold_expires_at": claim.hold_expires_at,
        "ttl": claim.ttl,
    }
    return table.new_or(
        record_key(claim.account_id, claim.record_id) | items.typed(values),
        "#ttl <= :now OR (#state = :running AND #hold_expires_at <= :now)",
        {":now": {"N": str(claim.placed_at)}, ":running": {"S": RUNNING}},
    )


def ended(table: Table, settlement: Settlement) -> Item:
    """The operation that makes it tell of the answer, or removes it; either only while it is this request's."""
    hold, kept = settlement.entry.hold, settlement.kept
    key = record_key(hold.account_id, hold.idempotency)
    if kept is None:
        return table.gone(key, "request_id", hold.request_id)
    values: dict[str, Plain] = {
        "state": DONE,
        "kind": STREAM if kept.is_stream else WHOLE,
        "headers": json.dumps(dict(kept.headers)),
        "parts": kept.parts,
    }
    return table.update(key).only_if("request_id", hold.request_id).sets(values).operation()


def record(account_id: str, record_id: str, values: dict[str, Any]) -> Record:
    claim = Claim(
        account_id=account_id,
        record_id=record_id,
        body_hash=values["body_hash"],
        request_id=values["request_id"],
        placed_at=values["placed_at"],
        hold_expires_at=values["hold_expires_at"],
        ttl=values["ttl"],
    )
    if values["state"] == RUNNING:
        return Record(claim)
    return Record(claim, Kept(values["kind"] == STREAM, json.loads(values["headers"]), values["parts"]))


def _partition(account_id: str, record_id: str) -> str:
    return f"IDEMPOTENCY#{account_id}#{record_id}"
