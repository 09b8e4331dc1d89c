"""Asks providers, one after the other, until one answers or the budget is used up."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from openmind_llm.classes import dataclass
from openmind_llm.domain.aside import aside
from openmind_llm.domain.attempts import table
from openmind_llm.domain.attempts.course import STOPPED, Course
from openmind_llm.domain.attempts.health import Health
from openmind_llm.domain.attempts.keyring import Keyring
from openmind_llm.domain.attempts.target import Patience, ProviderKey, Target
from openmind_llm.domain.attempts.trail import Attempt
from openmind_llm.domain.catalogue import Route
from openmind_llm.domain.ports import ProviderKeys
from openmind_llm.errors import GatewayError, ProviderNotConfiguredError

type Ask[A] = Callable[[Target, Patience], Awaitable[A]]
"""One call. Raises GatewayError, whose `means` tells what to do about it."""


@dataclass(frozen=True, slots=True)
class Pick:
    """A target, and the seconds to wait before it."""

    target: Target
    pause_s: float


class Attempts:
    """`now` gives seconds since the epoch, `first_s` is the most that a stream's first event may take."""

    def __init__(
        self,
        keys: ProviderKeys,
        health: Health,
        keyring: Keyring,
        now: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        first_s: float = 240,
    ) -> None:
        self._keys = keys
        self._health = health
        self._keyring = keyring
        self._now = now
        self._sleep = sleep
        self._first_s = first_s

    async def answer[A](self, course: Course, ask: Ask[A], stack: AsyncExitStack, account_id: str) -> A:
        """The first answer; what it holds is released with the stack. Raises the GatewayError that the caller gets."""
        while (route := course.route(self._now())) is not None:
            pick = await self._picked(course, route, stack)
            if pick is None:
                continue
            await self._wait(pick, stack)
            answer = await self._called(course, pick, ask, stack, account_id)
            if answer is not None:
                return answer
        raise course.refusal()

    async def _picked(self, course: Course, route: Route, stack: AsyncExitStack) -> Pick | None:
        """None where the route is left, or what was read beforehand took the time that the call needs.

        In a thread, unless all that it asks for is in memory.
        """
        if self._keys.is_at_hand() and self._health.is_well(route.provider.name):
            return self._pick(course, route)
        picking = asyncio.ensure_future(aside(self._pick, course, route))
        try:
            pick = await asyncio.shield(picking)
        except BaseException:
            stack.push_async_callback(self._given_up, picking)
            raise
        if pick is None or course.is_worth(pick.pause_s, self._now()):
            return pick
        await aside(self._health.told_nothing, pick.target)
        return None

    async def _given_up(self, picking: asyncio.Future[Pick | None]) -> None:
        """What a thread has picked, or is about to, for a request that was stopped meanwhile."""
        await asyncio.wait([picking])
        if picking.exception() is None and (pick := picking.result()) is not None:
            await aside(self._health.told_nothing, pick.target)

    async def _wait(self, pick: Pick, stack: AsyncExitStack) -> None:
        if not pick.pause_s:
            return
        try:
            await self._sleep(pick.pause_s)
        except BaseException:
            stack.push_async_callback(aside, self._health.told_nothing, pick.target)
            raise

    async def _called[A](
        self, course: Course, pick: Pick, ask: Ask[A], stack: AsyncExitStack, account_id: str
    ) -> A | None:
        """One call; None where it failed."""
        target, started = pick.target, self._now()
        patience = course.patience(self._first_s, started)
        release = self._keyring.taken(target.route.provider.name, target.key)
        try:
            answer = await ask(target, patience)
        except GatewayError as error:
            release()
            course.failed(target, error, self._attempt(pick, started, error.means or "input"), self._now())
            await aside(self._blame, target, error, patience, account_id)
            return None
        except BaseException:
            release()
            course.stopped(target, self._attempt(pick, started, STOPPED))
            stack.push_async_callback(aside, self._health.told_nothing, target)
            raise
        stack.callback(release)
        course.answered(target, self._attempt(pick, started))
        first_s = self._now() - started if course.is_stream else None
        praise = self._health.answered(target, first_s, account_id)
        if praise is not None and course.is_stream:  # beside the stream, which nothing may hold back
            stack.push_async_callback(asyncio.wait, [asyncio.create_task(asyncio.to_thread(praise))])
        elif praise is not None:
            stack.push_async_callback(aside, praise)
        return answer

    def _blame(self, target: Target, error: GatewayError, patience: Patience, account_id: str) -> None:
        """The only key of a provider is not set aside: there is no other one, and it may be refused by mistake."""
        rule = table.rule(error.means)
        if rule.set_aside_s and len(self._keys.all(target.route.provider.name)) > 1:
            self._health.set_aside(target, error.means, rule.set_aside_s)
        elif rule.is_counted:
            self._health.failed(target, error.means, patience, account_id)
        else:
            self._health.told_nothing(target)

    def _attempt(self, pick: Pick, started: float, means: str = "") -> Attempt:
        route, took_ms = pick.target.route, round((self._now() - started) * 1000)
        return Attempt(
            provider=route.provider.name,
            model=route.model.name,
            upstream_model=route.shown_id,
            key_id=pick.target.key.key_id,
            started=started,
            duration_ms=took_ms,
            first_ms=None if means else took_ms,
            means=means,
            waited_ms=round(pick.pause_s * 1000),
        )

    def _pick(self, course: Course, route: Route) -> Pick | None:
        """None where the route is left. Of the keys, the one that may be used first."""
        provider, now = route.provider.name, self._now()
        keys = self._keys.all(provider)
        if not keys:
            course.skip(_unconfigured(provider))
            return None
        ordered = self._keyring.ordered(provider, course.usable(keys))
        ready = [key for key in ordered if course.is_worth(course.pause_s(key, now), now)]
        if not ready:
            course.leave()
            return None
        return self._open(course, route, sorted(ready, key=lambda one: course.pause_s(one, now)))

    def _open(self, course: Course, route: Route, ordered: list[ProviderKey]) -> Pick | None:
        now, opens_at = self._now(), []
        for key in ordered:
            target = Target(route, key)
            closed_until = self._health.opens_at(target, course.budget.left_s(now))
            if not closed_until:
                return Pick(target, course.pause_s(key, now))
            opens_at.append(closed_until)
            course.closed_ways += 1
        wait_s = max(1, math.ceil(min(opens_at) - now))
        course.skip(table.unavailable(route.provider.name, "outage", wait_s))
        return None


def _unconfigured(provider: str) -> ProviderNotConfiguredError:
    return ProviderNotConfiguredError(f"{provider} API key not configured")
