"""Answers in DynamoDB, in parts that fit into its items. The gateway stores no other content but the cache's."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from openmind_llm.errors import LedgerUnavailableError
from openmind_llm.storage import claims
from openmind_llm.storage.availability import available
from openmind_llm.storage.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from openmind_llm.domain.idempotency import Claim, Record
    from openmind_llm.storage.wire.operations import DynamoDB

logger = logging.getLogger(__name__)


class DynamoAnswers:
    """See domain.idempotency.AnswerStore."""

    def __init__(self, client: DynamoDB, table: str) -> None:
        self._table = Table(client, table)

    @available
    def record(self, account_id: str, record_id: str) -> Record | None:
        found = self._table.get(claims.record_key(account_id, record_id))
        return claims.record(account_id, record_id, found) if found else None

    @available
    def write_parts(self, claim: Claim, parts: Sequence[bytes]) -> None:
        for number, part in enumerate(parts):
            self._table.put(claims.part_key(claim, number) | {"content": {"B": part}, "ttl": {"N": str(claim.ttl)}})

    @available
    def parts(self, record: Record) -> list[bytes]:
        count = record.kept.parts if record.kept else 0
        found = self._table.batch([claims.part_key(record.claim, number) for number in range(count)])
        if len(found) < count:
            facts = {"request_id": record.claim.request_id, "parts": count, "found": len(found)}
            logger.error("parts of an answer are missing", extra=facts)
            raise LedgerUnavailableError
        return [part["content"] for part in sorted(found, key=lambda part: str(part["sk"]))]
