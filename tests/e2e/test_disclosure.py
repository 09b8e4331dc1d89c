"""What every answer tells of limits, credit and cost, and that it is what is charged."""

import json
from typing import Any

import pytest

from openmind_llm.domain import money
from tests.doors import Answer
from tests.e2e.conftest import Ask
from tests.e2e.streaming import LedgerRows
from tests.fake_upstream import USAGE, FakeUpstream, completion

EVERYWHERE = {
    "x-ratelimit-limit-requests",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-reset-requests",
    "x-openmind-credit-remaining",
}
OF_A_HOLD = {"x-openmind-hold", "x-openmind-hold-assumes", "x-openmind-max-tokens"}


@pytest.fixture
def rows(upstream: FakeUpstream, ask: Ask) -> LedgerRows:
    """Made last, when all is quiet."""
    return LedgerRows()


def ours(answer: Answer) -> set[str]:
    """The headers that tell of limits, credit and cost."""
    told = EVERYWHERE | OF_A_HOLD | {"x-openmind-cost"}
    return told & answer.headers.keys()


def test_a_whole_answer_tells_its_cost_as_it_is_charged(ask: Ask, rows: LedgerRows) -> None:
    answer = ask()

    row = rows.one()
    assert (answer.status, ours(answer)) == (200, EVERYWHERE | OF_A_HOLD | {"x-openmind-cost"})
    assert answer.headers["x-openmind-cost"] == money.text(row["charge"]) != "0"
    assert answer.headers["x-openmind-hold"] == money.text(row["hold"])
    assert row["sk"] == answer.headers["x-request-id"]


def test_an_estimated_answer_tells_its_cost_as_it_is_charged(
    ask: Ask, upstream: FakeUpstream, rows: LedgerRows
) -> None:
    upstream.replies(completion(usage=None))

    answer = ask()

    row = rows.one()
    assert answer.headers["x-openmind-cost"] == money.text(row["charge"]) != "0"
    assert row["reason"] == "the provider reported no usage"


def test_a_stream_tells_what_is_held_and_no_cost_before_its_end(ask: Ask, rows: LedgerRows) -> None:
    answer = ask(stream=True)

    assert (answer.status, ours(answer)) == (200, EVERYWHERE | OF_A_HOLD)
    assert answer.headers["x-openmind-hold"] == money.text(rows.one()["hold"])
    assert b"x_openmind" not in answer.raw


def test_the_last_chunk_of_a_stream_tells_the_cost_as_it_is_charged(ask: Ask, rows: LedgerRows) -> None:
    answer = ask(stream=True, stream_options={"include_usage": True})

    *chunks, last, done = answer.raw.decode().strip().split("\n\n")
    told: dict[str, Any] = json.loads(last.removeprefix("data: "))
    assert done == "data: [DONE]"
    assert (told["choices"], told["usage"]) == ([], USAGE)
    assert told["x_openmind_cost"] == money.text(rows.one()["charge"]) != "0"
    assert "x_openmind_cost" not in "".join(chunks)


@pytest.mark.parametrize("stream", [False, True])
def test_a_providers_refusal_tells_that_it_cost_nothing(
    ask: Ask, upstream: FakeUpstream, rows: LedgerRows, stream: bool
) -> None:
    upstream.replies({"error": {"message": "slow down"}}, 429)

    answer = ask(stream=stream)

    row = rows.one()
    assert (answer.status, ours(answer)) == (429, EVERYWHERE | OF_A_HOLD | {"x-openmind-cost"})
    assert answer.headers["x-openmind-cost"] == "0"
    assert (row["outcome"], row["charge"], row["cost"]) == ("refused", 0, 0)


def test_a_providers_failure_tells_what_is_charged_for_its_input(
    ask: Ask, upstream: FakeUpstream, rows: LedgerRows
) -> None:
    upstream.replies(completion(choices=[], usage=None))

    answer = ask()

    row = rows.one()
    assert (answer.status, row["outcome"], row["output"]) == (503, "unanswered", 0)
    assert ours(answer) == EVERYWHERE | OF_A_HOLD | {"x-openmind-cost"}
    assert answer.headers["x-openmind-cost"] == money.text(row["charge"]) != "0"


def test_an_answer_that_says_nothing_tells_what_the_provider_bills_for_it(
    ask: Ask, upstream: FakeUpstream, rows: LedgerRows
) -> None:
    upstream.replies(completion(choices=[]))

    answer = ask()

    row = rows.one()
    assert (answer.status, row["outcome"], row["is_exact"]) == (503, "broken", True)
    assert ours(answer) == EVERYWHERE | OF_A_HOLD | {"x-openmind-cost"}
    assert answer.headers["x-openmind-cost"] == money.text(row["charge"]) != "0"


@pytest.mark.parametrize(
    ("provider", "raw", "status"), [("openai", b"{", 400), ("openai", b"[]", 400), ("nobody", b"{", 404)]
)
def test_a_wrong_request_tells_the_limits_and_that_it_cost_nothing(
    ask: Ask, rows: LedgerRows, provider: str, raw: bytes, status: int
) -> None:
    answer = ask(provider, raw=raw)

    assert (answer.status, ours(answer)) == (status, EVERYWHERE | {"x-openmind-cost"})
    assert answer.headers["x-openmind-cost"] == "0"
    assert rows.none()
