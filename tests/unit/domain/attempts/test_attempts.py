"""What is tried after a failure, in what order, with which key, and when it ends."""

import asyncio
import threading
from contextlib import AsyncExitStack, suppress
from typing import Any

import pytest

from openmind_llm.domain.attempts import table
from openmind_llm.domain.attempts.attempts import Attempts
from openmind_llm.domain.attempts.budget import Budget
from openmind_llm.domain.attempts.course import LONGEST_WAIT_S, Course
from openmind_llm.domain.attempts.keyring import Keyring
from openmind_llm.errors import (
    DeadlineExceededError,
    InvalidRequestError,
    ProviderNotConfiguredError,
    ProviderUnavailableError,
    RateLimitError,
)
from tests.fakes import FakeProviderKeys
from tests.unit.domain.attempts.trying import ASKED, SECOND, START, THIRD, FakeHealth, Tried, failure

AGAIN = ("passing", "outage", "unreachable", "broken", "rate")
NEVER_AGAIN = (
    "input",
    "provider_key",
    "provider_credit",
    "forbidden",
    "too_dear",
    "model",
    "timeout",
    "too_large",
    "refused",
)


def test_an_answer_is_an_answer() -> None:
    tried = Tried([])

    assert (tried.answer, tried.models, tried.slept) == ("answer", ["openai"], [])
    assert tried.course.served is ASKED
    assert [(one.key_id, one.means, one.first_ms) for one in tried.course.trail] == [("key-1", "", 0)]


@pytest.mark.parametrize("means", AGAIN)
def test_what_may_heal_is_tried_again_after_a_pause(means: str) -> None:
    tried = Tried([failure(means)])

    assert tried.answer == "answer"
    assert [one.means for one in tried.course.trail] == [means, ""]
    assert len(tried.slept) == 1
    assert 0 < tried.slept[0] <= 0.25


@pytest.mark.parametrize("means", NEVER_AGAIN)
def test_what_will_not_heal_is_not_tried_again(means: str) -> None:
    tried = Tried([failure(means)])

    assert (tried.answer, len(tried.calls)) == (None, 1)


@pytest.mark.parametrize("means", [*AGAIN, *(one for one in NEVER_AGAIN if table.rule(one).elsewhere)])
def test_all_but_the_requests_own_fault_leads_to_the_fallback(means: str) -> None:
    tried = Tried([failure(means)] * 2, (ASKED, SECOND), attempts=4)

    assert "xai" in tried.models
    assert tried.models == sorted(tried.models)


def test_a_request_that_is_at_fault_has_no_fallback() -> None:
    tried = Tried([failure("input")], (ASKED, SECOND))

    assert tried.models == ["openai"]
    assert isinstance(tried.error, InvalidRequestError)


def test_a_fallback_that_refuses_the_request_ends_only_itself() -> None:
    tried = Tried([failure("model"), failure("input")], (ASKED, SECOND, THIRD))

    assert tried.models == ["openai", "xai", "deepseek"]
    assert tried.answer == "answer"


def test_the_caller_is_told_what_became_of_the_model_that_was_asked_for() -> None:
    tried = Tried([failure("rate", 40), failure("input")], (ASKED, SECOND))

    assert isinstance(tried.error, RateLimitError)
    assert tried.error.retry_after_s == 40


def test_a_route_gives_way_after_two_tries_and_the_last_one_has_the_rest() -> None:
    tried = Tried([failure("outage")] * 9, (ASKED, SECOND), attempts=5)

    assert tried.models == ["openai", "openai", "xai", "xai", "xai"]


def test_every_fallback_gets_its_chance() -> None:
    tried = Tried([failure("outage")] * 9, (ASKED, SECOND, THIRD), attempts=3)

    assert tried.models == ["openai", "xai", "deepseek"]


def test_a_pause_grows_with_each_try_and_is_never_the_same_for_all() -> None:
    pauses = [Tried([failure("outage")] * 3).slept for _ in range(40)]

    assert all(first <= 0.25 and second <= 0.5 and third <= 1 for first, second, third in pauses)
    assert len({first for first, _, _ in pauses}) > 30
    assert max(third for _, _, third in pauses) > 0.5


def test_another_key_is_tried_at_once_where_the_first_is_refused() -> None:
    tried = Tried([failure("provider_key")], keys=2)

    assert (tried.keys, tried.slept, tried.answer) == (["key-1", "key-2"], [], "answer")


def test_a_key_that_was_refused_is_not_tried_again() -> None:
    tried = Tried([failure("provider_credit"), failure("outage")], keys=2)

    assert tried.keys == ["key-1", "key-2", "key-2"]


def test_with_all_keys_refused_the_fallback_is_asked() -> None:
    tried = Tried([failure("provider_key")] * 3, (ASKED, SECOND), keys=3)

    assert tried.models == ["openai", "openai", "openai", "xai"]


def test_another_key_is_tried_at_once_where_the_first_is_to_wait() -> None:
    tried = Tried([failure("rate", 5), failure("rate", 3)], keys=2)

    assert tried.keys == ["key-1", "key-2", "key-2"]
    assert tried.slept == [3]


def test_the_providers_word_on_how_long_to_wait_is_kept() -> None:
    tried = Tried([failure("rate", 5)])

    assert (tried.slept, tried.answer) == ([5], "answer")


@pytest.mark.parametrize(("wait_s", "deadline_s"), [(6, 5), (LONGEST_WAIT_S + 1, 600)])
def test_who_is_to_wait_for_too_long_is_told_so(wait_s: int, deadline_s: float) -> None:
    tried = Tried([failure("rate", wait_s)], deadline_s=deadline_s)

    assert (tried.slept, len(tried.calls)) == ([], 1)
    assert tried.error
    assert tried.error.retry_after_s == wait_s


def test_with_a_fallback_nobody_waits_long() -> None:
    tried = Tried([failure("rate", 5)], (ASKED, SECOND))

    assert (tried.models, tried.slept) == (["openai", "xai"], [])


def test_a_provider_that_hangs_is_left_in_time_for_the_fallback() -> None:
    tried = Tried([], (ASKED, SECOND), deadline_s=30, takes_s=25)

    assert [call.patience.total_s for call in tried.calls] == [20, 10]


def test_a_stream_has_all_the_time_once_it_has_begun() -> None:
    tried = Tried([], (ASKED, SECOND), deadline_s=30, is_stream=True)

    assert (tried.calls[0].patience.first_s, tried.calls[0].patience.total_s) == (20, 30)


def test_nothing_is_begun_when_the_time_is_up() -> None:
    tried = Tried([failure("outage")] * 9, attempts=100, deadline_s=1, takes_s=0.3)

    assert all(call.at < 1 for call in tried.calls)
    assert tried.clock.now - 1000 <= 1
    assert isinstance(tried.error, ProviderUnavailableError)


def test_a_request_that_comes_too_late_is_not_sent() -> None:
    tried = Tried([], deadline_s=0)

    assert tried.calls == []
    assert isinstance(tried.error, DeadlineExceededError)


@pytest.mark.parametrize(
    ("failures", "attempts", "may_retry"),
    [
        ([failure("timeout")], 4, False),
        ([failure("broken"), failure("rate", 40)], 4, False),
        ([failure("outage")] * 4, 4, False),
        ([failure("rate", 40)], 4, True),
        ([failure("outage")], 1, True),
    ],
    ids=["may have been billed", "may have been billed before", "tried often enough", "to wait", "no retries of ours"],
)
def test_a_client_is_told_whether_to_try_again(failures: Any, attempts: int, may_retry: bool) -> None:
    error = Tried(failures, attempts=attempts).error

    assert error
    assert error.may_retry is may_retry


def test_what_may_have_been_billed_is_remembered_with_its_route() -> None:
    tried = Tried([failure("broken"), failure("outage"), failure("timeout")], (ASKED, SECOND))

    assert tried.models == ["openai", "openai", "xai"]
    assert tried.course.costly is ASKED


def test_a_way_that_is_closed_is_not_taken() -> None:
    tried = Tried([], (ASKED, SECOND), keys=2, health=FakeHealth({"key-1": 1010}))

    assert (tried.models, tried.keys) == (["openai"], ["key-2"])


def test_closed_ways_are_counted() -> None:
    tried = Tried([None], keys=3, health=FakeHealth(closed={"key-1": 1010, "key-2": 1010}))

    assert tried.course.closed_ways == 2


def test_with_every_way_closed_the_caller_is_told_when_the_first_opens() -> None:
    tried = Tried([], (ASKED, SECOND), keys=2, health=FakeHealth({"key-1": 1030, "key-2": 1010.5}))

    assert tried.calls == []
    assert isinstance(tried.error, ProviderUnavailableError)
    assert tried.error.retry_after_s == 11


def test_a_key_whose_time_comes_too_late_is_not_waited_for_because_the_others_are_closed() -> None:
    tried = Tried([failure("rate", 2)], keys=2, deadline_s=1, health=FakeHealth({"key-2": 1001}))

    assert (tried.keys, tried.slept) == (["key-1"], [])


def test_health_is_told_what_counts_and_nothing_else() -> None:
    told = {means: Tried([failure(means)], keys=2).health.told for means in (*AGAIN, *NEVER_AGAIN)}

    counted = {means for means, lines in told.items() if ("failed", "key-1", means, "account-1") in lines}
    set_aside = {means for means, lines in told.items() if ("set aside", "key-1", means, "300") in lines}
    assert counted == {"outage", "unreachable", "broken", "timeout"}
    assert set_aside == {"provider_key", "provider_credit"}
    rest = [lines for means, lines in told.items() if means not in counted | set_aside]
    assert all(lines[0] == ("nothing", "key-1") for lines in rest)


def test_the_only_key_is_not_set_aside() -> None:
    assert Tried([failure("provider_key")]).health.told == [("nothing", "key-1")]


@pytest.mark.parametrize(("is_stream", "kind"), [(True, "stream"), (False, "whole")])
def test_health_is_told_of_an_answer(is_stream: bool, kind: str) -> None:
    assert Tried([], is_stream=is_stream).health.told == [("answered", "key-1", kind)]


def test_without_a_key_the_fallback_is_asked() -> None:
    tried = Tried([], keys=0)

    assert tried.calls == []
    assert isinstance(tried.error, ProviderNotConfiguredError)


def test_a_call_that_is_stopped_is_on_the_trail() -> None:
    stop: Any = asyncio.CancelledError()
    tried = Tried.__new__(Tried)

    with pytest.raises(asyncio.CancelledError):
        tried.__init__([failure("outage"), stop])  # type: ignore[misc]

    assert [one.means for one in tried.course.trail] == ["outage", "stopped"]
    assert tried.course.costly is ASKED


def test_who_is_stopped_while_it_waits_gives_up_the_way() -> None:
    tried = Tried.__new__(Tried)

    async def stop(_: float) -> None:
        raise asyncio.CancelledError

    tried._sleep = stop  # type: ignore[assignment, method-assign]
    with pytest.raises(asyncio.CancelledError):
        tried.__init__([failure("outage")])  # type: ignore[misc]

    assert tried.health.told[-1] == ("nothing", "key-1")
    assert tried.course.costly is None


def test_a_key_is_free_again_whatever_became_of_its_call() -> None:
    for failures in ([], [failure("outage")], [failure("input")]):
        assert not Tried(failures).keyring._load


def test_nothing_is_sent_where_the_look_at_the_ways_took_the_time() -> None:
    tried, health = Tried.__new__(Tried), FakeHealth()
    health.looking = lambda: setattr(tried.clock, "now", tried.clock.now + 1.95)

    tried.__init__([], deadline_s=2, health=health)  # type: ignore[misc]

    assert tried.calls == []
    assert isinstance(tried.error, DeadlineExceededError)
    assert health.told == [("nothing", "key-1")]


def test_who_is_stopped_while_a_way_is_looked_for_gives_it_up() -> None:
    looks, goes_on, health = threading.Event(), threading.Event(), FakeHealth()

    def look() -> None:
        looks.set()
        assert goes_on.wait(5)

    async def never(*_: object) -> None:
        raise AssertionError

    async def stop() -> None:
        attempts = Attempts(FakeProviderKeys("sk-1"), health, Keyring(lambda: 0.5), lambda: START)
        course = Course((ASKED,), Budget(START + 60, 4), is_stream=False)
        async with AsyncExitStack() as stack:
            asked = asyncio.create_task(attempts.answer(course, never, stack, "account-1"))
            await asyncio.to_thread(looks.wait, 5)
            asked.cancel()
            with suppress(asyncio.CancelledError):
                await asked
            goes_on.set()

    health.looking = look
    asyncio.run(stop())

    assert health.told == [("nothing", "key-1")]
