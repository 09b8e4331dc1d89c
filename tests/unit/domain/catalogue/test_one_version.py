"""A request goes by one version of the catalogue from its start to its end."""

import asyncio
import json
from typing import Any

import pytest

from openmind_llm.domain import pricing
from openmind_llm.domain.caching import Asked
from openmind_llm.domain.catalogue_rows import NewPrice
from openmind_llm.domain.catalogues import CatalogueUnusableError, StoredCatalogues
from openmind_llm.domain.completions import Call, Completions, Times
from openmind_llm.domain.quotes import Quotes
from openmind_llm.domain.usage import Usage
from openmind_llm.errors import GatewayError, LedgerUnavailableError
from openmind_llm.providers import dialect, table
from tests import memory_cache
from tests.fake_upstream import completion
from tests.fakes import FakeClock, FakeSignals, FakeTelemetry, FakeUpstreamPort, attempts
from tests.memory_ledger import ledger, open_store
from tests.unit.domain.catalogue.changing import NOW, TODAY, Shop, row
from tests.unit.domain.catalogue.test_catalogues import MAX_AGE_S
from tests.unit.domain.completing import CALLER, PLANS, USER

DEARER = NewPrice(TODAY, {}, {"input": 1_000_000, "output": 2_000_000})


class ChangedMeanwhile(FakeUpstreamPort):
    """While it answers, a new price is set, and the environment has looked."""

    def __init__(self, environment: "Environment") -> None:
        super().__init__(completion())
        self._environment = environment
        self.changes: list[NewPrice] = []

    async def complete(self, *asked: Any) -> Any:
        for price in self.changes:
            self._environment.shop.made(self._environment.shop.changes.reprice("openai/gpt-4o", price, {}, "alice"))
            self._environment.clock.now += MAX_AGE_S
            self._environment.known.now()
        self.changes = []
        return await super().complete(*asked)


class Environment:
    """One, whose catalogue operators change."""

    def __init__(self) -> None:
        self.shop, self.clock, self.telemetry = Shop(), FakeClock(), FakeTelemetry()
        self.clock.now = NOW
        self.known = StoredCatalogues(
            table.load(), lambda rows, version: table.load(rows, version=version), self.shop.store, FakeSignals(),
            self.clock, MAX_AGE_S,
        )  # fmt: skip
        self.port, self.store = ChangedMeanwhile(self), open_store()
        self.ledger = ledger(self.store, PLANS, self.clock)
        times = Times(drain_s=1)
        self.completions = Completions(
            self.known, self.port, attempts(self.clock), self.ledger, self.clock, times, telemetry=self.telemetry
        )

    def ask(self, name: str = "request-1", cache_control: str | None = None) -> dict[str, str]:
        raw = json.dumps({"model": "gpt-4o", "messages": [USER]}).encode()
        caching = memory_cache.caching(self.completions, self.ledger, self.store, self.clock)

        async def asked() -> dict[str, str]:
            async with caching.open(Call(CALLER, "openai", raw, name), Asked(None, cache_control)) as reply:
                async for _ in reply.payloads:
                    pass
                return reply.headers

        return asyncio.run(asked())

    def charged(self, name: str = "request-1") -> tuple[int, int, str]:
        """What was, and what would be by the price of now; and the version that the row names."""
        entry = self.store.entries[name]
        price = self.known.now().resolve("openai", "gpt-4o", TODAY).price
        return entry.charge, pricing.charge(price, entry.usage), entry.hold.price_version


@pytest.fixture
def environment() -> Environment:
    return Environment()


def test_a_new_price_is_charged_from_the_next_request_on(environment: Environment) -> None:
    environment.ask()
    cheap, _, _ = environment.charged()
    environment.shop.made(environment.shop.changes.reprice("openai/gpt-4o", DEARER, {}, "alice"))
    environment.clock.now += MAX_AGE_S

    environment.ask("request-2")

    charged, by_the_new_price, version = environment.charged("request-2")
    assert (charged, version) == (by_the_new_price, TODAY)
    assert charged > cheap


@pytest.mark.parametrize("cache_control", [None, "max-age=60"])
def test_a_price_that_is_set_while_the_provider_answers_is_not_the_requests(
    environment: Environment, cache_control: str | None
) -> None:
    environment.port.changes = [DEARER]

    environment.ask(cache_control=cache_control)

    charged, by_the_new_price, version = environment.charged()
    assert charged < by_the_new_price
    assert version == "2026-11-23"
    assert environment.telemetry.told[0].facts["catalogue_version"] == 0


def test_a_cached_answer_is_looked_up_and_made_by_one_look(environment: Environment) -> None:
    environment.ask(cache_control="max-age=60")

    assert environment.shop.store.calls["newest"] == 1


def test_a_retired_models_fallback_is_asked_first_from_the_next_request_on(environment: Environment) -> None:
    assert environment.ask()["x-openmind-served-by"] == "openai/gpt-4o"
    shop = environment.shop
    shop.made(shop.changes.retire("openai/gpt-4o", TODAY, ["gemini/gemini-3.8-flash"], "alice"))
    environment.clock.now += MAX_AGE_S

    headers = environment.ask("request-2")

    assert headers["x-openmind-served-by"] == "gemini/gemini-3.8-flash"
    assert headers["x-openmind-warning"].startswith("gpt-4o was retired on 2026-11-28; gemini/gemini-3.8-flash")
    assert environment.telemetry.told[1].facts["catalogue_version"] == 1


def test_a_quote_is_of_the_catalogue_that_holds(environment: Environment) -> None:
    quotes = Quotes(environment.known, environment.ledger, dialect.adjust, environment.clock)
    raw = json.dumps({"model": "gpt-4o", "messages": [USER]}).encode()
    environment.shop.set(row("openai/gpt-4o", upstream_id="gpt-6-luna"))

    assert quotes.get(CALLER, "openai", raw, "request-1").route.upstream_id == "gpt-6-luna"


@pytest.mark.parametrize("is_down", [True, False])
def test_without_a_catalogue_a_request_is_refused_and_leaves_its_line(environment: Environment, is_down: bool) -> None:
    environment.shop.store.put('[{"provider": "openai", "name": "no-such-row"}]')
    environment.shop.store.is_down = is_down

    with pytest.raises(GatewayError) as refused:
        environment.ask()

    expected = LedgerUnavailableError if is_down else CatalogueUnusableError
    assert type(refused.value) is expected
    (told,) = environment.telemetry.told
    assert (told.facts["status"], told.facts["error_class"]) == (503, expected.__name__)
    assert environment.port.asked == []


def test_usage_is_what_the_charge_was_reckoned_from(environment: Environment) -> None:
    """Guards the others: with nothing used, every price would charge the same."""
    environment.ask()

    assert environment.store.entries["request-1"].usage != Usage(0, 0, 0, 0, 0, is_exact=True)
