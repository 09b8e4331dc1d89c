"""The issuer's keys are asked for rarely, and serve on while the issuer is down."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from openmind_llm.errors import IdentityUnavailableError
from openmind_llm.identity import fetching
from openmind_llm.identity.fetching import UnreadableError
from openmind_llm.identity.key_set import FIRST_RETRY_S, MAX_AGE_S, RETRY_S, KeySet
from tests.fake_issuer import DESCRIPTION, KEYS, FakeIssuer
from tests.fake_upstream import Reply, json_reply
from tests.fakes import FakeClock

OLD, NEW = {"kid": "old", "kty": "RSA"}, {"kid": "new", "kty": "RSA"}
ONE_FETCH = [DESCRIPTION, KEYS]


@pytest.fixture
def issuer() -> Iterator[FakeIssuer]:
    with FakeIssuer() as issuer:
        issuer.publishes(OLD)
        yield issuer


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def keys(issuer: FakeIssuer, clock: FakeClock) -> KeySet:
    return KeySet(issuer.url, clock, fetching.json_object)


def test_keys_are_fetched_once_for_many_logins(issuer: FakeIssuer, keys: KeySet) -> None:
    found = [keys.named("old") for _ in range(10)]

    assert found == [[OLD]] * 10
    assert issuer.asked == ONE_FETCH


def test_a_key_that_its_issuer_takes_back_is_gone_within_the_hour(
    issuer: FakeIssuer, clock: FakeClock, keys: KeySet
) -> None:
    keys.named("old")
    issuer.publishes()
    clock.now += MAX_AGE_S

    assert keys.named("old") == []


def test_a_new_key_is_asked_for(issuer: FakeIssuer, clock: FakeClock, keys: KeySet) -> None:
    keys.named("old")
    issuer.publishes(OLD, NEW)
    clock.now += RETRY_S

    assert keys.named("new") == [NEW]


def test_a_flood_of_unknown_keys_does_not_reach_the_issuer(issuer: FakeIssuer, clock: FakeClock, keys: KeySet) -> None:
    keys.named("old")
    clock.now += RETRY_S

    found = [keys.named(f"unknown-{number}") for number in range(100)]

    assert found == [[]] * 100
    assert issuer.asked == ONE_FETCH * 2


def test_the_keys_serve_on_while_the_issuer_is_down(issuer: FakeIssuer, clock: FakeClock, keys: KeySet) -> None:
    keys.named("old")
    issuer.fails()
    clock.now += MAX_AGE_S * 5

    assert keys.named("old") == [OLD]
    assert keys.named("new") == []


def test_an_issuer_that_is_down_is_not_asked_at_every_login(issuer: FakeIssuer, clock: FakeClock, keys: KeySet) -> None:
    keys.named("old")
    issuer.fails()
    issuer.asked.clear()
    clock.now += MAX_AGE_S

    for _ in range(10):
        keys.named("old")

    assert issuer.asked == [DESCRIPTION]


def test_an_issuer_that_was_never_up_is_an_outage_and_no_refusal(issuer: FakeIssuer, keys: KeySet) -> None:
    issuer.fails()

    with pytest.raises(IdentityUnavailableError) as error:
        keys.named("old")

    assert (error.value.status, error.value.retry_after_s) == (503, 1)
    assert str(error.value) == "Logins cannot be checked at the moment"


def test_an_issuer_that_was_never_up_is_asked_again_soon(issuer: FakeIssuer, clock: FakeClock, keys: KeySet) -> None:
    issuer.fails()
    for _ in range(10):
        with pytest.raises(IdentityUnavailableError):
            keys.named("old")
    asked = list(issuer.asked)
    issuer.describes()
    issuer.publishes(OLD)
    clock.now += FIRST_RETRY_S

    assert keys.named("old") == [OLD]
    assert asked == [DESCRIPTION]


def test_an_issuer_with_a_slash_at_its_end_is_found(issuer: FakeIssuer, clock: FakeClock) -> None:
    named = f"{issuer.url}/"
    issuer.describes(issuer=named)

    assert KeySet(named, clock, fetching.json_object).named("old") == [OLD]


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "https://id.example"},
        {"jwks_uri": "http://id.example/keys"},
        {"jwks_uri": "http://192.0.2.1/keys"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": "http://[/keys"},
        {"jwks_uri": ""},
    ],
)
def test_a_description_that_leads_elsewhere_is_not_followed(
    issuer: FakeIssuer, keys: KeySet, changes: dict[str, str]
) -> None:
    issuer.describes(**changes)

    with pytest.raises(IdentityUnavailableError):
        keys.named("old")

    assert issuer.asked == [DESCRIPTION]


@pytest.mark.parametrize("body", [{}, {"keys": None}, {"keys": {"old": OLD}}, []])
def test_a_key_set_without_a_list_is_none(issuer: FakeIssuer, keys: KeySet, body: Any) -> None:
    issuer.replies[KEYS] = json_reply(body)

    with pytest.raises(IdentityUnavailableError):
        keys.named("old")


def test_a_redirect_is_not_followed(issuer: FakeIssuer, keys: KeySet) -> None:
    issuer.replies["/moved"] = issuer.replies[KEYS]
    issuer.replies[KEYS] = Reply(302, b"", {"location": f"{issuer.url}/moved"})

    with pytest.raises(IdentityUnavailableError):
        keys.named("old")

    assert "/moved" not in issuer.asked


def test_while_one_login_asks_again_the_others_are_served(clock: FakeClock) -> None:
    asking, answer = threading.Event(), threading.Event()
    answer.set()
    was_answered: list[bool] = []

    def fetch(url: str) -> dict[str, Any]:
        asking.set()
        was_answered.append(answer.wait(2))
        return {"issuer": "i", "jwks_uri": "k", "keys": [OLD]}

    keys = KeySet("i", clock, fetch)
    keys.named("old")
    asking.clear()
    answer.clear()
    clock.now += MAX_AGE_S
    thread = threading.Thread(target=keys.named, args=("old",))
    thread.start()
    asking.wait(10)

    found = keys.named("old")
    answer.set()
    thread.join()

    assert found == [OLD]
    assert all(was_answered)


def test_logins_that_waited_for_an_issuer_that_is_down_do_not_ask_it_one_after_the_other(clock: FakeClock) -> None:
    asked: list[str] = []

    def fetch(url: str) -> dict[str, Any]:
        asked.append(url)
        clock.now += 3
        raise UnreadableError

    keys = KeySet("i", clock, fetch)
    for _ in range(3):
        with pytest.raises(IdentityUnavailableError):
            keys.named("old")

    assert len(asked) == 1
