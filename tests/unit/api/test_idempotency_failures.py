"""After what failed, broke off or died, its `Idempotency-Key` is free for another try."""

import asyncio
import logging
from typing import Any

import pytest

from openmind_llm.errors import ProviderUnavailableError, RateLimitError, StreamBrokenError
from tests.fake_upstream import chunk
from tests.fakes import FakeUpstreamPort
from tests.unit.api.repeating import HELLO, STREAM, Client, Gateway, both

BROKEN = StreamBrokenError("openai", "broke off")


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
    gateway.use_up_credit()

    assert gateway.ask().status == 402
    assert not gateway.store.records


def test_an_invalid_body_leaves_no_record() -> None:
    gateway = Gateway()

    assert gateway.ask(body={"model": "gpt-4o"}).status == 400
    assert not gateway.store.records


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
