"""Keys: made, told apart, checked."""

from datetime import UTC, datetime

import pytest

from openmind_llm.domain import keys
from openmind_llm.domain.keys import Caller, KeyRecord
from openmind_llm.errors import AuthenticationError
from tests.fakes import MemoryKeyStore

PEPPER = b"pepper"


def stored(key: str, pepper: bytes = PEPPER) -> KeyRecord:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    return keys.record(key, pepper, account_id="acme", plan="pro", name="arm", now=now)


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
    store = MemoryKeyStore([stored(key)])

    caller = keys.authenticate(key, store, lambda: PEPPER)

    assert caller == Caller(key_id=key[9:25], account_id="acme", plan="pro")


def test_a_key_minted_elsewhere_is_found_by_an_id_that_shows_none_of_it() -> None:
    store = MemoryKeyStore([stored("short-foreign-key")])

    caller = keys.authenticate("short-foreign-key", store, lambda: PEPPER)

    assert caller.account_id == "acme"
    assert caller.key_id not in "short-foreign-key"


def test_another_secret_under_a_known_id_is_refused() -> None:
    key = keys.mint("live")
    store = MemoryKeyStore([stored(key)])

    with pytest.raises(AuthenticationError):
        keys.authenticate(key[:25] + keys.mint("live")[25:], store, lambda: PEPPER)


def test_another_pepper_refuses_every_key() -> None:
    key = keys.mint("live")
    store = MemoryKeyStore([stored(key)])

    with pytest.raises(AuthenticationError):
        keys.authenticate(key, store, lambda: b"another")


def test_a_revoked_key_is_refused() -> None:
    key = keys.mint("live")
    store = MemoryKeyStore([stored(key)])
    store.revoke(keys.key_id(key))

    with pytest.raises(AuthenticationError):
        keys.authenticate(key, store, lambda: PEPPER)


@pytest.mark.parametrize("text", ["", "short", "x" * 257, "om1_live_ö" + "a" * 40, "a b c d e f g h", "tab\tkey1"])
def test_what_cannot_be_a_key_is_refused_before_any_look_up(text: str) -> None:
    store = MemoryKeyStore([])

    with pytest.raises(AuthenticationError):
        keys.authenticate(text, store, lambda: PEPPER)

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
