"""The ledger in memory: it makes the same moves as the table does, under the same conditions, in one step."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from openmind_llm.domain import idempotency
from openmind_llm.domain.idempotency import Claim, Record
from openmind_llm.domain.keys import KeyRecord
from openmind_llm.domain.ledger import counters as moving
from openmind_llm.domain.ledger import rows
from openmind_llm.domain.ledger.admission import Admission
from openmind_llm.domain.ledger.audit import AuditRow
from openmind_llm.domain.ledger.counters import Counters, Move
from openmind_llm.domain.ledger.credit import Renewal
from openmind_llm.domain.ledger.ledger import Clock, Ledger
from openmind_llm.domain.ledger.rows import ROLLUP_COUNTERS, Entry, Hold, RollupKey
from openmind_llm.domain.ledger.seen import Seen
from openmind_llm.domain.ledger.settlement import Settlement
from openmind_llm.domain.ledger.standing import ACCOUNT_COUNTERS, KEY_COUNTERS, Account, Standing
from openmind_llm.domain.plans import Plans
from openmind_llm.domain.ports import KnownAccount, KnownKey, Written
from openmind_llm.errors import LedgerUnavailableError


@dataclass
class MemoryLedgerStore:
    """See domain.ports.LedgerStore and AccountStore, domain.idempotency.AnswerStore.

    `failing` names operations that raise, `lost` those that are done and raise all the same; `calls` counts them all.
    """

    known_accounts: dict[str, KnownAccount] = field(default_factory=dict)
    known_keys: dict[str, KnownKey] = field(default_factory=dict)
    holds: dict[str, Hold] = field(default_factory=dict)
    entries: dict[str, Entry] = field(default_factory=dict)
    rollups: dict[RollupKey, dict[str, int]] = field(default_factory=dict)
    audits: list[AuditRow] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    failing: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)
    records: dict[tuple[str, str], Record] = field(default_factory=dict)
    stored_parts: dict[str, list[bytes]] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def standing(self, key_id: str, account_id: str | None = None) -> Standing | None:
        self._called("standing")
        key = self.known_keys.get(key_id)
        if key is None or key.record.account_id not in self.known_accounts:
            return None
        account = self.known_accounts[key.record.account_id]
        return Standing(account.account, key.record, account.counters, key.counters)

    def hold(self, account_id: str, request_id: str) -> Hold | None:
        self._called("hold")
        return self.holds.get(request_id)

    def admit(self, admission: Admission) -> Written:
        return self._answered("admit", lambda: self._admit(admission))

    def settle(self, settlement: Settlement) -> Written:
        return self._answered("settle", lambda: self._settle(settlement))

    def rule_out(self, entry: Entry) -> Written:
        return self._answered("rule_out", lambda: self._rule_out(entry))

    def renew(self, renewal: Renewal) -> Written:
        done = self.change(renewal.account_id, renewal.moves, renewal.values, renewal.audit)
        return Written.DONE if done else Written.STALE

    def expired_holds(self, now_s: int) -> list[tuple[str, str]]:
        self._called("expired_holds")
        return [(hold.account_id, hold.request_id) for hold in self.holds.values() if hold.expires_at < now_s]

    def account(self, account_id: str) -> KnownAccount | None:
        self._called("account")
        return self.known_accounts.get(account_id)

    def accounts(self) -> Iterator[KnownAccount]:
        self._called("accounts")
        return iter(list(self.known_accounts.values()))

    def open(self, account: Account, counters: Counters, audit: AuditRow) -> Written:
        with self._lock:
            if account.account_id in self.known_accounts:
                return Written.ALREADY
            self.known_accounts[account.account_id] = KnownAccount(account, counters)
            self.audits.append(audit)
            return Written.DONE

    def change(self, account_id: str, moves: tuple[Move, ...], values: Mapping[str, Any], audit: AuditRow) -> bool:
        with self._lock:
            known = self.known_accounts[account_id]
            after = moving.applied(moves, known.counters)
            if after is None:
                return False
            self.known_accounts[account_id] = KnownAccount(replace(known.account, **values), after)
            self.audits.append(audit)
            return True

    def key(self, key_id: str) -> KnownKey | None:
        self._called("key")
        return self.known_keys.get(key_id)

    def keys(self, account_id: str) -> list[KnownKey]:
        self._called("keys")
        return [known for known in self.known_keys.values() if known.record.account_id == account_id]

    def add_key(self, record: KeyRecord, account_moves: tuple[Move, ...], audit: AuditRow) -> Written:
        with self._lock:
            if record.key_id in self.known_keys:
                return Written.ALREADY
            if not self.change(record.account_id, account_moves, {}, audit):
                return Written.STALE
            self.known_keys[record.key_id] = KnownKey(record, dict.fromkeys(KEY_COUNTERS, 0))
            return Written.DONE

    def change_key(self, record: KeyRecord, version: int, account_moves: tuple[Move, ...], audit: AuditRow) -> bool:
        with self._lock:
            known = self.known_keys[record.key_id]
            if known.counters["version"] != version or not self.change(record.account_id, account_moves, {}, audit):
                return False
            counters = dict(known.counters) | {"version": version + 1}
            self.known_keys[record.key_id] = KnownKey(record, counters)
            return True

    def audit(self, account_id: str) -> Iterator[AuditRow]:
        return iter([row for row in self.audits if row.account_id == account_id])

    def record(self, account_id: str, record_id: str) -> Record | None:
        self._called("record")
        return self.records.get((account_id, record_id))

    def write_parts(self, claim: Claim, parts: Sequence[bytes]) -> None:
        self._called("write_parts")
        self.stored_parts[claim.request_id] = list(parts)

    def parts(self, record: Record) -> list[bytes]:
        self._called("parts")
        return self.stored_parts[record.claim.request_id]

    def counters(self, account_id: str) -> Counters:
        return self.known_accounts[account_id].counters

    def _admit(self, admission: Admission) -> Written:
        hold = admission.hold
        if hold.request_id in self.holds or hold.request_id in self.entries:
            return Written.ALREADY
        claim = admission.claim
        before = self.records.get((claim.account_id, claim.record_id)) if claim else None
        if claim and before and not idempotency.is_free(before, claim.placed_at):
            return Written.TAKEN
        if not self._moved(hold, admission.account_moves, admission.key_moves):
            return Written.STALE
        if claim:
            self.records[claim.account_id, claim.record_id] = Record(claim)
        self.holds[hold.request_id] = hold
        return Written.DONE

    def _settle(self, settlement: Settlement) -> Written:
        entry = settlement.entry
        if entry.hold.request_id not in self.holds:
            return Written.ALREADY
        if not self._moved(entry.hold, settlement.account_moves, settlement.key_moves):
            return Written.STALE
        del self.holds[entry.hold.request_id]
        self._enter(entry)
        self._end_claim(settlement)
        return Written.DONE

    def _rule_out(self, entry: Entry) -> Written:
        if entry.hold.request_id in self.holds or entry.hold.request_id in self.entries:
            return Written.ALREADY
        self._enter(entry)
        return Written.DONE

    def _enter(self, entry: Entry) -> None:
        self.entries[entry.hold.request_id] = entry
        key, counts = rows.rollup(entry)
        line = self.rollups.setdefault(key, dict.fromkeys(ROLLUP_COUNTERS, 0))
        self.rollups[key] = {name: value + counts[name] for name, value in line.items()}

    def _end_claim(self, settlement: Settlement) -> None:
        hold = settlement.entry.hold
        record = self.records.get((hold.account_id, hold.idempotency))
        if record is None or record.claim.request_id != hold.request_id:
            return
        if settlement.kept:
            self.records[hold.account_id, hold.idempotency] = Record(record.claim, settlement.kept)
        else:
            del self.records[hold.account_id, hold.idempotency]

    def _moved(self, hold: Hold, account_moves: tuple[Move, ...], key_moves: tuple[Move, ...]) -> bool:
        account, key = self.known_accounts[hold.account_id], self.known_keys[hold.key_id]
        account_after, key_after = (
            moving.applied(account_moves, account.counters),
            moving.applied(key_moves, key.counters),
        )
        if account_after is None or key_after is None:
            return False
        self.known_accounts[hold.account_id] = replace(account, counters=account_after)
        self.known_keys[hold.key_id] = replace(key, counters=key_after)
        return True

    def _answered(self, operation: str, write: Callable[[], Written]) -> Written:
        self._called(operation)
        with self._lock:
            written = write()
        if operation in self.lost:
            raise LedgerUnavailableError
        return written

    def _called(self, operation: str) -> None:
        self.calls.append(operation)
        if operation in self.failing:
            raise LedgerUnavailableError


def ledger(store: MemoryLedgerStore, plans: Plans, now: Callable[[], float], *, seen_max_age_s: float = 30) -> Ledger:
    """That does not wait."""
    return Ledger(store, plans, Clock(now, lambda _: None), Seen(seen_max_age_s, now))


def new_account(plan: str = "unlimited", account_id: str = "account-1", credit: int = 10**15) -> KnownAccount:
    """With `credit` in micro-OMCU, in a period that never ends."""
    counters = dict.fromkeys(ACCOUNT_COUNTERS, 0)
    counters |= {"granted": credit, "balance": credit, "period_end": 10**12}
    return KnownAccount(Account(account_id, plan, 0), counters)


def new_key(key_id: str = "key-1", account_id: str = "account-1", **settings: Any) -> KnownKey:
    record = KeyRecord(key_id, account_id, "a key", "om1_test_", "digest", "2026-11-25T00:00:00.000Z")
    return KnownKey(replace(record, **settings), dict.fromkeys(KEY_COUNTERS, 0))


def open_store(account: KnownAccount | None = None, key: KnownKey | None = None) -> MemoryLedgerStore:
    """One account with one key."""
    account = account or new_account()
    key = key or new_key(account_id=account.account.account_id)
    return MemoryLedgerStore({account.account.account_id: account}, {key.record.key_id: key})
