"""What operators have set of the catalogue, in DynamoDB: a pointer of some bytes, and an item for each version.

The pointer is what every environment reads again and again: half a read unit, however much is set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openmind_llm.domain.catalogue_changes import Version
from openmind_llm.storage import items, records
from openmind_llm.storage.availability import available
from openmind_llm.storage.table import Table

if TYPE_CHECKING:
    from openmind_llm.domain.ledger.audit import AuditRow
    from openmind_llm.storage.items import Item
    from openmind_llm.storage.wire.operations import DynamoDB

_PARTITION = "CATALOGUE"
_CURRENT = items.key(_PARTITION, "CURRENT")
_PREFIX = "VERSION#"


class DynamoCatalogue:
    """See domain.catalogues.VersionStore and domain.catalogue_changes.ChangeStore."""

    def __init__(self, client: DynamoDB, table: str) -> None:
        self._table = Table(client, table)

    @available
    def newest(self) -> int:
        return int(self._table.glance(_CURRENT).get("version", 0))

    @available
    def rows(self, version: int) -> str | None:
        found = self._table.get(_key(version))
        return str(found["rows"]) if "rows" in found else None

    @available
    def version(self, number: int) -> Version | None:
        found = self._table.get(_key(number))
        return _version(found) if found else None

    @available
    def latest(self) -> int:
        return int(self._table.get(_CURRENT).get("version", 0))

    @available
    def versions(self) -> list[Version]:
        values = {":pk": {"S": _PARTITION}, ":prefix": {"S": _PREFIX}}
        found = self._table.query("pk = :pk AND begins_with(sk, :prefix)", values, ConsistentRead=True)
        return [_version(one) for one in found]

    @available
    def add(self, version: Version, audit: AuditRow) -> bool:
        before, pointer = version.number - 1, self._table.update(_CURRENT)
        pointer = pointer.only_if("version", before) if before else pointer.only_without("version")
        moved = pointer.sets({"version": version.number, "changed_at": version.at, "actor": version.actor})
        values = {name: getattr(version, name) for name in ("rows", "origin", "at", "actor", "action")}
        new = self._table.new(_key(version.number) | items.typed(values))
        return not self._table.write(moved.operation(), new, self._table.new(records.audit_item(audit)))


def _key(version: int) -> Item:
    """In the order of their numbers."""
    return items.key(_PARTITION, f"{_PREFIX}{version:010d}")


def _version(values: dict[str, Any]) -> Version:
    named = {name: values[name] for name in ("rows", "origin", "at", "actor", "action")}
    return Version(number=int(values["sk"].removeprefix(_PREFIX)), **named)
