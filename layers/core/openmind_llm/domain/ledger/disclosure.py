"""What a caller is told of limits and credit: headers of every answer, and the cost in a stream's last chunk."""

from openmind_llm.domain import money
from openmind_llm.domain.ledger import admission, limits
from openmind_llm.domain.ledger.admission import Admission
from openmind_llm.domain.ledger.counters import Counters
from openmind_llm.domain.ledger.limits import Bucket
from openmind_llm.domain.ledger.rows import Bill, Hold
from openmind_llm.domain.ledger.standing import Standing
from openmind_llm.domain.plans import Plan

type Headers = dict[str, str]


def of_admission(admitted: Admission, bill: Bill | None, now_s: float) -> Headers:
    """`bill` is None while the answer is still to come. Credit is in OMCU."""
    hold, after = admitted.hold, admitted.after
    left = admission.credit_left(after, now_s)
    told = {
        "x-openmind-hold": money.text(hold.amount),
        "x-openmind-hold-assumes": f"input={admitted.dearest.input_bound} output={hold.tokens - hold.input_bound}"
        f" price={admitted.dearest.route.price_version}",
        "x-openmind-max-tokens": str(hold.output_cap),
    }
    if bill is not None:
        charge = _charge(hold, bill, after)
        left += hold.amount - charge
        told["x-openmind-cost"] = money.text(charge)
    return _of_rates(after, admitted.plan, now_s) | {"x-openmind-credit-remaining": money.text(left)} | told


def of_standing(standing: Standing, plan: Plan, now_s: float) -> Headers:
    """Of a request that got no hold, and cost nothing."""
    left = admission.credit_left(standing, now_s)
    told = {"x-openmind-credit-remaining": money.text(left), "x-openmind-cost": "0"}
    return _of_rates(standing, plan, now_s) | told


def in_chunk(admitted: Admission, bill: Bill) -> dict[str, str]:
    """In OMCU, as text: no client rounds it."""
    return {"x_openmind_cost": money.text(_charge(admitted.hold, bill, admitted.after))}


def _charge(hold: Hold, bill: Bill, after: Standing) -> int:
    """What settlement.settle takes of it, as far as this process knows the balance."""
    return min(bill.charge, hold.amount + after.account_counters["balance"])


def _of_rates(standing: Standing, plan: Plan, now_s: float) -> Headers:
    scopes = ((plan.limits, standing.account_counters), (standing.key.limits, standing.key_counters))
    now_ns = int(now_s * limits.NS)
    headers: Headers = {}
    for kind, of in (("requests", limits.request_bucket), ("tokens", limits.token_bucket)):
        buckets = [(bucket, counters) for held_to, counters in scopes if (bucket := of(held_to)) is not None]
        if buckets:
            headers |= _of_bucket(kind, *min(buckets, key=lambda one: one[0].left(one[1], now_ns)), now_ns)
    return headers


def _of_bucket(kind: str, bucket: Bucket, counters: Counters, now_ns: int) -> Headers:
    """Under the names, and in the form, that the clients of OpenAI know."""
    return {
        f"x-ratelimit-limit-{kind}": str(bucket.capacity),
        f"x-ratelimit-remaining-{kind}": str(bucket.left(counters, now_ns)),
        f"x-ratelimit-reset-{kind}": f"{-(-bucket.refill_ns(counters, now_ns) // 1_000_000)}ms",
    }
