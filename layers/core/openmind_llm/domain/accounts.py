"""What owners and operators do with accounts and keys. Every change says who made it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from openmind_llm.domain import keys, money
from openmind_llm.domain.keys import KeyRecord
from openmind_llm.domain.ledger import credit
from openmind_llm.domain.ledger.audit import AuditRow
from openmind_llm.domain.ledger.counters import Move
from openmind_llm.domain.ledger.standing import ACCOUNT_COUNTERS, Account
from openmind_llm.domain.plans import UNLIMITED, Limits, Plan, Plans
from openmind_llm.domain.ports import AccountStore, KnownAccount, KnownKey, Plain
from openmind_llm.errors import (
    AccountExistsError,
    KeyExistsError,
    KeyLimitError,
    KeyNotFoundError,
    LedgerUnavailableError,
    NoSuchUserError,
)

ATTEMPTS = 10
"""Of one change, while requests change what it was reckoned from."""


@dataclass(frozen=True, slots=True)
class KeySettings:
    """What an owner sets of a key; see KeyRecord. An empty name becomes the documented one."""

    name: str = ""
    expires_at: int | None = None
    allowed_models: frozenset[str] = frozenset()
    allowed_providers: frozenset[str] = frozenset()
    limits: Limits = field(default=UNLIMITED)

    def of(self, record: KeyRecord) -> KeyRecord:
        return replace(
            record,
            name=self.name or record.name,
            expires_at=self.expires_at,
            allowed_models=self.allowed_models,
            allowed_providers=self.allowed_providers,
            limits=self.limits,
        )


class Accounts:
    """`now` gives seconds since the epoch. Blocking."""

    def __init__(
        self, store: AccountStore, plans: Plans, pepper: Callable[[], bytes], now: Callable[[], float]
    ) -> None:
        self._store = store
        self._plans = plans
        self._pepper = pepper
        self._now = now

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
        """With its first month's allowance. Raises AccountExistsError, UnknownPlanError."""
        plan, now = self._plans.get(plan_name), self._now()
        account = Account(account_id, plan.name, int(now))
        counters = dict.fromkeys(ACCOUNT_COUNTERS, 0) | {
            "granted": plan.monthly_credit,
            "balance": plan.monthly_credit,
            "period_credit": plan.monthly_credit,
            "period_end": credit.period_end(account.created_at, now),
        }
        if not self._store.open(
            account, counters, self._audit(account_id, actor, "open", plan.monthly_credit, plan=plan.name)
        ):
            raise AccountExistsError(account_id)
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
        for _ in range(ATTEMPTS):
            known = self.get(account_id)
            renewal = credit.renewal(known.account, known.counters, plan, self._now())
            audit = replace(renewal.audit, actor=actor, action="plan")
            values: Mapping[str, Plain] = {"plan": plan.name, "cancel_at_period_end": False}
            if self._store.change(account_id, renewal.moves, values, audit):
                return
        raise LedgerUnavailableError

    def grant(self, account_id: str, amount: int, actor: str, note: str = "") -> None:
        """`amount` in micro-OMCU of credit that does not expire; a negative one takes it back, down to nothing at most.

        Raises NoSuchUserError, and LedgerUnavailableError where there is not as much to take back.
        """
        self.get(account_id)
        audit = self._audit(account_id, actor, "grant", amount, note=note, omcu=money.text(amount))
        for _ in range(ATTEMPTS):
            if self._store.change(account_id, credit.grant(amount), {}, audit):
                return
        raise LedgerUnavailableError

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
        record = keys.record(text, self._pepper(), account_id=account_id, name="", now=self._today())
        record = (settings or KeySettings()).of(record)
        audit = self._audit(account_id, actor, "create key", subject=record.key_id, name=record.name)
        for _ in range(ATTEMPTS):
            moves = self._room_for_a_key(self.get(account_id))
            if self._store.add_key(record, moves, audit):
                return text, KnownKey(record, {})
            if any(known.record.key_id == record.key_id for known in self._store.keys(account_id)):
                break
        raise KeyExistsError(record.key_id)

    def rotate_key(self, account_id: str, key_id: str, overlap_s: int, actor: str) -> tuple[str, KnownKey]:
        """A new secret for the same id; the old one is good for `overlap_s` seconds more. Raises KeyNotFoundError."""
        for _ in range(ATTEMPTS):
            known = self._key(account_id, key_id)
            text = keys.renew(known.record)
            record = replace(
                known.record,
                digest=keys.digest(text, self._pepper()),
                prefix=keys.prefix(text),
                retired_digest=known.record.digest,
                retired_until=int(self._now()) + overlap_s,
            )
            audit = self._audit(account_id, actor, "rotate key", subject=key_id, overlap_s=str(overlap_s))
            if self._changed(record, known, audit):
                return text, KnownKey(record, known.counters)
        raise LedgerUnavailableError

    def change_key(
        self, account_id: str, key_id: str, change: Callable[[KeyRecord], KeyRecord], actor: str
    ) -> KnownKey:
        """Raises KeyNotFoundError."""
        for _ in range(ATTEMPTS):
            known = self._key(account_id, key_id)
            record = change(known.record)
            if self._changed(record, known, self._audit(account_id, actor, "change key", subject=key_id)):
                return KnownKey(record, known.counters)
        raise LedgerUnavailableError

    def delete_key(self, account_id: str, key_id: str, actor: str) -> None:
        """Refused from now on. Raises KeyNotFoundError, also for a key of another account."""
        for _ in range(ATTEMPTS):
            known = self._key(account_id, key_id)
            gone = (Move("keys", by=-1, at_least=1),)
            audit = self._audit(account_id, actor, "delete key", subject=key_id)
            if self._changed(replace(known.record, is_active=False), known, audit, gone):
                return
        raise LedgerUnavailableError

    def _changed(
        self, record: KeyRecord, known: KnownKey, audit: AuditRow, account_moves: tuple[Move, ...] = ()
    ) -> bool:
        record = replace(record, updated_at=keys.written(self._today()))
        return self._store.change_key(record, known.counters["version"], account_moves, audit)

    def _key(self, account_id: str, key_id: str) -> KnownKey:
        found = (known for known in self.keys(account_id) if known.record.key_id == key_id)
        known = next(found, None)
        if known is None:
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
        now = self._now()
        for _ in range(ATTEMPTS):
            if now < known.counters["period_end"]:
                return known
            plan = credit.next_plan(known.account, self._plans)
            renewal = credit.renewal(known.account, known.counters, plan, now)
            values: Mapping[str, Plain] = {"plan": plan.name, "cancel_at_period_end": False}
            self._store.change(known.account.account_id, renewal.moves, values, renewal.audit)
            known = self._store.account(known.account.account_id) or known
        raise LedgerUnavailableError

    def _change(self, account_id: str, values: Mapping[str, Plain], audit: AuditRow) -> None:
        for _ in range(ATTEMPTS):
            version = self.get(account_id).counters["version"]
            if self._store.change(account_id, (Move("version", 1, None, version, version),), values, audit):
                return
        raise LedgerUnavailableError

    def _audit(
        self, account_id: str, actor: str, action: str, amount: int = 0, *, subject: str = "", **detail: str
    ) -> AuditRow:
        now_ms = int(self._now() * 1000)
        return AuditRow(account_id, now_ms, actor, action, subject or account_id, amount, detail)

    def _today(self) -> datetime:
        return datetime.fromtimestamp(self._now(), UTC)
