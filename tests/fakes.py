"""Stand-ins for what is outside, each with the behaviour that the port's contract suite asks of the real one."""

from collections.abc import Iterable
from dataclasses import replace

from openmind_llm.domain.keys import KeyRecord


class MemoryKeyStore:
    """See domain.ports.KeyStore. Counts its look-ups."""

    def __init__(self, records: Iterable[KeyRecord] = ()) -> None:
        self._records = {record.key_id: record for record in records}
        self.lookups = 0

    def get(self, key_id: str) -> KeyRecord | None:
        self.lookups += 1
        return self._records.get(key_id)

    def add(self, record: KeyRecord) -> None:
        if record.key_id in self._records:
            raise KeyError(record.key_id)
        self._records[record.key_id] = record

    def records(self, account_id: str | None = None) -> list[KeyRecord]:
        return [r for r in self._records.values() if account_id in (None, r.account_id)]

    def revoke(self, key_id: str) -> None:
        self._records[key_id] = replace(self._records[key_id], is_active=False)


class FakeClock:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now
