"""One answer, and one charge, for one `Idempotency-Key`: as a client sees it."""

import random
from typing import Any

import pytest

from openmind_llm.domain import recording
from openmind_llm.domain.idempotency import KEPT_S, PART_BYTES
from tests.fake_upstream import chunk, completion
from tests.fakes import FakeUpstreamPort
from tests.unit.api.repeating import CHAT, HELLO, STREAM, Client, Gateway, both, change_account, change_key


@both
def test_a_repeat_gets_the_same_bytes_and_is_not_charged(body: dict[str, Any]) -> None:
    gateway = Gateway()

    first = gateway.ask(body=body)
    counters = gateway.store.counters("account-1"), gateway.store.known_keys["key-1"].counters
    again = gateway.ask(body=body)

    assert (again.status, again.pieces) == (200, first.pieces)
    assert again.headers["content-type"] == first.headers["content-type"]
    assert gateway.attempts == len(gateway.store.entries) == 1
    assert gateway.charged > 0
    assert counters == (gateway.store.counters("account-1"), gateway.store.known_keys["key-1"].counters)


def test_a_replayed_stream_ends_with_its_usage_and_done() -> None:
    gateway = Gateway()
    gateway.ask(body=STREAM)

    again = gateway.ask(body=STREAM)

    assert len(again.pieces) == len(HELLO) + 1
    assert b'"x_openmind_cost"' in again.pieces[-2]
    assert again.pieces[-1] == b"data: [DONE]\n\n"


def test_a_replay_tells_whose_answer_it_is_and_that_it_costs_nothing() -> None:
    gateway = Gateway()
    first = gateway.ask()

    headers = gateway.ask().headers

    assert headers["x-openmind-idempotent-replay"] == "true"
    assert headers["x-openmind-original-request-id"] == first.headers["x-request-id"] != headers["x-request-id"]
    assert headers["x-openmind-cost"] == "0"
    assert headers["x-openmind-credit-remaining"] == first.headers["x-openmind-credit-remaining"]
    for name in ("x-openmind-adjusted", "x-openmind-provider-request-id"):
        assert headers[name] == first.headers[name]
    assert "x-openmind-hold" not in headers


def test_an_estimate_is_told_to_be_one_in_the_replay_too() -> None:
    gateway = Gateway(upstream=FakeUpstreamPort(completion(usage=None)))
    gateway.ask()

    assert gateway.ask().headers["x-openmind-usage"] == "estimated"


@both
def test_without_the_header_nothing_is_stored_and_no_round_trip_is_added(body: dict[str, Any]) -> None:
    gateway = Gateway()

    gateway.ask(None, body)
    gateway.ask(None, body)

    assert gateway.store.calls == ["standing", "admit", "settle", "admit", "settle"]
    assert not gateway.store.records
    assert not gateway.store.stored_parts
    assert gateway.attempts == 2


def test_another_body_is_refused_for_good() -> None:
    gateway = Gateway()
    gateway.ask()

    refused = gateway.ask(body=CHAT | {"temperature": 1})

    assert (refused.status, refused.headers["x-should-retry"]) == (422, "false")
    assert "Idempotency-Key" in refused.error
    assert gateway.attempts == 1


def test_the_same_body_for_another_provider_is_another_one() -> None:
    gateway = Gateway()
    gateway.ask()

    assert gateway.ask(provider="openrouter").status == 422


def test_a_stream_cannot_be_had_of_a_whole_answer() -> None:
    gateway = Gateway()
    gateway.ask()

    assert gateway.ask(body=CHAT | {"stream": True}).status == 422


@pytest.mark.parametrize(("after_s", "attempts"), [(KEPT_S - 1, 1), (KEPT_S, 2)])
def test_an_answer_is_kept_for_24_hours(after_s: int, attempts: int) -> None:
    gateway = Gateway()
    gateway.ask()

    gateway.clock.now += after_s

    assert gateway.ask().status == 200
    assert gateway.attempts == attempts


def test_after_24_hours_the_key_is_good_for_another_body() -> None:
    gateway = Gateway()
    gateway.ask()
    gateway.clock.now += KEPT_S

    assert gateway.ask(body=STREAM).status == 200
    assert gateway.ask(body=STREAM).headers["x-openmind-idempotent-replay"] == "true"


def test_a_client_that_was_cut_off_gets_all_of_it_the_next_time() -> None:
    gateway = Gateway()

    cut = gateway.ask(body=STREAM, client=Client(leaves_after=1))
    again = gateway.ask(body=STREAM)

    assert [entry.outcome for entry in gateway.store.entries.values()] == ["client_gone"]
    assert len(cut.pieces) == 1
    assert again.pieces[0] == cut.pieces[0]
    assert again.pieces[-1] == b"data: [DONE]\n\n"
    assert gateway.attempts == 1


def test_an_answer_is_replayed_with_the_credit_used_up() -> None:
    gateway = Gateway()
    first = gateway.ask()
    gateway.use_up_credit()

    assert gateway.ask(None).status == 402
    assert gateway.ask().pieces == first.pieces


@pytest.mark.parametrize("body", [CHAT, STREAM], ids=["its answer", "another body"])
def test_a_revoked_key_gets_neither_answer_nor_hint(body: dict[str, Any]) -> None:
    gateway = Gateway()
    gateway.ask()
    change_key(gateway, is_active=False)

    assert gateway.ask(body=body).status == 401


def test_another_account_with_the_same_key_and_body_sees_nothing() -> None:
    gateway = Gateway()
    gateway.ask()

    other = gateway.ask(by="second-key")

    assert other.status == 200
    assert "x-openmind-idempotent-replay" not in other.headers
    assert gateway.attempts == 2
    assert gateway.store.counters("account-2")["charged"] == gateway.charged > 0


@both
def test_an_answer_that_is_too_large_is_charged_once_and_not_given_again(
    body: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "MOST_BYTES", 50)
    gateway = Gateway()
    assert gateway.ask(body=body).status == 200
    charged = gateway.charged

    refused = gateway.ask(body=body)

    assert (refused.status, refused.headers["x-should-retry"]) == (409, "false")
    assert "too large to be stored" in refused.error
    assert (gateway.charged, gateway.attempts) == (charged, 1)
    assert not gateway.store.stored_parts


@both
def test_an_answer_of_many_parts_comes_back_byte_for_byte(body: dict[str, Any]) -> None:
    text = random.Random(1).randbytes(1_000_000).hex()  # noqa: S311 - no secret
    gateway = Gateway(upstream=FakeUpstreamPort(completion(choices=[{"message": {"content": text}}])))
    pieces = [chunk({"content": text[at : at + 10_000]}) for at in range(0, len(text), 10_000)]
    gateway.upstream.chunks = [*pieces, *HELLO]

    first, again = gateway.ask(body=body), gateway.ask(body=body)

    assert again.pieces == first.pieces
    assert sum(map(len, again.pieces)) > 2_000_000
    (parts,) = gateway.store.stored_parts.values()
    assert len(parts) > 2
    assert max(map(len, parts)) <= PART_BYTES


@pytest.mark.parametrize(
    ("key", "ask"),
    [
        (None, {"body": {}}),
        (None, {"body": CHAT | {"model": "no-such"}}),
        (None, {"provider": "nobody"}),
        ("\x7f", {}),
    ],
    ids=["bad body", "no such model", "no such provider", "bad idempotency key"],
)
def test_a_revoked_key_is_not_told_the_credit_by_a_request_that_is_wrong(key: str | None, ask: dict[str, Any]) -> None:
    gateway = Gateway()
    told = gateway.ask(key, **ask)
    change_key(gateway, is_active=False)

    refused = gateway.ask(key, **ask)

    assert "x-openmind-credit-remaining" in told.headers
    assert (refused.status, "x-openmind-credit-remaining" in refused.headers) == (401, False)


def test_a_request_that_is_wrong_is_told_so_without_a_ledger_too() -> None:
    gateway = Gateway()
    gateway.store.failing = {"standing"}

    assert gateway.ask(None, CHAT | {"model": "no-such"}).status == 404


@pytest.mark.parametrize(
    ("kept_to", "status"),
    [
        ({"allowed_models": frozenset({"gpt-5"})}, 403),
        ({"allowed_providers": frozenset({"xai"})}, 403),
        ({"allowed_models": frozenset({"openai/gpt-4o"}), "allowed_providers": frozenset({"openai"})}, 200),
    ],
    ids=["another model", "another provider", "this one"],
)
def test_an_answer_is_replayed_to_keys_that_may_use_its_model(kept_to: dict[str, Any], status: int) -> None:
    gateway = Gateway()
    gateway.ask()
    change_key(gateway, **kept_to)

    assert gateway.ask().status == status


@pytest.mark.parametrize(
    ("settings", "status"),
    [
        ({"denied_models": frozenset({"gpt-4o"})}, 403),
        ({"denied_models": frozenset({"gpt-5"})}, 200),
        ({"allowed_models": frozenset({"gpt-5"})}, 403),
        ({"filters": "no rules"}, 503),
        ({"filters": '[{"name": "a", "pattern": "Hi", "action": "block", "on": "input"}]'}, 400),
        ({"filters": '[{"name": "a", "pattern": "Hi", "action": "redact", "on": "input"}]'}, 200),
    ],
)
def test_an_answer_is_replayed_to_accounts_that_may_ask_for_it(settings: dict[str, Any], status: int) -> None:
    gateway = Gateway()
    gateway.ask()
    change_account(gateway, **settings)

    assert gateway.ask().status == status
