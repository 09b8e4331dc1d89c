"""Where files are put."""

from typing import Protocol


class Shelf(Protocol):
    def put(self, name: str, content: bytes) -> None:
        """In place of one of that name. `name` is a relative path. Blocking; raises what its kind raises."""
