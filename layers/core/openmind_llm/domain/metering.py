"""Puts credit aside before a provider is asked, and charges once what the answer used, however it ended."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from openmind_llm.domain import timings
from openmind_llm.domain.aside import aside, to_its_end
from openmind_llm.domain.attempts.budget import Budget
from openmind_llm.domain.attempts.course import Course
from openmind_llm.domain.catalogue import Route
from openmind_llm.domain.exchanges import Exchange
from openmind_llm.domain.keys import Caller
from openmind_llm.domain.ledger import admission, disclosure, settlement
from openmind_llm.domain.ledger.admission import Admission, Ask, Fallback
from openmind_llm.domain.ledger.ledger import Ledger
from openmind_llm.domain.ledger.rows import Bill, Hold, Timing
from openmind_llm.domain.ledger.settlement import Ending
from openmind_llm.domain.requests import ChatRequest
from openmind_llm.domain.usage import Usage
from openmind_llm.errors import GatewayError

logger = logging.getLogger(__name__)


class Meter:
    """Of one exchange. `facts` are the fields of its line in the log, which gets what was used, too.

    `most_s` is the most that a request may take.
    """

    def __init__(
        self,
        ledger: Ledger,
        exchange: Exchange,
        ask: Ask,
        now: Callable[[], float],
        facts: dict[str, Any],
        most_s: float,
    ) -> None:
        self._ledger = ledger
        self._exchange = exchange
        self._ask = ask
        self._now = now
        self._facts = facts
        self._most_s = most_s
        self._admission: Admission
        self._course: Course
        self._first_ms: int | None = None

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[Course]:
        """Around the asking of providers, with what was admitted. A refusal costs nothing.

        Raises what Ledger.admit raises.
        """
        await self._admit()
        self._course = self._begun()
        open_holds = self._admission.after.account_counters["open_holds"]
        self._facts |= {"attempts": self._course.trail, "open_holds": open_holds}
        try:
            yield self._course
        except GatewayError as error:
            await self._unanswered(error)
            raise
        except BaseException:
            await self._stopped()
            raise
        finally:
            self._facts["breaker_open"] = self._course.closed_ways
        self._first_ms = self._elapsed_ms()
        if self._course.is_stream:
            self._facts["first_ms"] = self._first_ms

    def request(self, route: Route) -> ChatRequest:
        """As it is admitted, for a provider.

        The model that was asked for keeps to its own bound, which the hold covers. A fallback's may be another: it gets
        a cap that is held for, and that it can have.
        """
        request, cap = self._exchange.request, self._admission.hold.output_cap
        most = route.model.max_output_tokens or cap
        if request.asked_output is None:
            return request.capped(min(cap, most))
        if route is self._exchange.route:
            return request
        return request.lowered(min(cap, most) if route.is_exact else cap)

    @property
    def route(self) -> Route:
        """The one that has answered; while none has, the one that was asked for."""
        return self._course.served or self._exchange.route

    @property
    def may_be_cached(self) -> bool:
        """Only what the model that was asked for has said: whoever may ask for it need not be allowed the others.

        Nothing that was cut short because this key's credit was: another one's is not.
        """
        return self._course.served is self._exchange.route and not self._admission.is_lowered

    @property
    def logs_content(self) -> bool:
        """The account wants its content in the log. By the admission, and not by what was seen before it."""
        return self._admission.standing.account.logs_content

    def left_s(self) -> float:
        """Seconds until the request has to be answered."""
        return self._course.budget.left_s(self._now())

    async def close(self, used: Usage, reported: Any, outcome: str) -> None:
        """`reported` is the provider's own usage object. What cannot be charged now is, once the hold has expired."""
        await self._close(self.route, used, reported, outcome)

    def headers(self, used: Usage | None = None, reported: Any = None) -> dict[str, str]:
        """Limits and credit, and who has answered; with what was used, its cost."""
        return self._told(None if used is None else admission.bill(self.route, used, reported))

    def billed(self, error: GatewayError, used: Usage, reported: Any) -> GatewayError:
        """The error with headers that tell what the request came to all the same."""
        error.headers = {**error.headers, **self.headers(used, reported)}
        return error

    def cost(self, used: Usage, reported: Any) -> dict[str, str]:
        """The fields of a stream's last chunk that tell it."""
        return disclosure.in_chunk(self._admission, admission.bill(self.route, used, reported))

    @property
    def adjusted(self) -> tuple[str, ...]:
        """What filters and admission changed in the request."""
        named, sent = self._exchange.request.caps, self.request(self.route).caps
        lowered = [f"{name}={sent[name]}" for name, cap in named.items() if sent[name] != cap]
        return (*self._exchange.adjusted, *capping(self._ask.asked_output), *lowered)

    def _begun(self) -> Course:
        exchange, admitted = self._exchange, self._admission
        routes = exchange.itinerary.order(one.route for one in admitted.fallbacks)
        may_take_s = exchange.timeout_s or admitted.plan.timeout_s or self._most_s
        budget = Budget(exchange.started + min(may_take_s, self._most_s), admitted.plan.max_attempts)
        return Course(routes, budget, is_stream=exchange.request.is_stream)

    def _told(self, bill: Bill | None) -> dict[str, str]:
        told = {"x-openmind-attempts": str(len(self._course.trail))}
        if self._course.served is not None:
            told["x-openmind-served-by"] = f"{self.route.provider.name}/{self.route.shown_id}"
        if self._exchange.itinerary.warnings:
            told["x-openmind-warning"] = "; ".join(self._exchange.itinerary.warnings)
        return disclosure.of_admission(self._admission, bill, self._now()) | told | self._timings()

    def _timings(self) -> dict[str, str]:
        """The headers; the line tells them, too."""
        started, course = self._exchange.started, self._course
        reckoned = timings.reckon(started, self._now(), course.trail, is_stream=course.is_stream)
        self._facts |= reckoned.facts()
        return reckoned.headers()

    async def _admit(self) -> None:
        """A request that is stopped meanwhile has not reached its provider."""
        admitted = await to_its_end(self._ledger.admit, self._exchange.caller, self._ask)
        if admitted.is_stopped and admitted.error is not None:
            raise asyncio.CancelledError
        self._admission = admitted.known()
        if admitted.is_stopped:
            await self._settle(self._admission.hold, settlement.refused(self._admission.hold, self._now_ms()))
            raise asyncio.CancelledError

    async def _unanswered(self, error: GatewayError) -> None:
        """A call that may have been billed is charged for what was asked, once, however many there were."""
        hold, costly = self._admission.hold, self._course.costly
        if costly is not None:
            asked = self._question(costly)
            await self._close(costly, asked, None, "unanswered")
            error.headers = {**error.headers, **self._told(admission.bill(costly, asked, None))}
        else:
            await self._settle(hold, settlement.refused(hold, self._now_ms(), self._timing()))
            self.billed(error, settlement.NOTHING, None)

    async def _stopped(self) -> None:
        """Between two calls there is nothing to pay for but the question, where an earlier one may have been billed."""
        hold, course = self._admission.hold, self._course
        asked = course.served or course.costly
        if asked is None:
            await self._settle(hold, settlement.refused(hold, self._now_ms(), self._timing()))
        else:
            question = self._question(asked)
            used = replace(question, output=hold.assumed.output) if course.is_under_way else question
            await self._close(asked, used, None, "stopped")

    def _question(self, route: Route) -> Usage:
        """An estimate of it, which the hold covers at this route's price."""
        ways: tuple[Ask | Fallback, ...] = (self._ask, *self._admission.fallbacks)
        bound = next(way.input_bound for way in ways if way.route is route)
        return Usage(min(self._admission.hold.assumed.input, bound), 0, 0, 0, 0, is_exact=False)

    async def _close(self, route: Route, used: Usage, reported: Any, outcome: str) -> None:
        bill = admission.bill(route, used, reported)
        hold = settlement.served(self._admission.hold, route)
        await self._settle(hold, Ending(outcome, used, bill, self._now_ms(), self._timing()))

    async def _settle(self, hold: Hold, ending: Ending) -> None:
        self._facts |= {"outcome": ending.outcome, "charge": ending.bill.charge, "cost": ending.bill.cost}
        self._facts |= {"served_provider": hold.provider, "served_model": hold.model}
        self._facts |= _token_facts(ending.usage)
        written = await to_its_end(self._write, hold, ending)
        if written.error is not None:  # of whatever kind: what was answered is not to be lost for it
            cause = {"cause": type(written.error).__name__}
            logger.error("not settled: the hold will be swept", extra=_plain(self._facts) | cause)
        if written.is_stopped:
            raise asyncio.CancelledError

    def _write(self, hold: Hold, ending: Ending) -> None:
        """What is kept of the answer first: the charge tells that it is there."""
        recorder, claim = self._exchange.recorder, self._admission.claim
        kept = recorder.keep(claim, ending.outcome) if recorder and claim else None
        self._ledger.settle(hold, replace(ending, kept=kept))

    def _timing(self) -> Timing:
        return Timing(self._elapsed_ms(), self._first_ms, len(self._course.trail))

    def _elapsed_ms(self) -> int:
        return round((self._now() - self._exchange.started) * 1000)

    def _now_ms(self) -> int:
        return int(self._now() * 1000)


class Disclosing:
    """Errors that come of what is within tell the caller its limits and credit, too.

    A class, like whatever each request enters: an asynchronous generator takes ten times the CPU.
    """

    def __init__(self, ledger: Ledger, caller: Caller) -> None:
        self._ledger = ledger
        self._caller = caller

    async def __aenter__(self) -> None:
        """Nothing has to be done before."""

    async def __aexit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, GatewayError):
            error.headers = {**await aside(self._ledger.refused, self._caller), **error.headers}


def capping(asked_output: int | None) -> tuple[str, ...]:
    """What an admission changes in a request, in the words of `x-openmind-adjusted`."""
    return () if asked_output else ("+max_tokens",)


def _plain(facts: dict[str, Any]) -> dict[str, Any]:
    """Without what only the line of the request tells in full."""
    return {name: value for name, value in facts.items() if name != "attempts"}


def _token_facts(counted: Usage) -> dict[str, Any]:
    tokens = {f"{name}_tokens": count for name, count in counted.by_class.items()}
    return tokens | {"usage_is_exact": counted.is_exact}
