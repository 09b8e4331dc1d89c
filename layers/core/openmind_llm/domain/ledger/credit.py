"""Where credit comes from, and where a month's allowance ends."""

import calendar
from dataclasses import replace
from datetime import UTC, datetime

from openmind_llm.classes import dataclass
from openmind_llm.domain import money
from openmind_llm.domain.ledger.audit import SYSTEM, AuditRow
from openmind_llm.domain.ledger.counters import Counters, Move
from openmind_llm.domain.ledger.standing import Account, Standing
from openmind_llm.domain.plans import Plan, Plans
from openmind_llm.domain.ports import Plain

AFTER_CANCELLATION = "free"
"""The plan of an account whose own was cancelled."""

_PINNED = ("version", "balance", "held", "period_end", "period_charged", "period_credit")


@dataclass(frozen=True, slots=True)
class Renewal:
    """A new period: the rest of the old allowance expires, the new one is granted. Credit that was bought stays.

    What open requests hold at that moment does not expire. `plan` is the name of the new period's.
    """

    account_id: str
    plan: str
    moves: tuple[Move, ...]
    audit: AuditRow

    @property
    def values(self) -> dict[str, Plain]:
        """What is set together with the moves."""
        return {"plan": self.plan, "cancel_at_period_end": False}


def renewal(account: Account, counters: Counters, plan: Plan, now_s: float) -> Renewal:
    """`plan` is the one of the new period. Holds only while the account is as it was."""
    expired = monthly_unused(counters)
    change = plan.monthly_credit - expired
    moves = {name: Move(name, at_least=counters[name], at_most=counters[name]) for name in _PINNED}
    moves |= {
        "version": _moved(counters, "version", 1),
        "balance": _moved(counters, "balance", change),
        "granted": Move("granted", by=change),
        "period_end": _moved(counters, "period_end", period_end(account.created_at, now_s) - counters["period_end"]),
        "period_credit": _moved(counters, "period_credit", plan.monthly_credit - counters["period_credit"]),
        "period_charged": _moved(counters, "period_charged", -counters["period_charged"]),
    }
    detail = {"plan": plan.name, "granted": money.text(plan.monthly_credit), "expired": money.text(expired)}
    audit = AuditRow(account.account_id, int(now_s * 1000), SYSTEM, "renew", account.account_id, change, detail)
    return Renewal(account.account_id, plan.name, tuple(moves.values()), audit)


def foreseen(standing: Standing, plans: Plans, now_s: float) -> Standing:
    """As it is once the renewal that is due has been made."""
    if now_s < standing.account_counters["period_end"]:
        return standing
    plan = next_plan(standing.account, plans)
    after = standing.after(renewal(standing.account, standing.account_counters, plan, now_s).moves, ())
    return replace(after, account=replace(standing.account, plan=plan.name, cancel_at_period_end=False))


def next_plan(account: Account, plans: Plans) -> Plan:
    """The plan of the period after this one."""
    return plans.get(AFTER_CANCELLATION if account.cancel_at_period_end else account.plan)


def monthly_unused(counters: Counters) -> int:
    """The rest of the allowance. Requests use it up before the credit that was bought, open ones too."""
    rest = counters["period_credit"] - counters["period_charged"] - counters["held"]
    return max(0, min(counters["balance"], rest))


def grant(amount: int) -> tuple[Move, ...]:
    """Credit that does not expire. A negative one takes back, as far as it is there."""
    return Move("balance", by=amount, at_least=max(0, -amount)), Move("granted", by=amount)


def period_end(created_at: int, now_s: float) -> int:
    """The next monthly return of the day on which the account was made, in seconds since the epoch."""
    made, now = datetime.fromtimestamp(created_at, UTC), datetime.fromtimestamp(now_s, UTC)
    months = now.year * 12 + now.month - 1
    ends = _on(made, months)
    return int((ends if ends > now else _on(made, months + 1)).timestamp())


def _on(made: datetime, months: int) -> datetime:
    """The same day in another month, or its last."""
    year, month = divmod(months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return made.replace(year=year, month=month + 1, day=min(made.day, last), microsecond=0)


def _moved(counters: Counters, name: str, by: int) -> Move:
    return Move(name, by=by, at_least=counters[name], at_most=counters[name])
