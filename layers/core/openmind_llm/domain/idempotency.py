"""What an `Idempotency-Key` promises: for 24 hours one answer, and one charge, to one body.

Nothing of this applies to a request without the header: of such a request no content is stored, unless it asks for
that otherwise (domain.response_cache). With it, the answer lies compressed in the operator's table, encrypted at rest,
until the 24 hours are over.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Protocol

from openmind_llm.classes import dataclass
from openmind_llm.errors import GatewayError, InvalidRequestError

HEADER = "Idempotency-Key"
KEPT_S = 24 * 60 * 60
MOST_BYTES = 6_000_000
"""Of one answer, compressed. A larger one is not kept."""

PART_BYTES = 350_000
"""An item of DynamoDB holds 400 kB, its names included."""

KEPT_OUTCOMES = ("completed", "client_gone")
"""Of answers that may be kept, if they were read to their end. After any other a retry is a new attempt."""

KEPT_HEADERS = (
    "x-openmind-adjusted",
    "x-openmind-usage",
    "x-openmind-provider-request-id",
    "x-openmind-served-by",
    "x-openmind-simulated",
)
"""Headers that describe an answer, whenever it is given. The others tell of the moment."""

_KEY = re.compile(r"[\x20-\x7e]{1,255}")


class StillRunningError(GatewayError):
    """A request with the same key is not done yet."""

    status = 409
    may_retry = True
    code = "idempotency_key_in_use"
    text = "A request with this Idempotency-Key is still running"
    wait_s = 1


class AnswerNotKeptError(GatewayError):
    """The request with this key is done and charged, and no repeat can have its answer."""

    status = 409
    code = "answer_not_kept"
    text = (
        "The request with this Idempotency-Key was completed, but its answer was too large to be stored. "
        "To ask anew, and be charged anew, send another key."
    )


class IdempotencyKeyReusedError(GatewayError):
    """The key belongs to another body, or another provider."""

    status = 422
    code = "idempotency_key_reused"
    text = "This Idempotency-Key was sent before with another body or provider"


@dataclass(frozen=True, slots=True)
class Claim:
    """Placed with the hold of a request, so that no other can run under its key. Times are seconds since the epoch.

    `record_id` is the SHA-256 of the key, within the account. `hold_expires_at`: after it, whoever placed it is dead.
    """

    account_id: str
    record_id: str
    body_hash: str
    request_id: str
    placed_at: int
    hold_expires_at: int
    ttl: int


@dataclass(frozen=True, slots=True)
class Kept:
    """What is stored of an answer beside its parts; no parts: it was too large to be stored."""

    is_stream: bool
    headers: Mapping[str, str]
    parts: int


@dataclass(frozen=True, slots=True)
class Record:
    """A claim, and what came of it; nothing yet while it runs."""

    claim: Claim
    kept: Kept | None = None


class AnswerStore(Protocol):
    """Where records and answers are read, and answers written. Blocking; each raises LedgerUnavailableError.

    Records are written with the hold and the charge: see domain.ports.LedgerStore.
    """

    def record(self, account_id: str, record_id: str) -> Record | None:
        """As of now; it may have expired."""

    def write_parts(self, claim: Claim, parts: Sequence[bytes]) -> None:
        """Parts that no record tells of yet are seen by nobody."""

    def parts(self, record: Record) -> list[bytes]:
        """All, in their order."""


def record_id(key: str) -> str:
    """Raises InvalidRequestError for what cannot be a key."""
    if not _KEY.fullmatch(key):
        raise InvalidRequestError(f"{HEADER} must be given once, as 1 to 255 printable ASCII characters")
    return hashlib.sha256(key.encode()).hexdigest()


def body_hash(provider: str, raw: bytes) -> str:
    """Of all that makes two requests the same one."""
    return hashlib.sha256(provider.encode(errors="replace") + b"\n" + raw).hexdigest()


def is_free(record: Record, now_s: float) -> bool:
    """Whether another request may take the record's place."""
    claim = record.claim
    return now_s >= claim.ttl or (record.kept is None and now_s >= claim.hold_expires_at)


def kept_for(record: Record, body_hash: str) -> Kept:
    """Raises IdempotencyKeyReusedError, StillRunningError and AnswerNotKeptError."""
    if record.claim.body_hash != body_hash:
        raise IdempotencyKeyReusedError
    if record.kept is None:
        raise StillRunningError
    if not record.kept.parts:
        raise AnswerNotKeptError
    return record.kept


def described(headers: Mapping[str, str]) -> dict[str, str]:
    """Those that describe the answer."""
    return {name: headers[name] for name in KEPT_HEADERS if name in headers}
