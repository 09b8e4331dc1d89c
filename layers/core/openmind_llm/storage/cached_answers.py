"""The cache of answers in DynamoDB, one item each, which goes when its `ttl` has passed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from openmind_llm.domain.response_cache import CachedAnswer
from openmind_llm.domain.taping import Stored
from openmind_llm.storage import items
from openmind_llm.storage.availability import available
from openmind_llm.storage.claims import STREAM, WHOLE
from openmind_llm.storage.table import Table

if TYPE_CHECKING:
    from openmind_llm.domain.ports import Plain
    from openmind_llm.domain.response_cache import Place
    from openmind_llm.storage.items import Item
    from openmind_llm.storage.wire.operations import DynamoDB


class DynamoCache:
    """See domain.response_cache.CacheStore."""

    def __init__(self, client: DynamoDB, table: str) -> None:
        self._table = Table(client, table)

    @available
    def answer(self, place: Place) -> CachedAnswer | None:
        found = self._table.get(key(place))
        return _answer(found) if found else None

    @available
    def put(self, place: Place, answer: CachedAnswer) -> None:
        stored = answer.stored
        values: dict[str, Plain] = {
            "request_id": stored.request_id,
            "kind": STREAM if stored.is_stream else WHOLE,
            "headers": json.dumps(dict(stored.headers)),
            "stored_at": answer.stored_at,
            "ttl": answer.expires_at,
        }
        self._table.put(key(place) | items.typed(values) | {"content": {"B": b"".join(stored.parts)}})


def key(place: Place) -> Item:
    return items.key(f"CACHE#{place.account_id}#{place.identity}", "ANSWER")


def _answer(values: dict[str, Any]) -> CachedAnswer:
    headers = json.loads(values["headers"])
    stored = Stored(values["request_id"], values["kind"] == STREAM, headers, [values["content"]])
    return CachedAnswer(stored, values["stored_at"], values["ttl"])
