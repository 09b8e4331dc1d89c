"""What an admission would say, without one."""

from openmind_llm.classes import dataclass
from openmind_llm.domain import pricing
from openmind_llm.domain.ledger import admission
from openmind_llm.domain.ledger.admission import Ask
from openmind_llm.domain.ledger.standing import Standing
from openmind_llm.domain.plans import Plan
from openmind_llm.errors import (
    BodyTooLargeError,
    CreditError,
    GatewayError,
    InvalidRequestError,
    ModelNotAllowedError,
    TooManyRequestsError,
)

_REFUSALS = (BodyTooLargeError, CreditError, InvalidRequestError, ModelNotAllowedError, TooManyRequestsError)


@dataclass(frozen=True, slots=True)
class Quoted:
    """`amount` in micro-OMCU would be held, or would have to be if there is a `refusal`; so with `output_cap`."""

    amount: int
    output_cap: int
    credit_left: int
    refusal: GatewayError | None


def quote(standing: Standing, plan: Plan, ask: Ask, now_s: float) -> Quoted:
    """Raises AuthenticationError."""
    left = admission.credit_left(standing, now_s)
    try:
        hold = admission.admit(standing, plan, ask, now_s).hold
    except _REFUSALS as refusal:
        cap = admission.output_cap(plan, ask)
        return Quoted(pricing.hold(ask.route.price, ask.input_bound, cap * ask.choices), cap, left, refusal)
    return Quoted(hold.amount, hold.output_cap, left, None)
