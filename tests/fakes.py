"""Stand-ins for what is outside, each with the behaviour that the port's contract suite asks of the real one."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from openmind_llm.domain.answers import Answer, StreamedAnswer
from openmind_llm.domain.attempts.attempts import Attempts
from openmind_llm.domain.attempts.health import Unwatched
from openmind_llm.domain.attempts.keyring import Keyring
from openmind_llm.domain.attempts.target import Patience, ProviderKey, Target
from openmind_llm.domain.catalogue import Catalogue, Provider, Route
from openmind_llm.domain.chunks import Chunk
from openmind_llm.domain.listing import Told, Unlisted
from openmind_llm.domain.requests import ChatRequest
from openmind_llm.domain.telemetry import Content, Summary
from openmind_llm.errors import UserNotFoundError


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

    async def complete(self, target: Target, request: ChatRequest, _: Patience) -> Answer:
        self.asked.append((target.route, request))
        if self.error:
            raise self.error
        return Answer(self.body, **self._answer)

    @asynccontextmanager
    async def stream(self, target: Target, request: ChatRequest, _: Patience) -> AsyncIterator[StreamedAnswer]:
        self.asked.append((target.route, request))
        if self.error:
            raise self.error
        yield StreamedAnswer(self._each(), **self._answer)

    async def _each(self) -> AsyncIterator[Chunk]:
        for one in self.chunks:
            if isinstance(one, Exception):
                raise one
            yield Chunk(json.dumps(one).encode(), one)


class Fixed:
    """See domain.catalogues.Catalogues. Always the same one."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def at_hand(self) -> Catalogue:
        return self._catalogue

    def now(self) -> Catalogue:
        return self._catalogue


class FakeProviderKeys:
    """See domain.ports.ProviderKeys. The same keys for every provider, named after their place."""

    def __init__(self, *secrets: str) -> None:
        self.keys = tuple(ProviderKey(f"key-{place}", secret) for place, secret in enumerate(secrets, 1))

    def is_at_hand(self) -> bool:
        return True

    def all(self, _: str) -> tuple[ProviderKey, ...]:
        return self.keys


async def no_sleep(_: float) -> None:
    """Time is told by the test's clock."""


def attempts(now: Callable[[], float], *secrets: str) -> Attempts:
    """With one key, unless the test names others."""
    keys = FakeProviderKeys(*secrets or ("sk-1",))
    return Attempts(keys, Unwatched(), Keyring(lambda: 0.5), now, no_sleep)


class FakeTelemetry:
    """See domain.telemetry.Telemetry. Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[Summary] = []
        self.contents: list[Content] = []

    def tell(self, summary: Summary) -> None:
        self.told.append(summary)

    def tell_content(self, content: Content, *, is_wanted: bool) -> None:
        if is_wanted:
            self.contents.append(content)


class FakeSignals:
    """See domain.telemetry.Signals. Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, float], dict[str, Any]]] = []

    def tell(self, what: str, counts: Mapping[str, float], facts: Mapping[str, Any] | None = None) -> None:
        self.told.append((what, dict(counts), dict(facts or {})))

    @property
    def counts(self) -> dict[str, float]:
        """Each metric, added up."""
        total: Counter[str] = Counter()
        for _, counts, _ in self.told:
            total.update(counts)
        return dict(total)


class FakeListings:
    """See domain.listing.Listings. Of a provider that is not in `told` there is no key."""

    def __init__(self, told: Mapping[str, Told]) -> None:
        self.told = told

    def all(self, providers: Iterable[Provider]) -> Mapping[str, Told]:
        return {one.name: self.told.get(one.name, Unlisted("no key", has_key=False)) for one in providers}


class FakeLogins:
    """See domain.ports.Logins: `login.<user>` is that user's login. Raises `error` where there is one."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.asked: list[str] = []

    def user(self, token: str) -> str:
        self.asked.append(token)
        if self.error:
            raise self.error
        word, _, user = token.partition(".")
        if word != "login" or not user:
            raise UserNotFoundError
        return user


class FakeClock:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now
