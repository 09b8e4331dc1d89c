"""How providers are asked for their lists, and about a key. Over real sockets."""

import json
import logging
from collections.abc import Iterator

import pytest

from openmind_llm.domain.attempts.target import ProviderKey
from openmind_llm.domain.catalogue import ErrorRule, Provider
from openmind_llm.domain.listing import KeyRefusedError, KeyUntriedError, Listed, Listing, Told, Unlisted
from openmind_llm.providers import listings
from openmind_llm.providers.listings import HttpListings
from tests import canaries
from tests.fake_upstream import HANG_UP, SILENCE, FakeUpstream, Received, Reply, Stream, json_reply

MODELS = {"data": [{"id": "big"}]}
SECRET = canaries.PROVIDER_KEY


@pytest.fixture
def upstream() -> Iterator[FakeUpstream]:
    with FakeUpstream() as upstream:
        upstream.replies(MODELS)
        yield upstream


def provider(url: str, name: str = "acme", key_path: str = "/key") -> Provider:
    rules = (ErrorRule(400, "api key not valid", "provider_key"),)
    return Provider(name, name.title(), f"{url}/v1", rules, listing=Listing(key_path=key_path))


def asking(*secrets: str, timeout_s: float = 5) -> HttpListings:
    keys = tuple(ProviderKey(f"key-{place}", secret) for place, secret in enumerate(secrets, 1))
    return HttpListings(lambda _: keys, timeout_s)


def told(upstream: FakeUpstream, *secrets: str, timeout_s: float = 5) -> Told:
    return asking(*(secrets or (SECRET,)), timeout_s=timeout_s).all([provider(upstream.url)])["acme"]


def by_key(upstream: FakeUpstream, good: str) -> None:
    """Lets one key in."""

    def answer(received: Received) -> Reply:
        is_good = received.headers["authorization"] == f"Bearer {good}"
        return json_reply(MODELS) if is_good else json_reply({"error": {"message": f"wrong: {SECRET}"}}, 401)

    upstream.answer = answer


def test_the_list_is_got_with_the_key_in_one_header(upstream: FakeUpstream) -> None:
    assert told(upstream) == (Listed(("big",), {}),)

    (received,) = upstream.received
    assert (received.method, received.path, received.raw) == ("GET", "/v1/models", b"")
    assert [name for name, value in received.headers.items() if SECRET in value] == ["authorization"]


def test_without_a_key_nobody_is_asked(upstream: FakeUpstream) -> None:
    assert asking().all([provider(upstream.url)]) == {"acme": Unlisted("no key", has_key=False)}
    assert upstream.received == []


def test_a_refused_key_is_named_and_the_next_one_is_tried(upstream: FakeUpstream) -> None:
    by_key(upstream, "sk-good")

    assert told(upstream, SECRET, "sk-good") == (Listed(("big",), {}),)
    assert told(upstream, SECRET) == Unlisted("status 401, key key-1 is refused", has_key=True)


def test_a_wrong_key_may_have_the_status_of_a_wrong_request(upstream: FakeUpstream) -> None:
    upstream.replies([{"error": {"code": 400, "message": "API key not valid. Please pass one."}}], 400)

    assert told(upstream) == Unlisted("status 400, key key-1 is refused", has_key=True)


@pytest.mark.parametrize("status", [301, 404, 429, 500, 503])
def test_a_provider_that_does_not_answer_well_is_not_asked_with_another_key(
    upstream: FakeUpstream, status: int
) -> None:
    upstream.answer = lambda _: Reply(status, b"", {"location": upstream.url})

    assert told(upstream, SECRET, "sk-2") == Unlisted(f"status {status}", has_key=True)
    assert len(upstream.received) == 1


@pytest.mark.parametrize("body", [b"<html>", b"", b"[]", b"{}", b'{"data": {}}', b"[" * 100_000])
def test_an_answer_of_another_form_is_told_as_such(upstream: FakeUpstream, body: bytes) -> None:
    upstream.answer = lambda _: Reply(200, body)

    assert told(upstream) == Unlisted("no list under data", has_key=True)


def test_a_connection_that_breaks_is_told_by_its_class(upstream: FakeUpstream) -> None:
    upstream.answer = lambda _: HANG_UP

    assert told(upstream) == Unlisted("no answer: BrokenError", has_key=True)


def test_a_provider_that_is_not_there_is_told_by_its_class() -> None:
    (one,) = asking(SECRET).all([provider("http://127.0.0.1:1")]).values()

    assert one == Unlisted("no answer: UnreachableError", has_key=True)


def test_nobody_is_waited_for_longer_than_the_time_says(upstream: FakeUpstream) -> None:
    upstream.answer = lambda _: SILENCE

    assert told(upstream, timeout_s=0.2) == Unlisted("no answer: TimeoutError", has_key=True)


def test_a_list_that_drips_is_not_waited_for_either(upstream: FakeUpstream) -> None:
    def drops() -> Iterator[bytes]:
        while not upstream.stopping.wait(0.02):
            yield b" "

    upstream.answer = lambda _: Stream(drops())

    assert told(upstream, timeout_s=0.3) == Unlisted("no answer: TimeoutError", has_key=True)


def test_a_list_without_an_end_is_not_read_to_it(upstream: FakeUpstream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listings, "MAX_LIST_BYTES", 1000)
    upstream.answer = lambda _: Reply(200, json.dumps({"data": [{"id": "x" * 2000}]}).encode())

    assert told(upstream) == Unlisted("no answer: AnswerTooLongError", has_key=True)


def test_one_provider_keeps_no_other_from_being_looked_at(upstream: FakeUpstream) -> None:
    found = asking(SECRET).all([provider("http://127.0.0.1:1", "lost"), provider(upstream.url)])

    assert (type(found["lost"]), found["acme"]) == (Unlisted, (Listed(("big",), {}),))


def test_no_key_is_in_what_is_told_or_logged(upstream: FakeUpstream, caplog: pytest.LogCaptureFixture) -> None:
    """Though the provider quotes it."""
    caplog.set_level(logging.DEBUG, "openmind_llm")
    upstream.replies({"error": {"message": f"no: {SECRET}", "code": SECRET}}, 401, www_authenticate=SECRET)

    found = repr(told(upstream)) + caplog.text

    assert "canaryProviderSecret" not in found


def test_a_key_that_is_let_in_is_good(upstream: FakeUpstream) -> None:
    assert asking().try_key(provider(upstream.url), SECRET) is True
    assert [received.path for received in upstream.received] == ["/v1/key"]


@pytest.mark.parametrize(("status", "text"), [(401, ""), (403, "no"), (400, "API key not valid")])
def test_a_key_that_is_refused_is_told_without_what_the_provider_says(
    upstream: FakeUpstream, status: int, text: str
) -> None:
    upstream.replies({"error": {"message": f"{text} {SECRET}"}}, status)

    with pytest.raises(KeyRefusedError, match=rf"^Acme refuses the key \(status {status}\)$"):
        asking().try_key(provider(upstream.url), SECRET)


def test_a_provider_in_trouble_says_nothing_of_a_key(upstream: FakeUpstream) -> None:
    upstream.replies({"error": {"message": "later"}}, 503)

    with pytest.raises(KeyUntriedError, match="says nothing of the key"):
        asking().try_key(provider(upstream.url), SECRET)


def test_a_provider_that_is_not_there_says_nothing_of_a_key() -> None:
    with pytest.raises(KeyUntriedError, match="no answer: UnreachableError"):
        asking().try_key(provider("http://127.0.0.1:1"), SECRET)


def test_where_everybody_gets_the_list_a_key_is_not_tried(upstream: FakeUpstream) -> None:
    assert asking().try_key(provider(upstream.url, key_path=""), SECRET) is False
    assert upstream.received == []
