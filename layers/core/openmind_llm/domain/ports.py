"""What the domain needs from outside. Implementations live in `storage` and `providers`, fakes in the tests."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from openmind_llm.domain.answers import Answer, StreamedAnswer
    from openmind_llm.domain.catalogue import Route
    from openmind_llm.domain.keys import KeyRecord
    from openmind_llm.domain.ledger.admission import Admission
    from openmind_llm.domain.ledger.credit import Renewal
    from openmind_llm.domain.ledger.rows import Hold
    from openmind_llm.domain.ledger.settlement import Settlement
    from openmind_llm.domain.ledger.standing import Standing
    from openmind_llm.domain.requests import ChatRequest


class KeyStore(Protocol):
    """Where key records live. Blocking: one short call each."""

    def get(self, key_id: str) -> KeyRecord | None: ...

    def add(self, record: KeyRecord) -> None:
        """Raises KeyError if the id is taken."""

    def records(self, account_id: str | None = None) -> list[KeyRecord]:
        """All records, or one account's, revoked ones too."""

    def revoke(self, key_id: str) -> None:
        """Raises KeyError if there is no such key."""


class ProviderKeys(Protocol):
    """Where the operator's provider keys live."""

    def get(self, provider: str) -> str | None:
        """The key, or None where none is configured. Blocking, but for a short time at most once in a while."""


class Upstream(Protocol):
    """The way to the providers."""

    async def complete(self, route: Route, request: ChatRequest) -> Answer:
        """One buffered completion.

        Raises InvalidRequestError, RateLimitError, ModelNotServedError, ProviderNotConfiguredError and
        ProviderUnavailableError.
        """

    def stream(self, route: Route, request: ChatRequest) -> AbstractAsyncContextManager[StreamedAnswer]:
        """One streamed completion. Entered once its first chunk is in; up to then it raises what `complete` raises."""


class Written(Enum):
    """What became of a conditional write."""

    DONE = auto()
    STALE = auto()
    """Nothing was written: what it was reckoned from is no longer so."""
    ALREADY = auto()
    """It was written before."""


class LedgerStore(Protocol):
    """Where accounts, holds and charges live. Blocking; each raises LedgerUnavailableError.

    A write is made as a whole or not at all, and only once however often it is repeated.
    """

    def standing(self, key_id: str, account_id: str | None = None) -> Standing | None:
        """As of now. With the account's id, where it is known, it takes one round trip instead of two."""

    def hold(self, account_id: str, request_id: str) -> Hold | None:
        """None where there is none, or it is settled."""

    def admit(self, admission: Admission) -> Written: ...

    def settle(self, settlement: Settlement) -> Written: ...

    def renew(self, renewal: Renewal) -> Written: ...

    def expired_holds(self, now_s: int) -> list[Hold]: ...
