"""What a token with a good signature has to say. Times are Unix seconds."""

from collections.abc import Mapping
from typing import Any, TypeGuard

from openmind_llm.domain.ledger.standing import ACCOUNT_ID
from openmind_llm.errors import UserNotFoundError

LEEWAY_S = 30
"""How far the issuer's clock may be ahead of ours."""

_END_OF_TIME = 2**53
"""Beyond it a number is no longer exact, infinite, or not one at all."""


def user(claims: Mapping[str, Any], issuer: str, audience: str, now: float) -> str:
    """The token's `sub`. An empty `audience` is not looked for. Raises UserNotFoundError."""
    subject = claims.get("sub")
    is_good = (
        claims.get("iss") == issuer
        and _is_in_time(claims, now)
        and (not audience or _is_for(claims, audience))
        and isinstance(subject, str)
        and ACCOUNT_ID.fullmatch(subject)
    )
    if not is_good:
        raise UserNotFoundError
    return str(subject)


def _is_in_time(claims: Mapping[str, Any], now: float) -> bool:
    begins = (claims[name] for name in ("nbf", "iat") if name in claims)
    expires = claims.get("exp")
    return _is_time(expires) and now < expires and all(_is_time(at) and at <= now + LEEWAY_S for at in begins)


def _is_time(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and abs(value) < _END_OF_TIME


def _is_for(claims: Mapping[str, Any], audience: str) -> bool:
    """By `aud`; by `azp` where there is no `aud`, as in Clerk's session tokens."""
    if "aud" not in claims:
        return bool(claims.get("azp") == audience)
    listed = claims["aud"]
    return audience in (listed if isinstance(listed, list) else [listed])
