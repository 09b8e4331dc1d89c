"""What was put on a shelf, and how to look into it."""

import gzip
import json
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


def read(content: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress(content).splitlines()]
