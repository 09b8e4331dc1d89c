"""Stand-ins for what is outside, each with the behaviour that the port's contract suite asks of the real one."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from openmind_llm.domain.answers import Answer
from openmind_llm.domain.catalogue import Route
from openmind_llm.domain.keys import KeyRecord
from openmind_llm.domain.requests import ChatRequest
from openmind_llm.errors import GatewayError


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


class FakeUpstreamPort:
    """See domain.ports.Upstream. Gives `body` as the answer, or raises `error` where there is one."""

    def __init__(self, body: dict[str, Any], **answer: Any) -> None:
        self.body = body
        self.error: GatewayError | None = None
        self.asked: list[tuple[Route, ChatRequest]] = []
        self._answer = answer

    async def complete(self, route: Route, request: ChatRequest) -> Answer:
        self.asked.append((route, request))
        if self.error:
            raise self.error
        return Answer(self.body, **self._answer)


class FakeClock:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now
