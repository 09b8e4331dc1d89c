"""What owners and operators do with accounts and keys. Every change says who made it."""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from openmind_llm.domain import backoff, guard_settings, key_settings, keys, money, utc
from openmind_llm.domain.guard_settings import GuardSettings
from openmind_llm.domain.key_settings import KeySettings
from openmind_llm.domain.keys import KeyRecord
from openmind_llm.domain.ledger import credit
from openmind_llm.domain.ledger.audit import AuditRow
from openmind_llm.domain.ledger.counters import Move
from openmind_llm.domain.ledger.standing import ACCOUNT_COUNTERS, ACCOUNT_ID, KEY_COUNTERS, Account, new_counters
from openmind_llm.domain.plans import Plan, Plans
from openmind_llm.domain.ports import AccountStore, KnownAccount, KnownKey, Plain, Written
from openmind_llm.errors import (
    CreditError,
    InvalidRequestError,
    KeyLimitError,
    KeyNotFoundError,
    LedgerUnavailableError,
    NoSuchUserError,
)

ATTEMPTS = 10
"""Of one change, while requests change what it was reckoned from."""

PAUSE_S, LONGEST_PAUSE_S = 0.01, 0.2
"""Between two attempts."""

MAX_OVERLAP_S = 604_800
"""How long an old secret may be good beside the new one."""

_KEY_ID = re.compile(r"[\x21-\x7e]{1,64}")


class AccountExistsError(ValueError):
    """An account has this id already."""


class KeyExistsError(ValueError):
    """A key has this id already, here or in another account."""


class Accounts:
    """`now` gives seconds since the epoch. Blocking."""

    def __init__(
        self,
        store: AccountStore,
        plans: Plans,
        pepper: Callable[[], bytes],
        now: Callable[[], float],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._store = store
        self._plans = plans
        self._pepper = pepper
        self._now = now
        self._sleep = sleep

    def get(self, account_id: str) -> KnownAccount:
        """In the period that it is now. Raises NoSuchUserError."""
        known = self._store.account(account_id)
        if known is None:
            raise NoSuchUserError
        return self._renewed(known)

    def all(self) -> Iterator[KnownAccount]:
        return self._store.accounts()

    def plan(self, account: Account) -> Plan:
        return self._plans.get(account.plan)

    def open(self, account_id: str, plan_name: str, actor: str) -> KnownAccount:
        """With its first month's allowance. Raises AccountExistsError, UnknownPlanError, and ValueError for the id."""
        if not ACCOUNT_ID.fullmatch(account_id):
            raise ValueError("an account's id has up to 128 letters, digits and _ . : @ | -")
        plan, now = self._plans.get(plan_name), self._now()
        account = Account(account_id, plan.name, int(now))
        counters = new_counters(ACCOUNT_COUNTERS) | {
            "granted": plan.monthly_credit,
            "balance": plan.monthly_credit,
            "period_credit": plan.monthly_credit,
            "period_end": credit.period_end(account.created_at, now),
        }
        audit = self._audit(account_id, actor, "open", plan.monthly_credit, plan=plan.name)

        def once() -> bool:
            written = self._store.open(account, counters, audit)
            if written is Written.ALREADY:
                raise AccountExistsError(f"there is an account {account_id} already")
            return written is Written.DONE

        self._until_done(once)
        return KnownAccount(account, counters)

    def close(self, account_id: str, actor: str) -> None:
        """Its keys are refused at once. Raises NoSuchUserError."""
        self._change(account_id, {"is_active": False}, self._audit(account_id, actor, "close"))

    def reopen(self, account_id: str, actor: str) -> None:
        """Raises NoSuchUserError."""
        self._change(account_id, {"is_active": True}, self._audit(account_id, actor, "reopen"))

    def cancel(self, account_id: str, actor: str, *, at_period_end: bool = True) -> None:
        """The plan ends with the period, or goes on after all. Raises NoSuchUserError."""
        audit = self._audit(account_id, actor, "cancel" if at_period_end else "uncancel")
        self._change(account_id, {"cancel_at_period_end": at_period_end}, audit)

    def set_plan(self, account_id: str, plan_name: str, actor: str) -> None:
        """At once: the rest of the old allowance expires, and the new one is granted.

        Raises NoSuchUserError, UnknownPlanError.
        """
        plan = self._plans.get(plan_name)

        def once() -> bool:
            known = self.get(account_id)
            renewal = credit.renewal(known.account, known.counters, plan, self._now())
            audit = replace(renewal.audit, actor=actor, action="plan")
            return self._store.change(account_id, renewal.moves, renewal.values, audit)

        self._until_done(once)

    def grant(self, account_id: str, amount: int, actor: str, note: str = "") -> None:
        """`amount` in micro-OMCU of credit that does not expire; a negative one takes back what was not used.

        Raises NoSuchUserError, ValueError for nothing, and CreditError where there is not as much to take back.
        """
        if not amount:
            raise ValueError("a grant of 0 changes nothing")
        audit = self._audit(account_id, actor, "grant", amount, note=note, omcu=money.text(amount))

        def once() -> bool:
            balance = self.get(account_id).counters["balance"]
            if balance + amount < 0:
                raise CreditError(f"{account_id} has {money.text(balance)} OMCU: no more can be taken back")
            return self._store.change(account_id, credit.grant(amount), {}, audit)

        self._until_done(once)

    def guard(self, account_id: str, change: Callable[[GuardSettings], GuardSettings], actor: str) -> None:
        """Running admissions are reckoned anew. Raises NoSuchUserError, and what `change` raises."""

        def once() -> bool:
            known = self.get(account_id)
            before, version = GuardSettings.read(known.account), known.counters["version"]
            after = change(before)
            told = guard_settings.differences(before, after)
            audit = replace(self._audit(account_id, actor, "guard"), detail=told)
            moves = (Move("version", 1, None, version, version),)
            return self._store.change(account_id, moves, after.values, audit)

        self._until_done(once)

    def audit(self, account_id: str) -> Iterator[AuditRow]:
        return self._store.audit(account_id)

    def keys(self, account_id: str) -> list[KnownKey]:
        """Those that are not revoked, oldest first."""
        active = [known for known in self._store.keys(account_id) if known.record.is_active]
        return sorted(active, key=lambda known: known.record.created_at)

    def create_key(
        self, account_id: str, actor: str, settings: KeySettings | None = None, key: str | None = None
    ) -> tuple[str, KnownKey]:
        """The key, shown this once, and its record. `key` is one that was minted elsewhere.

        Raises NoSuchUserError, KeyLimitError, KeyExistsError, and AuthenticationError for a text that cannot be a key.
        """
        text = key or keys.mint("live")
        plain = keys.record(text, self._pepper(), account_id=account_id, name="", now_s=self._now())
        record = (settings or KeySettings()).of(plain)
        audit = self._audit(account_id, actor, "create key", subject=record.key_id, name=record.name)
        audit = replace(audit, detail={**audit.detail, **key_settings.differences(plain, record)})

        def once() -> bool:
            written = self._store.add_key(record, self._room_for_a_key(self.get(account_id)), audit)
            if written is Written.ALREADY:
                raise KeyExistsError(f"there is a key {record.key_id} already")
            return written is Written.DONE

        self._until_done(once)
        return text, KnownKey(record, new_counters(KEY_COUNTERS))

    def rotate_key(self, account_id: str, key_id: str, overlap_s: int, actor: str) -> tuple[str, KnownKey]:
        """A new secret for the same id; the old one is good for `overlap_s` seconds more, and one before it no longer.

        Raises KeyNotFoundError, InvalidRequestError.
        """
        if not 0 <= overlap_s <= MAX_OVERLAP_S:
            raise InvalidRequestError(f"overlap_seconds must be between 0 and {MAX_OVERLAP_S}")
        text = keys.renew(self._key(account_id, key_id).record)
        new, until = keys.digest(text, self._pepper()), int(self._now()) + overlap_s

        def rotated(record: KeyRecord) -> KeyRecord:
            old = record.digest
            return replace(record, digest=new, prefix=keys.prefix(text), retired_digest=old, retired_until=until)

        audit = self._audit(account_id, actor, "rotate key", subject=key_id, overlap_seconds=str(overlap_s))
        return text, self._changed(account_id, key_id, rotated, lambda *_: audit)

    def change_key(
        self, account_id: str, key_id: str, change: Callable[[KeySettings], KeySettings], actor: str
    ) -> KnownKey:
        """Raises KeyNotFoundError, and what `change` raises."""

        def changed(record: KeyRecord) -> KeyRecord:
            return change(KeySettings.read(record)).of(record)

        def audit(before: KeyRecord, after: KeyRecord) -> AuditRow:
            told = key_settings.differences(before, after)
            return replace(self._audit(account_id, actor, "change key", subject=key_id), detail=told)

        return self._changed(account_id, key_id, changed, audit)

    def delete_key(self, account_id: str, key_id: str, actor: str) -> None:
        """Refused from now on. Raises KeyNotFoundError, also for a key of another account."""
        moves = (Move("keys", by=-1, at_least=1),)

        def deleted(record: KeyRecord) -> KeyRecord:
            return replace(record, is_active=False)

        audit = self._audit(account_id, actor, "delete key", subject=key_id)
        self._changed(account_id, key_id, deleted, lambda *_: audit, moves)

    def _changed(
        self,
        account_id: str,
        key_id: str,
        change: Callable[[KeyRecord], KeyRecord],
        audit: Callable[[KeyRecord, KeyRecord], AuditRow],
        account_moves: tuple[Move, ...] = (),
    ) -> KnownKey:
        """`audit` tells of the record before and after."""

        def once() -> KnownKey | None:
            known = self._key(account_id, key_id)
            record = replace(change(known.record), updated_at=utc.text(self._now()))
            told = audit(known.record, record)
            done = self._store.change_key(record, known.counters["version"], account_moves, told)
            return KnownKey(record, known.counters) if done else None

        return self._until_done(once)

    def _key(self, account_id: str, key_id: str) -> KnownKey:
        known = self._store.key(key_id) if _KEY_ID.fullmatch(key_id) else None
        if known is None or known.record.account_id != account_id or not known.record.is_active:
            raise KeyNotFoundError
        return known

    def _room_for_a_key(self, known: KnownAccount) -> tuple[Move, ...]:
        plan = self.plan(known.account)
        if plan.max_keys is None:
            return (Move("keys", by=1),)
        if known.counters["keys"] >= plan.max_keys:
            raise KeyLimitError(plan.name, plan.max_keys)
        return (Move("keys", by=1, at_most=plan.max_keys - 1),)

    def _renewed(self, known: KnownAccount) -> KnownAccount:
        def once() -> KnownAccount | None:
            nonlocal known
            now = self._now()
            if now < known.counters["period_end"]:
                return known
            plan = credit.next_plan(known.account, self._plans)
            renewal = credit.renewal(known.account, known.counters, plan, now)
            self._store.change(known.account.account_id, renewal.moves, renewal.values, renewal.audit)
            known = self._store.account(known.account.account_id) or known
            return known if now < known.counters["period_end"] else None

        return self._until_done(once)

    def _change(self, account_id: str, values: Mapping[str, Plain], audit: AuditRow) -> None:
        def once() -> bool:
            version = self.get(account_id).counters["version"]
            return self._store.change(account_id, (Move("version", 1, None, version, version),), values, audit)

        self._until_done(once)

    def _until_done[T](self, once: Callable[[], T | None]) -> T:
        """Raises LedgerUnavailableError where others were faster each time, and what `once` raises."""
        for attempt in range(ATTEMPTS):
            if done := once():
                return done
            self._sleep(backoff.pause_s(attempt, PAUSE_S, LONGEST_PAUSE_S))
        raise LedgerUnavailableError

    def _audit(
        self, account_id: str, actor: str, action: str, amount: int = 0, *, subject: str = "", **detail: str
    ) -> AuditRow:
        now_ms = int(self._now() * 1000)
        return AuditRow(account_id, now_ms, actor, action, subject or account_id, amount, detail)
