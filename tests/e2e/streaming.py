"""A client that reads a streamed answer event by event, and what was written down of the answer."""

import http.client
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3

from dev import seed
from openmind_llm.storage import items
from tests import canaries
from tests.doors import HttpDoor
from tests.e2e.conftest import ACCOUNT, BEARER, JSON, chat

TIMEOUT_S = 30
CLOSING_S = 5
"""How late a row may be settled; one that is still held then stays so."""

KEEP_ALIVE = b": keep-alive"


@dataclass(frozen=True)
class Answer:
    """A response whose head is in."""

    reply: http.client.HTTPResponse

    @property
    def status(self) -> int:
        return self.reply.status

    @property
    def request_id(self) -> str:
        return self.reply.headers["x-request-id"]

    def events(self) -> Iterator[bytes]:
        """The data of each event as it arrives; comments are passed over."""
        while line := self.reply.readline():
            canaries.look_through("event", [line.decode(errors="replace")])
            if line.startswith(b"data: "):
                yield line.removeprefix(b"data: ").removesuffix(b"\n")

    def chunks(self) -> list[Any]:
        """All of a whole stream but its last word, which has to be `[DONE]`."""
        *chunks, done = self.events()
        assert done == b"[DONE]", done
        return [json.loads(one) for one in chunks]

    def broken(self) -> tuple[list[Any], Any]:
        """The chunks of a stream that failed, and its error."""
        *chunks, error = map(json.loads, self.events())
        assert error.keys() == {"error"}
        assert error["error"].keys() == {"message", "type", "code"}
        return chunks, error["error"]


@contextmanager
def asked(door: HttpDoor, provider: str = "openai", **body: Any) -> Iterator[Answer]:
    """Leaving early closes the connection."""
    connection = http.client.HTTPConnection("127.0.0.1", door.port, timeout=TIMEOUT_S)
    content = json.dumps(chat(stream=True) | body).encode()
    try:
        connection.request("POST", f"{door.prefix}/api/core/{provider}/chat/completions", content, BEARER | JSON)
        with connection.getresponse() as reply:
            yield Answer(reply)
    finally:
        connection.close()


class LedgerRows:
    """What has been written down since it was made."""

    def __init__(self, account: str = ACCOUNT) -> None:
        self._account = account
        self._client = boto3.client("dynamodb")
        self._known = {row["sk"]["S"] for row in self._rows()}

    def one(self) -> dict[str, Any]:
        """The one new row."""
        (row,) = self.all(1)
        return row

    def all(self, number: int) -> list[dict[str, Any]]:
        """So many new rows: they are settled when their answers have ended, so that may be a moment late."""
        until = time.monotonic() + CLOSING_S
        while len(new := self._new()) < number or any(row["state"] == "held" for row in new):
            if time.monotonic() > until:
                break
        assert len(new) == number
        return new

    def none(self) -> bool:
        return not self._new()

    def _new(self) -> list[dict[str, Any]]:
        return [items.plain(row) for row in self._rows() if row["sk"]["S"] not in self._known]

    def _rows(self) -> list[dict[str, Any]]:
        account = {":account": {"S": f"LEDGER#{self._account}"}}
        pages = self._client.get_paginator("query").paginate(
            TableName=seed.TABLE, KeyConditionExpression="pk = :account", ExpressionAttributeValues=account
        )
        return [row for page in pages for row in page["Items"]]
