"""What operators have set of the catalogue, in memory: what several environments share in a test."""

import threading
from collections import Counter
from dataclasses import dataclass, field

from openmind_llm.domain.catalogue_changes import Version
from openmind_llm.domain.ledger.audit import AuditRow
from openmind_llm.errors import LedgerUnavailableError


@dataclass
class MemoryVersions:
    """See domain.catalogues.VersionStore and domain.catalogue_changes.ChangeStore.

    `calls` counts by name; while `is_down` all of them fail. `behind` is what a look sees instead of the newest.
    """

    is_down: bool = False
    behind: int | None = None
    stored: dict[int, Version] = field(default_factory=dict)
    audits: list[AuditRow] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def newest(self) -> int:
        self._called("newest")
        return max(self.stored, default=0) if self.behind is None else self.behind

    def rows(self, version: int) -> str | None:
        self._called("rows")
        return self.stored[version].rows if version in self.stored else None

    def latest(self) -> int:
        self._called("latest")
        return max(self.stored, default=0)

    def version(self, number: int) -> Version | None:
        self._called("version")
        return self.stored.get(number)

    def versions(self) -> list[Version]:
        self._called("versions")
        return [self.stored[number] for number in sorted(self.stored)]

    def add(self, version: Version, audit: AuditRow) -> bool:
        self._called("add")
        with self._lock:
            if version.number != max(self.stored, default=0) + 1:
                return False
            self.stored[version.number] = version
            self.audits.append(audit)
            return True

    def put(self, rows: str) -> int:
        """Past every check. The number of the version."""
        number = max(self.stored, default=0) + 1
        self.stored[number] = Version(number, rows, number, 0, "test", "set")
        return number

    def _called(self, name: str) -> None:
        self.calls[name] += 1
        if self.is_down:
            raise LedgerUnavailableError
