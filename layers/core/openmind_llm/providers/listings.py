"""Asks providers for their lists of models, and whether they know a key: GET requests, which cost nothing there.

Bounded in size and time. No redirect is followed, a key goes into one header alone, and nothing that a provider says
in a refusal is told.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence

from openmind_llm import __version__
from openmind_llm.domain.attempts.target import ProviderKey
from openmind_llm.domain.catalogue import Provider
from openmind_llm.domain.listing import KeyRefusedError, KeyUntriedError, Told, Unlisted
from openmind_llm.providers import client, listed, refusals
from openmind_llm.providers.client import Reply
from openmind_llm.providers.http.client import HttpClient
from openmind_llm.providers.http.client import client as http_client
from openmind_llm.providers.http.errors import HttpError
from openmind_llm.providers.http.requests import Request
from openmind_llm.providers.listed import NoListError

MAX_LIST_BYTES = 8 * 1024 * 1024
"""OpenRouter's, the longest, has about one."""

TIMEOUT_S = 20.0
"""Of one request, whatever comes of it."""

MOST_KEYS = 5
"""Of one provider that are tried for its list."""

REFUSED = ("provider_key", "forbidden")


class HttpListings:
    """See domain.listing.Listings. `keys` gives the operator's keys of a provider."""

    def __init__(self, keys: Callable[[str], Sequence[ProviderKey]], timeout_s: float = TIMEOUT_S) -> None:
        self._keys = keys
        self._timeout_s = timeout_s

    def all(self, providers: Iterable[Provider]) -> Mapping[str, Told]:
        """All at once: a provider that is slow keeps none of the others waiting."""
        return asyncio.run(self._all(list(providers)))

    def try_key(self, provider: Provider, secret: str) -> bool:
        """Whether the provider knows the key; False where nothing that is free tells.

        Raises KeyRefusedError and KeyUntriedError.
        """
        if not provider.listing.key_path:
            return False
        reply = asyncio.run(self._tried(provider, secret))
        means = "" if reply.is_success else _meaning(provider, reply)
        if means in REFUSED:
            raise KeyRefusedError(f"{provider.title} refuses the key (status {reply.status})")
        if means:
            raise KeyUntriedError(f"{provider.title} says nothing of the key (status {reply.status})")
        return True

    async def _all(self, providers: list[Provider]) -> dict[str, Told]:
        async with http_client() as http:
            told = await asyncio.gather(*(self._told(http, provider) for provider in providers))
        return {provider.name: one for provider, one in zip(providers, told, strict=True)}

    async def _told(self, http: HttpClient, provider: Provider) -> Told:
        """By the first key that is let in."""
        reason = ""
        for key in self._keys(provider.name)[:MOST_KEYS]:
            try:
                reply = await self._asked(http, provider, provider.listing.path, key.secret)
                if reply.is_success:
                    return listed.read(provider.listing, refusals.parse(reply.body))
            except (KeyUntriedError, NoListError) as error:
                return Unlisted(str(error), has_key=True)
            reason = f"status {reply.status}"
            if _meaning(provider, reply) not in REFUSED:
                break
            reason += f", key {key.key_id} is refused"
        return Unlisted(reason, has_key=True) if reason else Unlisted("no key", has_key=False)

    async def _tried(self, provider: Provider, secret: str) -> Reply:
        async with http_client() as http:
            return await self._asked(http, provider, provider.listing.key_path, secret)

    async def _asked(self, http: HttpClient, provider: Provider, path: str, secret: str) -> Reply:
        """Raises KeyUntriedError where no answer came."""
        headers = {"authorization": f"Bearer {secret}", "user-agent": f"openmind-llm/{__version__}"}
        deadline = asyncio.get_running_loop().time() + self._timeout_s
        try:
            request = Request("GET", f"{provider.base_url}{path}", headers)
            return await client.exchange(http, request, secret, MAX_LIST_BYTES, deadline)
        except (HttpError, TimeoutError) as error:
            raise KeyUntriedError(f"no answer: {type(error).__name__}") from None


def _meaning(provider: Provider, reply: Reply) -> str:
    return refusals.meaning(provider, reply.status, refusals.told(reply.body))
