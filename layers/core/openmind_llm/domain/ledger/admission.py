"""Whether a request may be sent to its provider, and what is put aside for it before it is."""

from openmind_llm.classes import dataclass
from openmind_llm.domain import keys, pricing
from openmind_llm.domain.catalogue import Route
from openmind_llm.domain.idempotency import KEPT_S, Claim
from openmind_llm.domain.keys import Caller
from openmind_llm.domain.ledger import guard, limits
from openmind_llm.domain.ledger.counters import Counters, Move
from openmind_llm.domain.ledger.rows import Bill, Hold
from openmind_llm.domain.ledger.standing import Standing
from openmind_llm.domain.plans import Limits, Plan
from openmind_llm.domain.usage import Usage
from openmind_llm.errors import AuthenticationError, CreditError, ModelNotAllowedError

LEAST_OUTPUT = 16
"""Tokens. Where the credit does not cover this much of an answer, there is none."""

ASSUMED_OUTPUT = 500
"""Tokens that an answer is taken to have had whose end nobody saw; never more than its cap."""


@dataclass(frozen=True, slots=True)
class Fallback:
    """A route that the request may take instead. `is_named`: by the request itself, and not by the catalogue."""

    route: Route
    input_bound: int
    is_named: bool


@dataclass(frozen=True, slots=True)
class Ask:
    """What a request wants. `asked_output` is the caller's own cap in tokens, if there is one; `choices` answers each.

    `input_bound` is what the hold covers, `input_estimate` what is charged if nothing better is known. `idempotency` is
    the id of the record that it claims, together with `body_hash`; empty if it claims none. `body_bytes` is the length
    of the body as it came in, `filters` the text of the content filters that it has passed.
    """

    request_id: str
    started_ms: int
    hold_s: int
    route: Route
    is_stream: bool
    input_bound: int
    input_estimate: int
    asked_output: int | None
    choices: int = 1
    idempotency: str = ""
    body_hash: str = ""
    fallbacks: tuple[Fallback, ...] = ()
    body_bytes: int = 0
    filters: str | None = None


@dataclass(frozen=True, slots=True)
class Admission:
    """The hold, and the moves that place it. `plan` is what it was judged by.

    `fallbacks` are those that the hold covers, `dearest` is the way by whose price and input it was reckoned.

    `standing` is as it was before, `after` as it is then, as far as one process can tell. `is_lowered`: the credit did
    not cover the usual cap; `is_narrowed`: nor a fallback that the key may use. `claim` is placed with the hold, or
    neither is.
    """

    hold: Hold
    standing: Standing
    plan: Plan
    account_moves: tuple[Move, ...]
    key_moves: tuple[Move, ...]
    after: Standing
    is_lowered: bool
    is_narrowed: bool
    claim: Claim | None
    fallbacks: tuple[Fallback, ...]
    dearest: Ask | Fallback


def admit(standing: Standing, plan: Plan, ask: Ask, now_s: float) -> Admission:
    """Raises ModelNotAllowedError, TooManyRequestsError, CreditError, and what guard.require_fitting raises.

    Whether the key is valid is asked before.
    """
    require_allowed(standing, ask.route)
    guard.require_fitting(standing.account, plan, ask)
    cap = output_cap(plan, ask)
    output = _affordable(standing, ask, cap, now_s)
    allowed = _allowed(standing, ask)
    covered = _covered(standing, ask, allowed, output, now_s)
    ways: tuple[Ask | Fallback, ...] = (ask, *covered)
    dearest = max(ways, key=lambda way: _amount(way, ask, output))
    hold = _hold(standing, ask, output, _amount(dearest, ask, output), now_s)
    account = (
        _unchanged(standing.account_counters),
        Move("period_end", at_least=int(now_s) + 1),
        *_places(plan.limits, standing.account_counters, hold, now_s),
        Move("balance", by=-hold.amount, at_least=hold.amount),
        Move("held", by=hold.amount),
    )
    key = (
        _unchanged(standing.key_counters),
        *_places(standing.key.limits, standing.key_counters, hold, now_s),
        *_budgets(standing, hold.amount, now_s),
    )
    after, claim = standing.after(account, key), _claim(ask, hold, now_s)
    is_lowered, is_narrowed = output < cap, len(covered) < len(allowed)
    return Admission(hold, standing, plan, account, key, after, is_lowered, is_narrowed, claim, covered, dearest)


def require_valid(standing: Standing, caller: Caller, now_s: float) -> None:
    """Of account, key, and the secret that the caller has shown. Raises AuthenticationError."""
    key = standing.key
    if not (standing.account.is_active and keys.is_valid(key, now_s) and keys.is_proof(caller.proof, key, now_s)):
        raise AuthenticationError


def output_cap(plan: Plan, ask: Ask) -> int:
    """Tokens of an answer, as far as caller, plan and model tell; the credit may cover less.

    What the caller asks of a model known by its prefix alone is not bounded: its family's limit need not be its own.
    """
    asked, most = ask.asked_output or plan.output_tokens, ask.route.model.max_output_tokens
    is_bound = ask.route.is_exact or ask.asked_output is None
    return min(asked, most) if is_bound and most is not None else asked


def credit_left(standing: Standing, now_s: float) -> int:
    """What one request may hold at most: of the balance and of the key's budgets, the least."""
    least = standing.account_counters["balance"]
    for window in limits.windows(standing.key.limits, now_s):
        left = window.left(standing.key_counters)
        if left is not None and left < least:
            least = left
    return least


def require_allowed(standing: Standing, route: Route) -> None:
    """By the key, and by the account. Raises ModelNotAllowedError."""
    key = standing.key
    if key.allowed_providers and route.provider.name not in key.allowed_providers:
        raise ModelNotAllowedError
    if key.allowed_models and not guard.names(route) & key.allowed_models:
        raise ModelNotAllowedError
    guard.require_model(standing.account, route)


def _affordable(standing: Standing, ask: Ask, cap: int, now_s: float) -> int:
    """The cap that the credit covers. A cap that the caller named is never lowered. Raises CreditError."""
    credit = credit_left(standing, now_s)
    covered = pricing.affordable_output(ask.route.price, ask.input_bound, credit) // ask.choices
    if covered >= cap:
        return cap
    if ask.asked_output is not None or covered < min(LEAST_OUTPUT, cap):
        raise CreditError(_refusal(covered))
    return covered


def _allowed(standing: Standing, ask: Ask) -> tuple[Fallback, ...]:
    """The fallbacks that the key may use. Raises ModelNotAllowedError for one that the request names."""
    for one in ask.fallbacks:
        if one.is_named:
            require_allowed(standing, one.route)
    return tuple(one for one in ask.fallbacks if _is_allowed(standing, one.route))


def _covered(
    standing: Standing, ask: Ask, allowed: tuple[Fallback, ...], output: int, now_s: float
) -> tuple[Fallback, ...]:
    """Those that the credit covers, too: one that it does not is no reason to refuse."""
    credit = credit_left(standing, now_s)
    return tuple(one for one in allowed if _amount(one, ask, output) <= credit)


def _amount(way: Ask | Fallback, ask: Ask, output: int) -> int:
    return pricing.hold(way.route.price, way.input_bound, output * ask.choices)


def _is_allowed(standing: Standing, route: Route) -> bool:
    try:
        require_allowed(standing, route)
    except ModelNotAllowedError:
        return False
    return True


def _refusal(covered: int) -> str:
    if covered < LEAST_OUTPUT:
        return "Insufficient credit for this request"
    return f"Insufficient credit for this request: it covers max_tokens of {covered} at most"


def _unchanged(counters: Counters) -> Move:
    """What is set is still what the request was judged by."""
    return Move("version", at_least=counters["version"], at_most=counters["version"])


def _places(held_to: Limits, counters: Counters, hold: Hold, now_s: float) -> list[Move]:
    rates = limits.take_rates(held_to, counters, hold.tokens, int(now_s * limits.NS))
    return [*rates, limits.take_place(held_to, counters)]


def _budgets(standing: Standing, amount: int, now_s: float) -> list[Move]:
    windows = limits.windows(standing.key.limits, now_s)
    return [move for window in windows for move in window.spend(standing.key_counters, amount)]


def _hold(standing: Standing, ask: Ask, output: int, amount: int, now_s: float) -> Hold:
    day, month = limits.windows(standing.key.limits, now_s)
    counted = standing.key_counters
    assumed = Usage(ask.input_estimate, 0, 0, min(ASSUMED_OUTPUT, output), 0, is_exact=False)
    route = ask.route
    return Hold(
        request_id=ask.request_id,
        account_id=standing.account.account_id,
        key_id=standing.key.key_id,
        provider=route.provider.name,
        model=route.model.name,
        upstream_model=route.shown_id,
        price_version=route.price_version,
        is_stream=ask.is_stream,
        started_at=ask.started_ms,
        expires_at=int(now_s) + ask.hold_s,
        amount=amount,
        output_cap=output,
        input_bound=ask.input_bound,
        tokens=ask.input_bound + output * ask.choices,
        day=max(day.number, counted["day"]),
        month=max(month.number, counted["month"]),
        assumed=assumed,
        assumed_bill=bill(route, assumed, None),
        idempotency=ask.idempotency,
    )


def _claim(ask: Ask, hold: Hold, now_s: float) -> Claim | None:
    if not ask.idempotency:
        return None
    placed_at = int(now_s)
    return Claim(
        account_id=hold.account_id,
        record_id=ask.idempotency,
        body_hash=ask.body_hash,
        request_id=hold.request_id,
        placed_at=placed_at,
        hold_expires_at=hold.expires_at,
        ttl=placed_at + KEPT_S,
    )


def bill(route: Route, used: Usage, reported: object) -> Bill:
    """`reported` is the provider's usage object, which may tell what it took."""
    cost = pricing.cost(route.provider, route.price, used, reported)
    return Bill(pricing.charge(route.price, used), cost.micro_usd, cost.is_reported)
