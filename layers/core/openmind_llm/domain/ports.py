"""What the domain needs from outside.

Implementations live in `storage`, `providers` and `identity`, fakes in the tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from openmind_llm.domain.answers import Answer, StreamedAnswer
    from openmind_llm.domain.catalogue import Route
    from openmind_llm.domain.keys import KeyRecord
    from openmind_llm.domain.requests import ChatRequest
    from openmind_llm.domain.usage import UsageEntry


class KeyStore(Protocol):
    """Where key records live. Blocking: one short call each."""

    def get(self, key_id: str) -> KeyRecord | None: ...

    def add(self, record: KeyRecord) -> None:
        """Raises KeyError if the id is taken."""

    def records(self, account_id: str | None = None) -> list[KeyRecord]:
        """All records, or one account's, revoked ones too."""

    def revoke(self, key_id: str) -> None:
        """Raises KeyError if there is no such key."""


class Logins(Protocol):
    """Who a user is, by the word of whoever the operator lets users log in with."""

    def user(self, token: str) -> str:
        """The user id (`sub`) of a valid login. Blocking: at times it asks the issuer.

        Raises UserNotFoundError and IdentityUnavailableError.
        """


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


class UsageLog(Protocol):
    """Where it is written down who used what. Blocking: one short call each, which raises nothing.

    A request is opened before its provider is asked, so that even a function that is killed leaves a trace of it.
    """

    def open(self, entry: UsageEntry) -> None:
        """With an estimate of the input, for the case that nothing more is ever heard of the request."""

    def close(self, entry: UsageEntry) -> None:
        """With what the answer used. Once: a request that is closed stays as it is."""

    def forget(self, entry: UsageEntry) -> None:
        """There was no answer, and so no usage."""
