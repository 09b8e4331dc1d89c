"""`python -m tests.benchmarks.counted`: ministack that counts what DynamoDB would bill, and can be filled at once.

Two operations of our own beside DynamoDB's, by the same protocol. `BenchUnits` tells the calls and units so far, and
how long admissions took. `BenchFill` makes copies of the newest settled row, and of a key, in this process: by calls, a
million would take an hour. Copies share what is in them, so that a million fit into 2 GB.
"""

import gc
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

from ministack import app
from ministack.services import dynamodb

from dev.aws import patches

type Reply = tuple[int, dict[str, str], bytes]
type Handle = Callable[[str, str, dict[str, str], bytes, dict[str, Any]], Awaitable[Reply]]

BILLED = frozenset(
    {"GetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "TransactWriteItems", "TransactGetItems"}
)
BILLED_TOO = frozenset({"BatchGetItem", "BatchWriteItem"})
_JSON = {"Content-Type": "application/x-amz-json-1.0"}


class Counted:
    """Around ministack's own handling of DynamoDB."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        self._told = {"calls": 0.0, "units": 0.0, "admissions": 0.0, "admission_s": 0.0}

    async def __call__(self, method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> Reply:
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        if operation == "BenchUnits":
            return 200, dict(_JSON), json.dumps(self._told).encode()
        if operation == "BenchFill":
            return 200, dict(_JSON), json.dumps(_fill(**json.loads(body))).encode()
        if operation not in BILLED | BILLED_TOO:
            return await self._handle(method, path, headers, body, query)
        data = json.loads(body)
        asked = json.dumps(data | {"ReturnConsumedCapacity": "TOTAL"}).encode()
        began = time.perf_counter()
        status, told, answer = await self._handle(method, path, headers, asked, query)
        if any("Put" in one for one in data.get("TransactItems", ())):  # a settlement only updates
            self._told["admissions"] += 1
            self._told["admission_s"] += time.perf_counter() - began
        self._told["calls"] += 1
        self._told["units"] += _units(json.loads(answer))
        return status, told, answer


def _units(answer: dict[str, Any]) -> float:
    told = answer.get("ConsumedCapacity") or []
    entries = told if isinstance(told, list) else [told]
    return sum(float(one["CapacityUnits"]) for one in entries)


def _fill(table: str, rows: int, keys: int) -> dict[str, int]:
    """The numbers of items of the table afterwards, and of its largest partition."""
    known = dynamodb._tables.get(table)
    _copy_rows(known["items"], rows)
    _copy_keys(known["items"], keys)
    dynamodb._items_replaced(known)
    gc.collect()
    gc.freeze()  # else each collection looks at all of them
    return {"items": known["ItemCount"], "partition": max(len(one) for one in known["items"].values())}


def _copy_rows(items: dict[str, dict[str, Any]], rows: int) -> None:
    name = next(name for name in items if name.startswith("LEDGER#"))
    newest = items[name][max(items[name])]
    for number in range(rows):
        sort = f"01900000-{number >> 16:04x}-7{number & 0xFFF:03x}-8000-{number:012x}"  # long before the bench
        items[name][sort] = newest | {"sk": {"S": sort}}


def _copy_keys(items: dict[str, dict[str, Any]], keys: int) -> None:
    name = next(name for name in items if name.startswith("KEY#"))
    known = items[name]["KEY"]
    for number in range(keys):
        other = f"KEY#{number:016d}"
        items[other] = {"KEY": known | {"pk": {"S": other}}}


if __name__ == "__main__":
    patches.change(dynamodb, "handle_request", Counted)
    app.main()
