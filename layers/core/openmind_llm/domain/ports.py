"""What the domain needs from outside.

Implementations live in `storage`, `providers` and `identity`, fakes in the tests.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Protocol

from openmind_llm.classes import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from openmind_llm.domain.answers import Answer, StreamedAnswer
    from openmind_llm.domain.attempts.target import Patience, ProviderKey, Target
    from openmind_llm.domain.catalogue import Route
    from openmind_llm.domain.keys import KeyRecord
    from openmind_llm.domain.ledger.admission import Admission
    from openmind_llm.domain.ledger.audit import AuditRow
    from openmind_llm.domain.ledger.counters import Counters, Move
    from openmind_llm.domain.ledger.credit import Renewal
    from openmind_llm.domain.ledger.rows import Entry, Hold, RollupKey
    from openmind_llm.domain.ledger.settlement import Settlement
    from openmind_llm.domain.ledger.standing import Account, Standing
    from openmind_llm.domain.requests import ChatRequest


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """An account with its counters."""

    account: Account
    counters: Counters


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A key with its counters."""

    record: KeyRecord
    counters: Counters


class AccountStore(Protocol):
    """Where accounts and keys are changed. Blocking; each raises LedgerUnavailableError.

    Each change is one write, with its audit row; it is False, and nothing is written, where something is no longer as
    the change was reckoned from.
    """

    def account(self, account_id: str) -> KnownAccount | None: ...

    def accounts(self) -> Iterator[KnownAccount]:
        """All: for an operator, never for a request."""

    def open(self, account: Account, counters: Counters, audit: AuditRow) -> Written:
        """ALREADY if there is one; STALE while somebody else is at it."""

    def change(
        self, account_id: str, moves: tuple[Move, ...], values: Mapping[str, Plain], audit: AuditRow
    ) -> bool: ...

    def key(self, key_id: str) -> KnownKey | None:
        """Whosever it is; a revoked one, too."""

    def keys(self, account_id: str) -> list[KnownKey]:
        """Revoked ones, too. One that was made in the last second may not be among them."""

    def add_key(self, record: KeyRecord, account_moves: tuple[Move, ...], audit: AuditRow) -> Written:
        """ALREADY where its id is taken, whosever key that is."""

    def change_key(self, record: KeyRecord, version: int, account_moves: tuple[Move, ...], audit: AuditRow) -> bool:
        """Everything that is set of it; `version` is the one that it had."""

    def audit(self, account_id: str) -> Iterator[AuditRow]:
        """In the order of time."""


class ReportStore(Protocol):
    """Where it is looked up what was used. Blocking; each raises LedgerUnavailableError."""

    def rollups(self, account_id: str, first: str, last: str) -> list[tuple[RollupKey, Counters]]:
        """Of the days from `first` to `last`, both within, in any order."""

    def row(self, account_id: str, request_id: str) -> Hold | Entry | None:
        """A hold, where the request has not ended."""

    def rows(self, account_id: str, since: str = "", until: str = "") -> list[Hold | Entry]:
        """Those whose id is not before `since`, and not after `until`: for an operator, never for a request."""


class Adjust(Protocol):
    """What a provider needs changed in a body: what `Upstream` sends, without sending it."""

    def __call__(self, body: dict[str, Any], route: Route) -> tuple[dict[str, Any], tuple[str, ...]]:
        """The body to send, and the list of changes; `body` itself is left alone."""


class Logins(Protocol):
    """Who a user is, by the word of whoever the operator lets users log in with."""

    def user(self, token: str) -> str:
        """The user id (`sub`) of a valid login. Blocking: at times it asks the issuer.

        Raises UserNotFoundError and IdentityUnavailableError.
        """


class ProviderKeys(Protocol):
    """Where the operator's provider keys live."""

    def all(self, provider: str) -> Sequence[ProviderKey]:
        """Empty where none is configured. Blocking, unless they are at hand."""

    def is_at_hand(self) -> bool:
        """Whether `all` says at once what it has read before."""


class Upstream(Protocol):
    """The way to the providers."""

    async def complete(self, target: Target, request: ChatRequest, patience: Patience) -> Answer:
        """One buffered completion.

        Raises InvalidRequestError, RateLimitError, ModelNotServedError, ProviderNotConfiguredError and
        ProviderUnavailableError; `means` of each is a row of domain.attempts.table.
        """

    def stream(
        self, target: Target, request: ChatRequest, patience: Patience
    ) -> AbstractAsyncContextManager[StreamedAnswer]:
        """One streamed completion. Entered once its first chunk is in; up to then it raises what `complete` raises."""


type Plain = str | int | bool | frozenset[str] | None
"""A value that can be set; None, or an empty set, takes it away."""


class Written(Enum):
    """What became of a conditional write."""

    DONE = auto()
    STALE = auto()
    """Nothing was written: what it was reckoned from is no longer so."""
    ALREADY = auto()
    """It was written before."""
    TAKEN = auto()
    """Nothing was written: another request has the record that it claims."""


class LedgerStore(Protocol):
    """Where accounts, holds and charges live. Blocking; each raises LedgerUnavailableError.

    A write is made as a whole or not at all, and only once however often it is repeated.
    """

    def standing(self, key_id: str, account_id: str | None = None) -> Standing | None:
        """As of now. With the account's id, where it is known, it takes one round trip instead of two."""

    def hold(self, account_id: str, request_id: str) -> Hold | None:
        """None where there is none, or it is settled."""

    def admit(self, admission: Admission) -> Written:
        """With its claim. TAKEN goes before STALE."""

    def settle(self, settlement: Settlement) -> Written:
        """With what is kept of the answer; else the claim is removed. A record that is another's by now stays."""

    def rule_out(self, entry: Entry) -> Written:
        """Writes the row of a request that was not sent, so that its hold cannot be placed any more.

        ALREADY if there is a row: then the hold was placed.
        """

    def renew(self, renewal: Renewal) -> Written: ...

    def expired_holds(self, now_s: int) -> list[tuple[str, str]]:
        """Account and request of each; some may be settled by now."""
