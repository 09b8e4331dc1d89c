"""A catalogue that operators change, in memory."""

import json
from functools import partial
from typing import Any

from openmind_llm.domain.catalogue import Catalogue
from openmind_llm.domain.catalogue_changes import CatalogueChanges, Change, Layers
from openmind_llm.providers import table
from tests.memory_catalogue import MemoryVersions

DAY = 86_400
NOW = 1_795_824_000.0
"""2026-11-28, at midnight."""
TODAY = "2026-11-28"


class Shop:
    """`parameter` is what the stack's ModelOverrides says."""

    def __init__(self, parameter: str = "[]") -> None:
        self.store = MemoryVersions()
        self.parameter = parameter
        layers = Layers(partial(table.rows, parameter), partial(table.load, parameter))
        self.changes = CatalogueChanges(self.store, layers, lambda: NOW)

    def set(self, *rows: dict[str, Any], **more: bool) -> Change:
        return self.made(self.changes.set(rows, "alice", **more))

    def made(self, change: Change) -> Change:
        self.changes.apply(change)
        return change

    @property
    def stored(self) -> Any:
        return json.loads(self.changes.latest().rows)

    @property
    def catalogue(self) -> Catalogue:
        """As a function builds it."""
        return table.load(self.parameter, self.changes.latest().rows)


def row(name: str, **fields: Any) -> dict[str, Any]:
    provider, _, model = name.partition("/")
    return {"provider": provider, "name": model} | fields
