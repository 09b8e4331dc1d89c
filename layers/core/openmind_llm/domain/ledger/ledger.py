"""Admits, settles and sweeps. A write holds only while what it was reckoned from is still so; else it is reckoned anew.

What speaks against a caller is only ever said from a fresh look; what speaks for one, from what was last seen: the
write is made only if it still holds, and so one round trip does.
"""

import logging
from collections.abc import Callable
from dataclasses import replace

from openmind_llm.classes import dataclass
from openmind_llm.domain import backoff
from openmind_llm.domain.idempotency import StillRunningError
from openmind_llm.domain.keys import Caller, KeyRecord
from openmind_llm.domain.ledger import admission, credit, disclosure, quoting, settlement
from openmind_llm.domain.ledger.admission import Admission, Ask
from openmind_llm.domain.ledger.quoting import Quoted
from openmind_llm.domain.ledger.rows import Entry, Hold
from openmind_llm.domain.ledger.seen import Seen
from openmind_llm.domain.ledger.settlement import Ending
from openmind_llm.domain.ledger.standing import Standing
from openmind_llm.domain.plans import UNLIMITED, Limits, Plan, Plans, UnknownPlanError
from openmind_llm.domain.ports import LedgerStore, Written
from openmind_llm.errors import AuthenticationError, GatewayError, LedgerUnavailableError

logger = logging.getLogger(__name__)

ATTEMPTS = 30
"""Of one write, while others change what it was reckoned from: some 7 s, enough for 40 requests a second on one account
if each write keeps others from it for 10 ms, and for 500 at once if it does for 5 ms.
"""

BACKOFF_S = 0.02
LONGEST_BACKOFF_S = 0.5

SETTLE_TRIES = 4
SETTLE_WITHIN_S = 6
"""No try begins later: what the provider has answered is charged, but nobody waits for it for ever."""

_AFTER_FAILURE = 3
"""The backoff after a failure begins as after so many conflicts: a store that is throttled wants a pause."""


@dataclass(frozen=True, slots=True)
class Clock:
    """`now` gives seconds since the epoch; `sleep` waits for some."""

    now: Callable[[], float]
    sleep: Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Swept:
    """`left` counts the holds that could not be settled."""

    entries: list[Entry]
    left: int


class Ledger:
    """Blocking, but for `seen` and `seen_key`: the others ask the store, unless they say what was seen lately."""

    def __init__(self, store: LedgerStore, plans: Plans, clock: Clock, seen: Seen) -> None:
        self._store = store
        self._plans = plans
        self._clock = clock
        self._seen = seen

    def seen(self, key_id: str) -> Standing | None:
        """As it was seen lately, if it was."""
        return self._seen.get(key_id)

    def seen_key(self, key_id: str) -> KeyRecord | None:
        """To tell who asks. The admission tells whether the key still holds."""
        standing = self._seen.get(key_id)
        return standing.key if standing else None

    def key(self, key_id: str) -> KeyRecord | None:
        """A fresh look."""
        standing = self._look(key_id)
        return standing.key if standing else None

    def lately(self, caller: Caller) -> Standing:
        """As it was seen lately, else by a look: for what an admission does not judge. Raises AuthenticationError."""
        return self._seen.get(caller.key_id) or self._require(caller)

    def standing(self, caller: Caller) -> Standing:
        """A fresh look. Raises AuthenticationError for what is revoked, closed or expired."""
        standing = self._require(caller)
        admission.require_valid(standing, caller, self._clock.now())
        return standing

    def current(self, caller: Caller) -> tuple[Standing, Plan]:
        """A fresh look at the period that it is now. A renewal that is due is foreseen, not made: nothing is written.

        Raises AuthenticationError.
        """
        standing = credit.foreseen(self.standing(caller), self._plans, self._clock.now())
        return standing, self._plans.get(standing.account.plan)

    def quote(self, caller: Caller, ask: Ask) -> Quoted:
        """What `admit` would say. Nothing is held, and nothing taken from a rate. Raises AuthenticationError."""
        standing, plan = self.current(caller)
        return quoting.quote(standing, plan, ask, self._clock.now())

    def disclosed(self, caller: Caller) -> dict[str, str]:
        """What an answer without a hold tells of limits and credit; nothing where nothing is known."""
        try:
            standing = self.lately(caller)
            return disclosure.of_standing(standing, self._plans.get(standing.account.plan), self._clock.now())
        except GatewayError:
            return {}

    def refused(self, caller: Caller) -> dict[str, str]:
        """The same, of a request that is refused before its admission. Raises AuthenticationError.

        Nothing else has asked afresh whether the caller's key still holds, and whose does not is told nothing.
        """
        try:
            self.standing(caller)
        except LedgerUnavailableError:
            return {}
        return self.disclosed(caller)

    def admit(self, caller: Caller, ask: Ask) -> Admission:
        """Raises what admission.admit raises, StillRunningError and LedgerUnavailableError: then nothing is held."""
        seen = self._seen.get(caller.key_id)
        standing, is_fresh = (seen, False) if seen else (self._require(caller), True)
        for attempt in range(ATTEMPTS):
            admitted = self._reckon(standing, caller, ask, is_fresh=is_fresh)
            if admitted is not None:
                held = self._hold(admitted)
                if held is not None:
                    return held
                if is_fresh:
                    self._wait(attempt)
            standing, is_fresh = self._require(caller), True
        raise LedgerUnavailableError

    def settle(self, hold: Hold, ending: Ending) -> Entry | None:
        """Charges a hold once; None if it was settled before. Raises LedgerUnavailableError: then it is still held.

        A write whose answer was lost may have been made: repeated, it is found to be.
        """
        last_start = self._clock.now() + SETTLE_WITHIN_S
        for failures in range(1, SETTLE_TRIES):
            try:
                return self._settle(hold, ending)
            except LedgerUnavailableError:
                self._wait(_AFTER_FAILURE + failures)
                if self._clock.now() > last_start:
                    raise
        return self._settle(hold, ending)

    def sweep(self) -> list[Entry]:
        """See `swept`."""
        return self.swept().entries

    def swept(self) -> Swept:
        """Settles every hold that is past its time, as an estimate. One that cannot be settled keeps no other."""
        now = self._clock.now()
        entries, left = [], 0
        for account_id, request_id in self._store.expired_holds(int(now)):
            facts = {"request_id": request_id, "account_id": account_id}
            try:
                entry = self._sweep(account_id, request_id, now)
            except Exception as error:  # noqa: BLE001 - a row that cannot even be read, too
                logger.error("a hold could not be swept", extra=facts | {"cause": type(error).__name__})
                left += 1
                continue
            if entry is not None:
                logger.warning("hold swept", extra=facts)
                entries.append(entry)
        return Swept(entries, left)

    def renewed(self, standing: Standing) -> Standing:
        """The same account in the period that it is now."""
        now = self._clock.now()
        for attempt in range(ATTEMPTS):
            if now < standing.account_counters["period_end"]:
                return standing
            account = standing.account
            plan = credit.next_plan(account, self._plans)
            self._store.renew(credit.renewal(account, standing.account_counters, plan, now))
            self._wait(attempt)
            standing = self._require(Caller(standing.key.key_id, account.account_id))
        raise LedgerUnavailableError

    def _hold(self, admitted: Admission) -> Admission | None:
        """None where the write was not made, for what it was reckoned from is no longer so."""
        try:
            written = self._store.admit(admitted)
            if written is Written.ALREADY:  # by a write whose answer was lost, and maybe with other numbers
                return self._found(admitted)
        except LedgerUnavailableError:
            self._withdraw(admitted)
            raise
        if written is Written.TAKEN:
            raise StillRunningError
        if written is Written.STALE:
            return None
        self._seen.put(admitted.after)
        return admitted

    def _found(self, admitted: Admission) -> Admission:
        hold = self._store.hold(admitted.hold.account_id, admitted.hold.request_id)
        if hold is None:
            raise LedgerUnavailableError
        return replace(admitted, hold=hold)

    def _settle(self, hold: Hold, ending: Ending) -> Entry | None:
        caller = Caller(hold.key_id, hold.account_id)
        seen = self._seen.get(hold.key_id)
        standing, is_fresh = (seen, False) if seen else (self._require(caller), True)
        for attempt in range(ATTEMPTS):
            settled = settlement.settle(hold, ending, standing, self._limits(standing))
            if is_fresh or not settled.entry.shortfall:
                written = self._store.settle(settled)
                if written is Written.DONE:
                    self._seen.put(standing.after(settled.account_moves, settled.key_moves))
                    return settled.entry
                if written is Written.ALREADY:
                    return None
                self._wait(attempt)
            standing, is_fresh = self._require(caller), True
        raise LedgerUnavailableError

    def _limits(self, standing: Standing) -> Limits:
        """Of the plan. One that is gone limits nothing: what was admitted under it is to be charged all the same."""
        try:
            return self._plans.get(standing.account.plan).limits
        except UnknownPlanError:
            return UNLIMITED

    def _reckon(self, standing: Standing, caller: Caller, ask: Ask, *, is_fresh: bool) -> Admission | None:
        """None where a fresh look has to come first."""
        now = self._clock.now()
        if is_fresh:
            admission.require_valid(standing, caller, now)
            standing = self.renewed(standing)
        plan = self._plans.get(standing.account.plan)
        try:
            admission.require_valid(standing, caller, now)
            admitted = admission.admit(standing, plan, ask, now)
        except GatewayError as error:
            if is_fresh:
                error.headers = {**disclosure.of_standing(standing, plan, now), **error.headers}
                raise
            return None
        is_over = now >= standing.account_counters["period_end"]
        is_short = admitted.is_lowered or admitted.is_narrowed
        return admitted if is_fresh or not (is_short or is_over) else None

    def _withdraw(self, admitted: Admission) -> None:
        """The hold may have been written all the same, or may yet be; the sweeper would charge for it."""
        hold = admitted.hold
        ending = settlement.refused(hold, int(self._clock.now() * 1000))
        try:
            if self._is_ruled_out(settlement.settle(hold, ending, admitted.standing, admitted.plan.limits).entry):
                return
            found = self._store.hold(hold.account_id, hold.request_id)
            if found is not None:
                self.settle(found, ending)
        except GatewayError:
            logger.error("a hold may be left of a request that was not sent", extra={"request_id": hold.request_id})

    def _is_ruled_out(self, entry: Entry) -> bool:
        """False if there is a row already. Raises LedgerUnavailableError."""
        for attempt in range(ATTEMPTS):
            written = self._store.rule_out(entry)
            if written is not Written.STALE:
                return written is Written.DONE
            self._wait(attempt)
        raise LedgerUnavailableError

    def _sweep(self, account_id: str, request_id: str, now: float) -> Entry | None:
        hold = self._store.hold(account_id, request_id)
        return self.settle(hold, settlement.abandoned(hold, now)) if hold else None

    def _require(self, caller: Caller) -> Standing:
        standing = self._look(caller.key_id, caller.account_id)
        if standing is None:
            raise AuthenticationError
        return standing

    def _look(self, key_id: str, account_id: str | None = None) -> Standing | None:
        standing = self._store.standing(key_id, account_id)
        if standing is not None:
            self._seen.put(standing)
        return standing

    def _wait(self, attempt: int) -> None:
        self._clock.sleep(backoff.pause_s(attempt, BACKOFF_S, LONGEST_BACKOFF_S))
