"""How far a request has come with its routes. It is told what happened, and says what may be tried next."""

from collections.abc import Iterable

from openmind_llm.domain import backoff
from openmind_llm.domain.attempts import table
from openmind_llm.domain.attempts.budget import LEAST_ATTEMPT_S, SHARE, Budget
from openmind_llm.domain.attempts.target import Patience, ProviderKey, Target
from openmind_llm.domain.attempts.trail import Attempt
from openmind_llm.domain.catalogue import Route
from openmind_llm.errors import DeadlineExceededError, GatewayError, ProviderUnavailableError

STOPPED = "stopped"
"""Means of a call that its own request has put an end to."""

TRIES_OF_A_ROUTE = 2
"""As long as there is a fallback; the last route may use all the calls that are left."""

FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 4.0

LONGEST_WAIT_S = 30
"""A provider that asks for more patience hands it on to the caller, who can do something else meanwhile."""

LONGEST_WAIT_BEFORE_FALLBACK_S = 2


class Course:
    """Of one request. `routes` begin with the one that was asked for, unless its model is gone. Times as in Budget."""

    def __init__(self, routes: tuple[Route, ...], budget: Budget, *, is_stream: bool) -> None:
        self.budget = budget
        self.trail: list[Attempt] = []
        self.costly: Route | None = None
        """The first route of which a call may have been billed that brought no answer."""
        self.served: Route | None = None
        self.closed_ways = 0
        """Calls that were not made, for a breaker that was open."""
        self._routes = routes
        self.is_stream = is_stream
        self._at = 0
        self._tries = 0
        self._refused: set[tuple[str, str]] = set()
        self._ready_at: dict[str, float] = {}
        self._error: GatewayError | None = None

    @property
    def is_under_way(self) -> bool:
        """The last call has brought an answer, or was stopped in the middle."""
        return bool(self.trail) and self.trail[-1].means in ("", STOPPED)

    def route(self, now: float) -> Route | None:
        """The one to try now; None where nothing may be tried any more."""
        has_left = len(self.trail) < self.budget.attempts and self.budget.left_s(now) >= LEAST_ATTEMPT_S
        return self._routes[self._at] if has_left and self._at < len(self._routes) else None

    def usable(self, keys: Iterable[ProviderKey]) -> list[ProviderKey]:
        """Those that the current route's provider has not refused."""
        provider = self._routes[self._at].provider.name
        return [key for key in keys if (provider, key.key_id) not in self._refused]

    def pause_s(self, key: ProviderKey, now: float) -> float:
        """How long the current route is to be left alone with this key."""
        ready_at = max(self._ready_at.get("", 0), self._ready_at.get(key.key_id, 0))
        return max(0.0, ready_at - now)

    def is_worth(self, pause_s: float, now: float) -> bool:
        """Whether to wait for so long, and then try the current route."""
        longest = LONGEST_WAIT_BEFORE_FALLBACK_S if self._has_more() else LONGEST_WAIT_S
        return pause_s <= longest and pause_s + LEAST_ATTEMPT_S <= self.budget.left_s(now)

    def patience(self, first_s: float, now: float) -> Patience:
        left = self.budget.left_s(now)
        share = left * SHARE if self._has_more() else left
        return Patience(min(first_s, share), left if self.is_stream else share)

    def answered(self, target: Target, attempt: Attempt) -> None:
        self.trail.append(attempt)
        self.served = target.route

    def stopped(self, target: Target, attempt: Attempt) -> None:
        """In the middle of a call."""
        self.trail.append(attempt)
        self.costly = self.costly or target.route

    def failed(self, target: Target, error: GatewayError, attempt: Attempt, now: float) -> None:
        self.trail.append(attempt)
        self._note(error)
        if isinstance(error, ProviderUnavailableError) and error.may_have_cost:
            self.costly = self.costly or target.route
        rule = table.rule(error.means)
        if rule.other_key and not rule.again:
            self._refused.add((target.route.provider.name, target.key.key_id))
        pause = backoff.pause_s(self._tries, FIRST_PAUSE_S, LONGEST_PAUSE_S)
        self._ready_at[target.key.key_id if rule.other_key else ""] = now + max(pause, error.told_wait_s or 0)
        self._tries += rule.again
        if self._at == 0 and not rule.elsewhere:
            self._at = len(self._routes)
        elif not self._may_stay(rule):
            self.leave()

    def skip(self, error: GatewayError) -> None:
        """The current route cannot be tried at all."""
        self._note(error)
        self.leave()

    def leave(self) -> None:
        """The current route for the next one."""
        self._at += 1
        self._tries = 0
        self._ready_at.clear()

    def refusal(self) -> GatewayError:
        """What the caller is told at the end: what became of the route that was asked for.

        A client that obeys does not ask anew for what it may have paid for, nor for what was tried often enough.
        """
        error = self._error or DeadlineExceededError()
        if self.costly is not None or self._has_tried_all:
            error.may_retry = False
        return error

    @property
    def _has_tried_all(self) -> bool:
        """All calls are made that there were for retries. The openai SDK would multiply them by its own."""
        return 1 < self.budget.attempts <= len(self.trail)

    def _note(self, error: GatewayError) -> None:
        if self._at == 0 or self._error is None:
            self._error = error

    def _has_more(self) -> bool:
        return self._at + 1 < len(self._routes) and len(self.trail) + 1 < self.budget.attempts

    def _may_stay(self, rule: table.Rule) -> bool:
        if not (rule.again or rule.other_key):
            return False
        others = len(self._routes) - self._at - 1
        left = self.budget.attempts - len(self.trail)
        return left > others and (self._tries < TRIES_OF_A_ROUTE or not others)
