"""Calls of one service of AWS, by its JSON protocol."""

from __future__ import annotations

import itertools
import os
import random
import time
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from openmind_llm.storage.wire import payload, retries
from openmind_llm.storage.wire.connection import BrokenError, Peer
from openmind_llm.storage.wire.errors import AwsError, ServiceError, UnreachableError
from openmind_llm.storage.wire.pool import Pool
from openmind_llm.storage.wire.signing import Signer

if TYPE_CHECKING:
    from collections.abc import Callable

    from openmind_llm.storage.wire.connection import Answer
    from openmind_llm.storage.wire.place import Place

_OK = 200

_ONLY_ONCE = frozenset({"TransactWriteItems", "PutSecretValue"})
"""Operations that AWS does once, however often it is asked with one ClientRequestToken."""

_IN_TRACE = "-=;:+&[]{}\"',"
"""What botocore leaves as it is in the header of a trace."""


class Protocol(NamedTuple):
    """`name`: of the service, in signatures and hosts. `target`: what its operations' names begin with."""

    name: str
    target: str
    version: str
    variable: str
    """AWS_ENDPOINT_URL_…, which says where it is."""


DYNAMODB = Protocol("dynamodb", "DynamoDB_20120810", "1.0", "AWS_ENDPOINT_URL_DYNAMODB")
SECRETS_MANAGER = Protocol("secretsmanager", "secretsmanager", "1.1", "AWS_ENDPOINT_URL_SECRETS_MANAGER")


class Waiting(NamedTuple):
    """Seconds for a connection and for each part of an answer; `attempts` in all."""

    connect_s: float
    read_s: float
    attempts: int


class Timers(NamedTuple):
    """What tests stop."""

    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random


class Service:
    """Thread-safe; what it is called with must not change meanwhile."""

    def __init__(self, protocol: Protocol, place: Place, waiting: Waiting, timers: Timers | None = None) -> None:
        endpoint = place.endpoint(protocol)
        content_type = f"application/x-amz-json-{protocol.version}"
        self.name = protocol.name
        self._target = protocol.target
        self._attempts = waiting.attempts
        self._timers = timers or Timers()
        self._trace = place.trace
        self._signer = Signer(place.credentials, place.region, protocol.name, endpoint.host_header, content_type)
        self._pool = Pool(Peer(endpoint.host, endpoint.port, endpoint.tls, waiting.connect_s, waiting.read_s))
        self._head = (
            f"POST / HTTP/1.1\r\nHost: {endpoint.host_header}\r\nContent-Type: {content_type}\r\n"
            "User-Agent: openmind-llm\r\nAccept-Encoding: identity\r\n"
        )

    def close(self) -> None:
        """Of what is kept; who calls afterwards, connects anew."""
        self._pool.close()

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Raises ServiceError, UnreachableError."""
        if operation in _ONLY_ONCE:
            request = {"ClientRequestToken": os.urandom(16).hex(), **request}
        body = payload.encoded(request)
        for attempt in itertools.count(1):
            try:
                return self._tried(operation, body)
            except AwsError as error:
                if attempt >= self._attempts or not error.is_passing:
                    raise
            self._timers.sleep(retries.pause_s(attempt, self._timers.chance()))
        raise AssertionError  # the loop ends by its return or raise

    def _tried(self, operation: str, body: bytes) -> dict[str, Any]:
        try:
            answer = self._pool.ask(self._request(operation, body))
            return self._read(operation, answer)
        except BrokenError as error:
            raise UnreachableError(operation, error.why) from None

    def _request(self, operation: str, body: bytes) -> bytes:
        """Signed anew for each attempt."""
        target = f"{self._target}.{operation}"
        signed = self._signer.lines(target, body, self._timers.now())
        trace = self._trace()
        traced = f"X-Amzn-Trace-Id: {quote(trace, safe=_IN_TRACE)}\r\n" if trace else ""
        head = f"{self._head}X-Amz-Target: {target}\r\n{signed}{traced}Content-Length: {len(body)}\r\n\r\n"
        return head.encode() + body

    def _read(self, operation: str, answer: Answer) -> dict[str, Any]:
        told = answer.headers.get("x-amz-crc32")
        if told is not None and told != str(zlib.crc32(answer.body)):
            raise BrokenError("WrongChecksum")
        try:
            read = payload.decoded(answer.body)
        except ValueError:
            if answer.status == _OK:
                raise BrokenError("NoJson") from None
            read = {}
        if answer.status == _OK:
            return read
        raise _refusal(operation, answer.status, read)


def _refusal(operation: str, status: int, read: dict[str, Any]) -> ServiceError:
    code = str(read.get("__type") or status).rpartition("#")[2]
    message = str(read.get("message") or read.get("Message") or "").partition("\n")[0]  # below it may quote the request
    reasons = tuple(str(one.get("Code", "None")) for one in read.get("CancellationReasons") or ())
    is_passing = status in retries.STATUSES or code in retries.CODES
    return ServiceError(operation, code, message, reasons, is_passing=is_passing)
