"""One answer, and one charge, for one `Idempotency-Key`: as a client sees it."""

import asyncio
import logging
import random
from dataclasses import replace
from typing import Any

import pytest

from openmind_llm.domain import idempotency, recording
from openmind_llm.domain.answers import Answer as ProviderAnswer
from openmind_llm.domain.catalogue import Route
from openmind_llm.domain.idempotency import KEPT_S, PART_BYTES, Record
from openmind_llm.domain.requests import ChatRequest
from openmind_llm.errors import ProviderUnavailableError, RateLimitError, StreamBrokenError
from tests.fake_upstream import chunk, completion
from tests.fakes import FakeUpstreamPort
from tests.memory_ledger import MemoryLedgerStore
from tests.unit.api.repeating import CHAT, HELLO, STREAM, Client, Gateway

both = pytest.mark.parametrize("body", [CHAT, STREAM], ids=["whole", "stream"])
BROKEN = StreamBrokenError("openai", "broke off")


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


class WaitingUpstream(FakeUpstreamPort):
    """Answers once it is told to."""

    def __init__(self) -> None:
        super().__init__(completion())
        self.was_asked = asyncio.Event()
        self.may_answer = asyncio.Event()

    async def complete(self, route: Route, request: ChatRequest) -> ProviderAnswer:
        self.was_asked.set()
        await self.may_answer.wait()
        return await super().complete(route, request)


def test_while_the_first_is_running_the_second_is_told_to_wait() -> None:
    async def both_at_once() -> Any:
        upstream = WaitingUpstream()
        gateway = Gateway(upstream=upstream)
        first = asyncio.create_task(gateway.post())
        await upstream.was_asked.wait()
        second = await gateway.post()
        other = await gateway.post(body=STREAM)
        upstream.may_answer.set()
        return await first, second, other, await gateway.post(), gateway

    first, second, other, third, gateway = asyncio.run(both_at_once())

    assert (second.status, second.headers["retry-after"]) == (409, "1")
    assert "x-should-retry" not in second.headers
    assert "still running" in second.error
    assert other.status == 422
    assert third.pieces == first.pieces
    assert gateway.attempts == 1


class LateLookStore(MemoryLedgerStore):
    """Its first looks at a record are from before it was there."""

    looks = 0
    misses = 2

    def record(self, account_id: str, record_id: str) -> Record | None:
        self.looks += 1
        return None if self.looks <= self.misses else super().record(account_id, record_id)


def test_of_two_that_saw_no_record_one_is_admitted() -> None:
    async def both_at_once() -> Any:
        upstream = WaitingUpstream()
        gateway = Gateway(LateLookStore(), upstream)
        first = asyncio.create_task(gateway.post())
        await upstream.was_asked.wait()
        second = await gateway.post()
        upstream.may_answer.set()
        return await first, second, gateway

    first, second, gateway = asyncio.run(both_at_once())

    assert (first.status, second.status) == (200, 409)
    assert len(gateway.store.entries) == gateway.attempts == 1
    assert not gateway.store.holds


def test_who_lost_the_race_to_an_answer_gets_that_answer() -> None:
    gateway = Gateway(LateLookStore())
    first = gateway.ask()

    again = gateway.ask()

    assert again.pieces == first.pieces
    assert again.headers["x-openmind-idempotent-replay"] == "true"
    assert gateway.attempts == 1


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


@both
@pytest.mark.parametrize(
    "error",
    [RateLimitError("slow down", retry_after_s=1), ProviderUnavailableError("openai", may_have_cost=True)],
    ids=["refused", "unanswered"],
)
def test_what_failed_is_tried_anew(body: dict[str, Any], error: Exception) -> None:
    gateway = Gateway()
    gateway.upstream.error = error

    assert gateway.ask(body=body).status in {429, 503}
    assert not gateway.store.records
    gateway.upstream.error = None

    answer = gateway.ask(body=body)
    assert answer.status == 200
    assert "x-openmind-idempotent-replay" not in answer.headers


def test_an_answer_that_broke_off_is_tried_anew() -> None:
    gateway = Gateway()
    gateway.upstream.chunks = [chunk({"content": "Hel"}), BROKEN]

    broken = gateway.ask(body=STREAM)
    assert b"[DONE]" not in broken.pieces[-1]
    assert not gateway.store.records
    gateway.upstream.chunks = list(HELLO)

    assert gateway.ask(body=STREAM).pieces[-1] == b"data: [DONE]\n\n"
    assert gateway.attempts == 2


def test_what_was_stopped_is_tried_anew() -> None:
    class Stuck(FakeUpstreamPort):
        async def _each(self) -> Any:
            async for one in super()._each():
                yield one
                await asyncio.Event().wait()

    async def stopped() -> Gateway:
        gateway, client = Gateway(upstream=Stuck({})), Client()
        request = asyncio.create_task(gateway.post(body=STREAM, client=client))
        await client.started.wait()
        request.cancel()
        await asyncio.gather(request, return_exceptions=True)
        return gateway

    gateway = asyncio.run(stopped())

    assert [entry.outcome for entry in gateway.store.entries.values()] == ["stopped"]
    assert not gateway.store.records


def test_a_refused_admission_leaves_no_record() -> None:
    gateway = Gateway()
    _take_credit(gateway)

    assert gateway.ask().status == 402
    assert not gateway.store.records


def test_an_invalid_body_leaves_no_record() -> None:
    gateway = Gateway()

    assert gateway.ask(body={"model": "gpt-4o"}).status == 400
    assert not gateway.store.records


def test_an_answer_is_replayed_with_the_credit_used_up() -> None:
    gateway = Gateway()
    first = gateway.ask()
    _take_credit(gateway)

    assert gateway.ask(None).status == 402
    assert gateway.ask().pieces == first.pieces


@pytest.mark.parametrize("body", [CHAT, STREAM], ids=["its answer", "another body"])
def test_a_revoked_key_gets_neither_answer_nor_hint(body: dict[str, Any]) -> None:
    gateway = Gateway()
    gateway.ask()
    _change_key(gateway, is_active=False)

    assert gateway.ask(body=body).status == 401


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
    _change_key(gateway, is_active=False)

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
    _change_key(gateway, **kept_to)

    assert gateway.ask().status == status


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


def test_the_sweeper_frees_the_key_of_a_request_that_died() -> None:
    gateway = Gateway()
    gateway.store.failing = {"settle"}
    gateway.ask()
    gateway.store.failing = set()
    assert gateway.ask().status == 409

    gateway.clock.now += 901
    assert [entry.outcome for entry in gateway.ledger.sweep()] == ["abandoned"]

    assert not gateway.store.records
    assert gateway.ask().status == 200
    assert gateway.attempts == 2


def test_the_key_of_a_request_that_died_is_free_before_the_sweeper_comes_and_stays_the_next_ones() -> None:
    gateway = Gateway()
    gateway.store.failing = {"settle"}
    gateway.ask()
    gateway.store.failing = set()
    gateway.clock.now += 901

    second = gateway.ask()
    assert [entry.outcome for entry in gateway.ledger.sweep()] == ["abandoned"]

    assert gateway.ask().pieces == second.pieces
    assert gateway.attempts == 2


def test_an_admission_whose_answer_was_lost_leaves_no_record() -> None:
    gateway = Gateway()
    gateway.store.lost = {"admit"}
    assert gateway.ask().status == 503
    gateway.store.lost = set()

    assert not gateway.store.records
    assert not gateway.store.holds


def test_an_answer_that_cannot_be_stored_is_charged_all_the_same(caplog: pytest.LogCaptureFixture) -> None:
    gateway = Gateway()
    gateway.store.failing = {"write_parts"}

    with caplog.at_level(logging.ERROR):
        assert gateway.ask().status == 200

    assert [record.getMessage() for record in caplog.records] == ["answer not kept"]
    assert [entry.outcome for entry in gateway.store.entries.values()] == ["completed"]
    assert not gateway.store.records


@pytest.mark.parametrize("key", ["", "   ", "x" * 256, "schlüssel", "a\tb", "a\x7f"])
def test_what_cannot_be_a_key_is_refused_by_the_headers_name(key: str) -> None:
    gateway = Gateway()

    refused = gateway.ask(key)

    assert refused.status == 400
    assert refused.error.startswith("Idempotency-Key must be")
    assert gateway.attempts == 0


@pytest.mark.parametrize("key", ["k", "x" * 255, "a b", "~!#"])
def test_any_printable_ascii_is_a_key(key: str) -> None:
    gateway = Gateway()
    gateway.ask(key)

    assert gateway.ask(key).headers["x-openmind-idempotent-replay"] == "true"


def test_two_keys_at_once_are_none() -> None:
    gateway = Gateway()
    headers = [("content-type", "application/json"), ("x-api-key", "first-key")]
    headers += [("idempotency-key", "a"), ("idempotency-key", "b")]

    assert asyncio.run(Client().post(gateway.app, headers, CHAT, "openai")).status == 400


def test_a_replay_leaves_one_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    gateway = Gateway()
    first = gateway.ask()
    caplog.clear()

    with caplog.at_level(logging.DEBUG):
        gateway.ask()

    (line,) = [vars(record) for record in caplog.records if record.name.startswith("openmind_llm")]
    assert (line["message"], line["status"]) == ("completion", 200)
    assert line["replay_of"] == first.headers["x-request-id"]


@both
def test_neither_content_nor_key_is_logged(body: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    said = "a canary sang"
    gateway = Gateway(upstream=FakeUpstreamPort(completion(choices=[{"message": {"content": said}}])))
    gateway.upstream.chunks = [chunk({"content": said}), *HELLO]
    asked = body | {"messages": [{"role": "user", "content": "what the canary heard"}]}

    with caplog.at_level(logging.DEBUG):
        assert said.encode() in b"".join(gateway.ask("canary-key", asked).pieces)
        gateway.ask("canary-key", asked)
        gateway.ask("canary-key", body)

    assert len(caplog.records) >= 3
    assert "canary" not in repr([vars(record) for record in caplog.records])


def test_the_key_itself_is_not_stored() -> None:
    gateway = Gateway()
    gateway.ask("canary-key")

    assert "canary-key" not in repr((gateway.store.records, gateway.store.entries))
    ((account_id, record_id),) = gateway.store.records
    assert (account_id, record_id) == ("account-1", idempotency.record_id("canary-key"))


def _change_key(gateway: Gateway, **fields: Any) -> None:
    known = gateway.store.known_keys["key-1"]
    gateway.store.known_keys["key-1"] = replace(known, record=replace(known.record, **fields))


def _take_credit(gateway: Gateway) -> None:
    known = gateway.store.known_accounts["account-1"]
    counters = dict(known.counters) | {"balance": 0, "granted": known.counters["granted"] - known.counters["balance"]}
    gateway.store.known_accounts["account-1"] = replace(known, counters=counters)
    gateway.clock.now += 31  # what was seen of it is forgotten
