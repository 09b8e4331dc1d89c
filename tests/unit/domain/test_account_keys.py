"""What owners do with their keys."""

import threading
from dataclasses import replace

import pytest

from openmind_llm.domain import keys
from openmind_llm.domain.accounts import Accounts, KeyExistsError
from openmind_llm.domain.key_settings import KeySettings
from openmind_llm.domain.plans import Limits
from openmind_llm.domain.ports import KnownAccount
from openmind_llm.errors import (
    InvalidRequestError,
    KeyLimitError,
    KeyNotFoundError,
)
from tests.unit.domain.account_bench import HER, HIM, NOON, Bench


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_created_key_lets_its_account_in(bench: Bench) -> None:
    key, known = bench.opened().create_key(HER, HER)

    assert bench.lets_in(key)
    assert (known.record.account_id, known.record.name) == (HER, f"api-key-{int(NOON * 1000)}")
    assert known.counters["charged"] == 0


def test_a_key_has_the_settings_that_it_was_created_with(bench: Bench) -> None:
    settings = KeySettings("robot", int(NOON) + 60, frozenset({"gpt-4o"}), frozenset({"openai"}), 60, Limits(burst=3))

    _, known = bench.opened().create_key(HER, HER, settings)

    (stored,) = bench.accounts.keys(HER)
    assert KeySettings.read(stored.record) == settings
    assert stored.record == known.record


def test_the_keys_of_a_plan_are_counted_with_the_documented_text(bench: Bench) -> None:
    accounts = bench.opened()
    for _ in range(5):
        accounts.create_key(HER, HER)

    with pytest.raises(KeyLimitError) as refused:
        accounts.create_key(HER, HER)

    assert refused.value.message == (
        "API key limit reached. Your starter plan allows up to 5 API keys. "
        "Please delete an existing key or upgrade your plan."
    )


def test_a_deleted_key_makes_room_for_another(bench: Bench) -> None:
    accounts = bench.opened("free")
    _, known = accounts.create_key(HER, HER)
    accounts.delete_key(HER, known.record.key_id, HER)

    _, other = accounts.create_key(HER, HER)

    assert [one.record.key_id for one in accounts.keys(HER)] == [other.record.key_id]


def test_many_who_create_keys_at_once_do_not_get_more_than_the_plan_allows(bench: Bench) -> None:
    """All of them reckon from the same look: the write decides."""
    accounts = bench.opened()
    look, met, all_looked = bench.store.account, threading.local(), threading.Barrier(12)
    refused: list[KeyLimitError] = []

    def look_together(account_id: str) -> KnownAccount | None:
        known = look(account_id)
        if not hasattr(met, "once"):
            met.once = True
            all_looked.wait(10)
        return known

    def create() -> None:
        try:
            accounts.create_key(HER, HER)
        except KeyLimitError as error:
            refused.append(error)

    bench.store.account = look_together  # type: ignore[method-assign]
    racing = [threading.Thread(target=create) for _ in range(12)]
    for one in racing:
        one.start()
    for one in racing:
        one.join(20)

    assert (len(accounts.keys(HER)), len(refused)) == (5, 7)
    assert bench.store.counters(HER)["keys"] == 5


def test_a_key_minted_elsewhere_is_taken_once_even_by_another_account(bench: Bench) -> None:
    accounts = bench.opened()
    bench.opened(account_id=HIM)
    accounts.create_key(HER, HER, key="a-key-of-another-service")

    with pytest.raises(KeyExistsError):
        accounts.create_key(HIM, HIM, key="a-key-of-another-service")

    assert bench.store.counters(HIM)["keys"] == 0
    assert bench.lets_in("a-key-of-another-service")


def test_both_secrets_of_a_rotated_key_are_good_until_the_overlap_ends(bench: Bench) -> None:
    old, known = bench.opened().create_key(HER, HER)
    new, _ = bench.accounts.rotate_key(HER, known.record.key_id, 60, HER)

    assert old != new
    assert keys.key_id(new) == known.record.key_id
    bench.clock.now = NOON + 59
    assert (bench.lets_in(old), bench.lets_in(new)) == (True, True)
    bench.clock.now = NOON + 60
    assert (bench.lets_in(old), bench.lets_in(new)) == (False, True)


def test_without_an_overlap_the_old_secret_is_bad_at_once(bench: Bench) -> None:
    old, known = bench.opened().create_key(HER, HER)

    bench.accounts.rotate_key(HER, known.record.key_id, 0, HER)

    assert not bench.lets_in(old)


def test_a_second_rotation_leaves_only_the_secret_before_it(bench: Bench) -> None:
    first, known = bench.opened().create_key(HER, HER)
    second, _ = bench.accounts.rotate_key(HER, known.record.key_id, 60, HER)
    third, _ = bench.accounts.rotate_key(HER, known.record.key_id, 60, HER)

    assert [bench.lets_in(key) for key in (first, second, third)] == [False, True, True]


def test_a_rotated_key_keeps_its_kind_and_settings(bench: Bench) -> None:
    settings = KeySettings("robot", limits=Limits(concurrency=1))
    _, known = bench.opened().create_key(HER, HER, settings, keys.mint("test"))

    new, rotated = bench.accounts.rotate_key(HER, known.record.key_id, 60, HER)

    assert new.startswith("om1_test_")
    assert KeySettings.read(rotated.record) == settings


def test_a_key_minted_elsewhere_becomes_one_of_ours_by_rotation(bench: Bench) -> None:
    _, known = bench.opened().create_key(HER, HER, key="a-key-of-another-service")

    new, _ = bench.accounts.rotate_key(HER, known.record.key_id, 60, HER)

    assert bench.lets_in(new)
    assert bench.lets_in("a-key-of-another-service")


@pytest.mark.parametrize("overlap_s", [-1, 604_801])
def test_an_overlap_has_an_end(bench: Bench, overlap_s: int) -> None:
    _, known = bench.opened().create_key(HER, HER)

    with pytest.raises(InvalidRequestError, match="overlap_seconds"):
        bench.accounts.rotate_key(HER, known.record.key_id, overlap_s, HER)


def test_a_changed_key_is_changed_in_what_was_asked_for_alone(bench: Bench) -> None:
    _, known = bench.opened().create_key(HER, HER, KeySettings("robot", limits=Limits(burst=2)))

    bench.accounts.change_key(HER, known.record.key_id, lambda was: replace(was, expires_at=int(NOON) + 5), HER)

    (stored,) = bench.accounts.keys(HER)
    assert KeySettings.read(stored.record) == KeySettings("robot", int(NOON) + 5, limits=Limits(burst=2))


def test_what_a_change_of_a_key_is_made_from_may_change_meanwhile(bench: Bench) -> None:
    """It is then made once more, from what is there."""
    _, known = bench.opened().create_key(HER, HER)
    key_id = known.record.key_id
    others = iter([True, False])

    def change(was: KeySettings) -> KeySettings:
        if next(others):
            bench.accounts.change_key(HER, key_id, lambda was: replace(was, name="theirs"), HIM)
        return replace(was, expires_at=int(NOON) + 5)

    bench.accounts.change_key(HER, key_id, change, HER)

    (stored,) = bench.accounts.keys(HER)
    assert (stored.record.name, stored.record.expires_at) == ("theirs", int(NOON) + 5)


@pytest.mark.parametrize("action", ["rotate", "change", "delete"])
def test_every_change_of_a_key_is_seen_by_every_admission_and_dated(bench: Bench, action: str) -> None:
    _, known = bench.opened().create_key(HER, HER)
    bench.clock.now = NOON + 1

    _act(bench.accounts, action, HER, known.record.key_id)

    stored = bench.store.known_keys[known.record.key_id]
    assert stored.counters["version"] == 1
    assert (stored.record.created_at, stored.record.updated_at) == (
        "2026-01-31T12:00:00.000Z",
        "2026-01-31T12:00:01.000Z",
    )


def _act(accounts: Accounts, action: str, account_id: str, key_id: str) -> None:
    match action:
        case "rotate":
            accounts.rotate_key(account_id, key_id, 0, account_id)
        case "change":
            accounts.change_key(account_id, key_id, lambda was: replace(was, name="mine"), account_id)
        case _:
            accounts.delete_key(account_id, key_id, account_id)


@pytest.mark.parametrize("action", ["rotate", "change", "delete"])
def test_the_key_of_another_account_is_not_there(bench: Bench, action: str) -> None:
    key, known = bench.opened().create_key(HER, HER)
    bench.opened(account_id=HIM)
    before = bench.store.known_keys[known.record.key_id]

    with pytest.raises(KeyNotFoundError, match="API key not found"):
        _act(bench.accounts, action, HIM, known.record.key_id)

    assert bench.store.known_keys[known.record.key_id] == before
    assert bench.lets_in(key)


@pytest.mark.parametrize("action", ["rotate", "change", "delete"])
@pytest.mark.parametrize("key_id", ["0123456789abcdef", "", "é", "x" * 3000])
def test_a_key_that_is_not_there_cannot_be_changed(bench: Bench, action: str, key_id: str) -> None:
    bench.opened()

    with pytest.raises(KeyNotFoundError):
        _act(bench.accounts, action, HER, key_id)


@pytest.mark.parametrize("action", ["rotate", "change", "delete"])
def test_a_deleted_key_is_gone_for_good(bench: Bench, action: str) -> None:
    key, known = bench.opened().create_key(HER, HER)
    bench.accounts.delete_key(HER, known.record.key_id, HER)

    with pytest.raises(KeyNotFoundError):
        _act(bench.accounts, action, HER, known.record.key_id)

    assert not bench.lets_in(key)
    assert bench.accounts.keys(HER) == []
    assert bench.store.counters(HER)["keys"] == 0


def test_an_expired_key_is_listed_until_it_is_deleted(bench: Bench) -> None:
    key, known = bench.opened().create_key(HER, HER, KeySettings(expires_at=int(NOON) + 1))

    bench.clock.now = NOON + 1

    assert not bench.lets_in(key)
    assert [one.record for one in bench.accounts.keys(HER)] == [known.record]


def test_keys_are_listed_oldest_first_each_with_what_it_was_charged(bench: Bench) -> None:
    accounts = bench.opened()
    for number in range(3):
        bench.clock.now = NOON + number
        _, known = accounts.create_key(HER, HER, KeySettings(str(number)))
        counters = {**known.counters, "charged": number * 100}
        bench.store.known_keys[known.record.key_id] = replace(known, counters=counters)

    listed = [(known.record.name, known.counters["charged"]) for known in accounts.keys(HER)]

    assert listed == [("0", 0), ("1", 100), ("2", 200)]
