"""Keys: made, told apart, checked."""

from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from openmind_llm.domain import keys
from openmind_llm.domain.keys import Caller, KeyRecord
from openmind_llm.errors import AuthenticationError

PEPPER = b"pepper"
NOW_S = 1_764_000_000


class Records:
    """See keys.Find. Counts its look-ups."""

    def __init__(self, *records: KeyRecord) -> None:
        self._records = {record.key_id: record for record in records}
        self.lookups = 0

    def find(self, key_id: str) -> KeyRecord | None:
        self.lookups += 1
        return self._records.get(key_id)


def authenticated(key: str, records: Records, pepper: bytes = PEPPER) -> Caller:
    return keys.authenticate(key, [records.find], lambda: pepper, NOW_S)


def stored(key: str, pepper: bytes = PEPPER) -> KeyRecord:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    return keys.record(key, pepper, account_id="acme", name="arm", now_s=now.timestamp())


def test_a_minted_key_has_the_documented_shape() -> None:
    key = keys.mint("live")

    assert key.startswith("om1_live_")
    assert len(key) == len("om1_live_") + 16 + 64
    assert keys.key_id(key) == key[9:25]


def test_no_two_keys_are_alike() -> None:
    assert len({keys.mint("test") for _ in range(100)}) == 100


def test_the_record_of_a_key_does_not_hold_its_secret() -> None:
    key = keys.mint("live")

    assert key[25:57] not in repr(stored(key))


def test_a_good_key_tells_its_caller() -> None:
    key = keys.mint("live")
    store = Records(stored(key))

    caller = authenticated(key, store)

    assert (caller.key_id, caller.account_id) == (key[9:25], "acme")


def test_what_proves_a_secret_is_no_part_of_it() -> None:
    key = keys.mint("live")

    proof = authenticated(key, Records(stored(key))).proof

    assert len(proof) == 16
    assert proof not in key


def test_a_key_minted_elsewhere_is_found_by_an_id_that_shows_none_of_it() -> None:
    store = Records(stored("short-foreign-key"))

    caller = authenticated("short-foreign-key", store)

    assert caller.account_id == "acme"
    assert caller.key_id not in "short-foreign-key"


def test_another_secret_under_a_known_id_is_refused() -> None:
    key = keys.mint("live")
    store = Records(stored(key))

    with pytest.raises(AuthenticationError):
        authenticated(key[:25] + keys.mint("live")[25:], store)


def test_a_key_that_does_not_fit_what_was_seen_lately_is_looked_up_afresh() -> None:
    old = keys.mint("live")
    new = keys.renew(stored(old))
    seen, fresh = Records(stored(old)), Records(stored(new))

    caller = keys.authenticate(new, [seen.find, fresh.find], lambda: PEPPER, NOW_S)

    assert caller.key_id == keys.key_id(old)
    assert (seen.lookups, fresh.lookups) == (1, 1)


def test_a_key_that_fits_what_was_seen_lately_is_not_looked_up_afresh() -> None:
    key = keys.mint("live")
    fresh = Records(stored(key))

    keys.authenticate(key, [Records(stored(key)).find, fresh.find], lambda: PEPPER, NOW_S)

    assert fresh.lookups == 0


def test_another_pepper_refuses_every_key() -> None:
    key = keys.mint("live")
    store = Records(stored(key))

    with pytest.raises(AuthenticationError):
        authenticated(key, store, b"another")


def test_a_revoked_key_is_refused() -> None:
    key = keys.mint("live")
    store = Records(replace(stored(key), is_active=False))

    with pytest.raises(AuthenticationError):
        authenticated(key, store)


@pytest.mark.parametrize(("expires_at", "is_good"), [(NOW_S, False), (NOW_S + 1, True), (None, True)])
def test_a_key_is_refused_from_the_second_it_expires_in(expires_at: int | None, is_good: bool) -> None:
    key = keys.mint("live")
    store = Records(replace(stored(key), expires_at=expires_at))

    with nullcontext() if is_good else pytest.raises(AuthenticationError):
        assert authenticated(key, store).key_id == keys.key_id(key)


@pytest.mark.parametrize(("retired_until", "is_good"), [(NOW_S, False), (NOW_S + 1, True)])
def test_after_a_rotation_the_secret_before_it_is_good_for_its_time(retired_until: int, is_good: bool) -> None:
    old = keys.mint("live")
    new = keys.renew(stored(old))
    store = Records(replace(stored(new), retired_digest=keys.digest(old, PEPPER), retired_until=retired_until))

    assert authenticated(new, store).key_id == keys.key_id(old)
    with nullcontext() if is_good else pytest.raises(AuthenticationError):
        assert authenticated(old, store).key_id == keys.key_id(old)


def test_a_renewed_key_keeps_its_id_and_its_mode() -> None:
    old = keys.mint("test")

    new = keys.renew(stored(old))

    assert (new[:25], len(new)) == (old[:25], len(old))
    assert new[25:] != old[25:]


def test_a_record_without_a_name_gets_the_documented_one() -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)

    record = keys.record(keys.mint("live"), PEPPER, account_id="acme", name="", now_s=now.timestamp())

    assert record.name == "api-key-1795478400000"
    assert (record.created_at, record.updated_at) == ("2026-11-24T00:00:00.000Z", "2026-11-24T00:00:00.000Z")


@pytest.mark.parametrize("text", ["", "short", "x" * 257, "om1_live_ö" + "a" * 40, "a b c d e f g h", "tab\tkey1"])
def test_what_cannot_be_a_key_is_refused_before_any_look_up(text: str) -> None:
    store = Records()

    with pytest.raises(AuthenticationError):
        authenticated(text, store)

    assert store.lookups == 0


HEADERS: list[tuple[list[tuple[str, str]], str]] = [
    ([("authorization", "Bearer abc")], "abc"),
    ([("authorization", "bearer  abc ")], "abc"),
    ([("x-api-key", "abc")], "abc"),
    ([("x-api-key", "abc"), ("authorization", "Bearer abc")], "abc"),
    ([("x-api-key", "abc"), ("authorization", "Basic dXNlcg==")], "abc"),
]


@pytest.mark.parametrize(("headers", "expected"), HEADERS)
def test_a_key_is_found_in_the_headers(headers: list[tuple[str, str]], expected: str) -> None:
    assert expected == keys.presented(headers)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("authorization", "Bearer")],
        [("authorization", "abc")],
        [("x-api-key", "abc"), ("authorization", "Bearer def")],
        [("x-api-key", "abc"), ("x-api-key", "def")],
    ],
)
def test_no_key_or_two_are_refused(headers: list[tuple[str, str]]) -> None:
    with pytest.raises(AuthenticationError):
        keys.presented(headers)
