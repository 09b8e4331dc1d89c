"""Stand-ins for what is outside, each with the behaviour that the port's contract suite asks of the real one."""

import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from openmind_llm.domain.answers import Answer, StreamedAnswer
from openmind_llm.domain.catalogue import Route
from openmind_llm.domain.chunks import Chunk
from openmind_llm.domain.keys import KeyRecord
from openmind_llm.domain.requests import ChatRequest
from openmind_llm.domain.usage import UsageEntry


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


class MemoryUsageLog:
    """See domain.ports.UsageLog."""

    def __init__(self) -> None:
        self.entries: list[UsageEntry] = []

    def open(self, entry: UsageEntry) -> None:
        self.entries.append(entry)

    def close(self, entry: UsageEntry) -> None:
        (known,) = (one for one in self.entries if one.request_id == entry.request_id)
        assert known.outcome == "open", "a request is closed once"
        self.entries[self.entries.index(known)] = entry

    def forget(self, entry: UsageEntry) -> None:
        self.entries = [one for one in self.entries if one.request_id != entry.request_id]


class FakeUpstreamPort:
    """See domain.ports.Upstream. Gives `body` as the answer, or raises `error` where there is one.

    A stream gives `chunks` in their order; an exception among them is raised in its turn.
    """

    def __init__(self, body: dict[str, Any], **answer: Any) -> None:
        self.body = body
        self.error: BaseException | None = None
        self.chunks: list[dict[str, Any] | Exception] = []
        self.asked: list[tuple[Route, ChatRequest]] = []
        self._answer = answer

    async def complete(self, route: Route, request: ChatRequest) -> Answer:
        self.asked.append((route, request))
        if self.error:
            raise self.error
        return Answer(self.body, **self._answer)

    @asynccontextmanager
    async def stream(self, route: Route, request: ChatRequest) -> AsyncIterator[StreamedAnswer]:
        self.asked.append((route, request))
        if self.error:
            raise self.error
        yield StreamedAnswer(self._each(), **self._answer)

    async def _each(self) -> AsyncIterator[Chunk]:
        for one in self.chunks:
            if isinstance(one, Exception):
                raise one
            yield Chunk(json.dumps(one).encode(), one)


class FakeClock:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now
