"""What was put on a shelf, and how to look into it."""

import gzip
import json
from collections.abc import Mapping
from typing import Any


class MemoryShelf:
    """See domain.exports.ports.Shelf. Of the next `failing` files, none can be put."""

    def __init__(self, failing: int = 0) -> None:
        self.files: dict[str, bytes] = {}
        self.failing = failing

    def put(self, name: str, content: bytes) -> None:
        if self.failing:
            self.failing -= 1
            raise OSError("the shelf is full")
        self.files[name] = content

    @property
    def ids(self) -> dict[str, list[str]]:
        """The ids of the requests in each file."""
        return {name: [line["request_id"] for line in read(content)] for name, content in self.files.items()}

    @property
    def all_ids(self) -> list[str]:
        return [one for ids in self.ids.values() for one in ids]


class MemorySignals:
    """See domain.telemetry.Signals."""

    def __init__(self) -> None:
        self.told: list[tuple[dict[str, float], dict[str, Any]]] = []

    def tell(self, what: str, counts: Mapping[str, float], facts: Mapping[str, Any] | None = None) -> None:
        self.told.append((dict(counts), dict(facts or {})))


def read(content: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress(content).splitlines()]
