"""Which catalogue an environment goes by, second by second."""

import asyncio
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from openmind_llm.domain import catalogues
from openmind_llm.domain.catalogue import Catalogue
from openmind_llm.domain.catalogues import LONGEST_S, RETRY_S, CatalogueUnusableError, StoredCatalogues
from openmind_llm.errors import LedgerUnavailableError
from openmind_llm.providers import table
from tests.fakes import FakeClock, FakeSignals
from tests.memory_catalogue import MemoryVersions

MAX_AGE_S = 20
BASE = table.load()
REPOINTED = json.dumps([{"provider": "openai", "name": "gpt-4o", "upstream_id": "gpt-6-luna"}])
UNUSABLE = json.dumps([{"provider": "openai", "name": "no-such-row"}])


class Environment:
    """One, over what all share."""

    def __init__(self, store: MemoryVersions, clock: FakeClock, build: Callable[[str, int], Catalogue]) -> None:
        self.signals = FakeSignals()
        self.known = StoredCatalogues(BASE, build, store, self.signals, clock, MAX_AGE_S)

    def sends(self) -> str:
        """What a request for gpt-4o sends upstream."""
        found = asyncio.run(catalogues.current(self.known))
        return found.resolve("openai", "gpt-4o", "2026-11-28").upstream_id


def build(rows: str, version: int) -> Catalogue:
    return table.load(rows, version=version)


@pytest.fixture
def store() -> MemoryVersions:
    return MemoryVersions()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def environment(store: MemoryVersions, clock: FakeClock) -> Environment:
    return Environment(store, clock, build)


def test_where_nothing_was_ever_set_the_packaged_catalogue_is_served_as_it_is(environment: Environment) -> None:
    assert environment.known.now() is BASE


def test_within_the_age_nothing_is_read_and_no_thread_is_asked(
    environment: Environment, store: MemoryVersions, clock: FakeClock
) -> None:
    first = environment.known.now()
    clock.now += MAX_AGE_S - 0.1

    assert environment.known.at_hand() is first
    assert store.calls == {"newest": 1}


def test_an_unchanged_version_is_not_read_again(
    environment: Environment, store: MemoryVersions, clock: FakeClock
) -> None:
    store.put(REPOINTED)
    for _ in range(10):
        assert environment.sends() == "gpt-6-luna"
        clock.now += MAX_AGE_S

    assert store.calls == {"newest": 10, "rows": 1}


def test_a_change_is_used_by_the_first_request_after_the_age(
    environment: Environment, store: MemoryVersions, clock: FakeClock
) -> None:
    assert environment.sends() == "gpt-4o"
    store.put(REPOINTED)
    clock.now += MAX_AGE_S - 0.1
    assert environment.sends() == "gpt-4o"
    clock.now += 0.1

    assert environment.sends() == "gpt-6-luna"


def test_the_catalogue_tells_its_version(environment: Environment, store: MemoryVersions) -> None:
    store.put("[]")
    store.put(REPOINTED)

    assert environment.known.now().version == 2


def test_a_look_that_is_behind_does_not_bring_back_an_older_version(
    environment: Environment, store: MemoryVersions, clock: FakeClock
) -> None:
    store.put(REPOINTED)
    environment.sends()
    store.behind = 0
    clock.now += MAX_AGE_S

    assert environment.sends() == "gpt-6-luna"


def test_an_environment_that_was_frozen_looks_before_it_answers(
    environment: Environment, store: MemoryVersions, clock: FakeClock
) -> None:
    environment.sends()
    store.put(REPOINTED)
    clock.now += 3600

    assert environment.sends() == "gpt-6-luna"


def test_a_clock_that_was_set_back_makes_no_catalogue_young(
    environment: Environment, store: MemoryVersions, clock: FakeClock
) -> None:
    environment.sends()
    store.put(REPOINTED)
    clock.now -= 3600

    assert environment.sends() == "gpt-6-luna"


def test_a_warm_environment_keeps_its_last_good_catalogue_and_says_why(
    environment: Environment, store: MemoryVersions, clock: FakeClock
) -> None:
    store.put(REPOINTED)
    environment.sends()
    store.put(UNUSABLE)
    clock.now += MAX_AGE_S

    assert environment.sends() == "gpt-6-luna"
    ((_, counts, facts),) = environment.signals.told
    assert (counts, facts["in_use"]) == ({"CatalogueUnreadable": 1}, 1)
    assert "version 2: model override of openai/no-such-row" in facts["cause"]


def test_what_cannot_be_used_is_read_once_and_told_at_every_look(
    environment: Environment, store: MemoryVersions, clock: FakeClock
) -> None:
    environment.sends()
    store.put(UNUSABLE)
    for _ in range(3):
        clock.now += MAX_AGE_S
        environment.sends()

    assert store.calls == {"newest": 4, "rows": 1}
    assert len(environment.signals.told) == 3


def test_the_version_that_mends_it_is_taken_up(
    environment: Environment, store: MemoryVersions, clock: FakeClock
) -> None:
    environment.sends()
    store.put(UNUSABLE)
    clock.now += MAX_AGE_S
    environment.sends()
    store.put(REPOINTED)
    clock.now += MAX_AGE_S

    assert environment.sends() == "gpt-6-luna"


@pytest.mark.parametrize("rows", [UNUSABLE, "{", '{"a": 1}', "[" * 100_000, '[{"provider": [1]}]'])
def test_a_cold_environment_does_not_guess(environment: Environment, store: MemoryVersions, rows: str) -> None:
    store.put(rows)

    with pytest.raises(CatalogueUnusableError):
        environment.known.now()
    assert environment.signals.told[0][2]["in_use"] is None


def test_a_cold_environment_serves_once_it_is_mended(environment: Environment, store: MemoryVersions) -> None:
    store.put(UNUSABLE)
    with pytest.raises(CatalogueUnusableError):
        environment.sends()
    store.put(REPOINTED)

    assert environment.sends() == "gpt-6-luna"


def test_a_fault_of_ours_in_building_stops_no_warm_environment(store: MemoryVersions, clock: FakeClock) -> None:
    def broken(*_: object) -> Catalogue:
        raise ZeroDivisionError("sk-secret")

    environment = Environment(store, clock, broken)
    environment.sends()
    store.put(REPOINTED)
    clock.now += MAX_AGE_S

    assert environment.sends() == "gpt-4o"
    assert environment.signals.told[0][2]["cause"] == "version 1: ZeroDivisionError"


def test_a_version_without_its_rows_is_not_taken_for_an_empty_one(
    environment: Environment, store: MemoryVersions
) -> None:
    store.behind = 3

    with pytest.raises(CatalogueUnusableError):
        environment.known.now()


def test_while_the_table_cannot_be_read_a_cold_environment_refuses_and_may_be_asked_again(
    environment: Environment, store: MemoryVersions
) -> None:
    store.is_down = True

    with pytest.raises(LedgerUnavailableError) as refused:
        environment.known.now()
    assert (refused.value.status, refused.value.retry_after_s, refused.value.may_retry) == (503, 1, True)

    store.is_down = False
    assert environment.sends() == "gpt-4o"


def test_while_the_table_cannot_be_read_a_warm_environment_goes_on_and_looks_every_five_seconds(
    environment: Environment, store: MemoryVersions, clock: FakeClock
) -> None:
    environment.sends()
    store.put(REPOINTED)
    store.is_down = True
    for _ in range(10):
        clock.now += MAX_AGE_S / 10
        assert environment.sends() == "gpt-4o"
    assert store.calls["newest"] == 2

    store.is_down = False
    clock.now += RETRY_S
    assert environment.sends() == "gpt-6-luna"


def test_a_hiccup_is_not_told_and_a_catalogue_that_grows_too_old_is(
    environment: Environment, store: MemoryVersions, clock: FakeClock
) -> None:
    environment.sends()
    store.is_down = True
    clock.now += MAX_AGE_S
    environment.sends()
    assert environment.signals.told == []

    clock.now += LONGEST_S - MAX_AGE_S
    environment.sends()
    assert [facts["cause"] for _, _, facts in environment.signals.told] == ["the table cannot be read"]


class Slow(MemoryVersions):
    """A look takes until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()

    def newest(self) -> int:
        found = super().newest()
        self.begun.set()
        assert self.go_on.wait(30)
        return found


def test_while_one_request_looks_others_go_on_unless_what_they_have_is_too_old(clock: FakeClock) -> None:
    store = Slow()
    environment = Environment(store, clock, build)
    environment.sends()
    store.begun.clear()
    store.go_on.clear()
    clock.now += MAX_AGE_S
    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(environment.known.now)
        assert store.begun.wait(30)
        others = environment.known.at_hand()
        clock.now += LONGEST_S - MAX_AGE_S
        too_old = environment.known.at_hand()
        store.go_on.set()
        looking.result(30)

    assert others is BASE
    assert too_old is None


def test_the_age_counts_from_before_the_look(clock: FakeClock) -> None:
    """What was set while it went on may not be in it."""
    store = MemoryVersions()
    environment = Environment(store, clock, build)
    slow = store.newest

    def newest() -> int:
        found = slow()
        clock.now += 3
        return found

    store.newest = newest  # type: ignore[method-assign]
    environment.known.now()
    clock.now += MAX_AGE_S - 3

    assert environment.known.at_hand() is None


def test_requests_that_come_together_look_once(clock: FakeClock) -> None:
    store = Slow()
    environment = Environment(store, clock, build)
    with ThreadPoolExecutor(8) as pool:
        found = {id(one) for one in pool.map(lambda _: environment.known.now(), range(8))}

    assert found == {id(BASE)}
    assert store.calls == {"newest": 1}
