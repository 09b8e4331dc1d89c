"""What each row that asks the provider takes for well, and what not."""

import pytest

from dev.smoke.paid import ROWS
from dev.smoke.table import FAIL, OK
from dev.smoke.wire import Answer, Streamed
from tests.unit.dev.smoke.looking import JSON, FakeDoor, answer, look, pieces, refused, target, whole

SPREAD = [0.1 * number for number in range(1, 9)]


def settled(outcome: str = "completed", charge: str = "0.5") -> Answer:
    return answer(200, {"state": "settled", "outcome": outcome, "charge_omcu": charge})


def streaming(*times: float, done: bool = True, status: int = 200) -> Streamed:
    return Streamed(status, JSON, pieces(*times, done=done))


def test_a_whole_answer_tells_cost_and_overhead() -> None:
    assert look(ROWS, "whole", target(FakeDoor(whole()))).seen == "200, cost 0.5 OMCU, overhead 12 ms"


@pytest.mark.parametrize("missing", ["x_request_id", "x_openmind_cost", "x_openmind_overhead_ms"])
def test_an_answer_without_a_header_fails(missing: str) -> None:
    result = look(ROWS, "whole", target(FakeDoor(whole(**{missing: ""}))))

    assert (result.verdict, result.seen) == (FAIL, f"200 without {missing.replace('_', '-')}")


def test_an_answer_that_is_no_completion_fails() -> None:
    assert look(ROWS, "whole", target(FakeDoor(whole(), answer(200, {"choices": []})))).verdict == OK
    odd = answer(200, {"choices": []}, x_openmind_cost="1", x_openmind_overhead_ms="1")
    assert look(ROWS, "whole", target(FakeDoor(odd))).seen.startswith("IndexError")


def test_a_limit_that_asks_for_little_patience_is_waited_for() -> None:
    looked = target(FakeDoor(refused(429, retry_after_ms="700"), whole()))

    assert look(ROWS, "whole", looked).verdict == OK
    assert looked.clock.now() - looked.started == pytest.approx(0.7)


def test_a_limit_that_asks_for_much_is_told() -> None:
    assert look(ROWS, "whole", target(FakeDoor(refused(429, retry_after_ms="60000")))).seen.startswith("429")


def test_a_charge_that_is_the_header_is_well() -> None:
    assert look(ROWS, "usage", target(FakeDoor(whole(), settled(charge="0.50")))).verdict == OK


def test_a_charge_that_is_not_the_header_fails() -> None:
    result = look(ROWS, "usage", target(FakeDoor(whole(), settled(charge="0.7"))))

    assert (result.verdict, result.seen) == (FAIL, "0.7 charged, 0.5 told")


def test_a_request_that_is_never_settled_fails() -> None:
    held = answer(200, {"state": "held"})

    assert look(ROWS, "usage", target(FakeDoor(whole(), held))).seen == "r-1 is held after 10 s"


def test_a_stream_with_its_end_is_well() -> None:
    assert look(ROWS, "stream", target(FakeDoor(streamed=streaming(*SPREAD)))).verdict == OK


def test_a_stream_without_its_end_fails() -> None:
    result = look(ROWS, "stream", target(FakeDoor(streamed=streaming(*SPREAD, done=False))))

    assert (result.verdict, result.seen.partition(":")[0]) == (FAIL, "does not end with [DONE]")


def test_a_stream_in_one_moment_fails() -> None:
    result = look(ROWS, "stream", target(FakeDoor(streamed=streaming(*[0.8] * 8))))

    assert (result.verdict, result.seen.partition(":")[0]) == (FAIL, "buffered")


def test_a_stream_by_the_function_url_is_of_that_door() -> None:
    second = FakeDoor(streamed=streaming(*SPREAD))

    assert look(ROWS, "stream-url", target(FakeDoor(refused(500)), url_door=second)).verdict == OK


@pytest.mark.parametrize(
    ("outcome", "charge", "verdict"),
    [("client_gone", "0.5", OK), ("completed", "0.5", OK), ("client_gone", "0", FAIL), ("abandoned", "0.5", FAIL)],
)
def test_a_stream_whose_client_left_is_charged(outcome: str, charge: str, verdict: str) -> None:
    door = FakeDoor(settled(outcome, charge), streamed=streaming(0.1, done=False))

    assert look(ROWS, "cut", target(door)).verdict == verdict


def replay(raw: bytes = b"{}", **headers: str) -> Answer:
    return answer(200, raw, **{"x_openmind_idempotent_replay": "true", "x_openmind_cost": "0"} | headers)


def test_a_replay_is_well_and_waits_for_the_first_to_be_settled() -> None:
    door = FakeDoor(answer(200, b"{}"), refused(409, retry_after="1"), replay())

    assert look(ROWS, "idempotency", target(door)).verdict == OK
    assert len({(headers["idempotency-key"], body) for _, _, headers, body in door.asked}) == 1


@pytest.mark.parametrize(
    "second", [answer(200, b"{}"), replay(b'{"other": 1}'), replay(x_openmind_cost="0.5"), refused(422)]
)
def test_what_is_no_replay_fails(second: Answer) -> None:
    assert look(ROWS, "idempotency", target(FakeDoor(answer(200, b"{}"), second))).verdict == FAIL


@pytest.mark.parametrize(("overhead", "verdict"), [("250", OK), ("251", FAIL)])
def test_the_median_of_the_overhead_has_a_bound(overhead: str, verdict: str) -> None:
    assert look(ROWS, "overhead", target(FakeDoor(whole(x_openmind_overhead_ms=overhead)))).verdict == verdict


def test_an_emulator_may_be_slow() -> None:
    door = FakeDoor(whole(x_openmind_overhead_ms="900"), url="http://127.0.0.1:1")

    assert look(ROWS, "overhead", target(door)).verdict == OK


def test_one_of_many_at_once_that_is_refused_fails() -> None:
    assert look(ROWS, "at-once", target(FakeDoor(whole(), refused(503), whole()))).verdict == FAIL
    assert look(ROWS, "at-once", target(FakeDoor(whole()))).seen == "8 answered, largest overhead 12 ms"
