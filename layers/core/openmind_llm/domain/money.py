"""Amounts of money: integers of micro-OMCU or micro-USD, a millionth of the unit. No float ever holds one."""

from decimal import Decimal, InvalidOperation

MICRO = 1_000_000

MAX_WHOLE = 10**12
"""OMCU or USD. More is a slip of the keyboard, and would not fit into every ledger's numbers."""


def text(amount: int) -> str:
    """Micro-units as the exact decimal of whole units: 1_500_000 is "1.5"."""
    whole, rest = divmod(abs(amount), MICRO)
    sign = "-" if amount < 0 else ""
    return f"{sign}{whole}.{rest:06}".rstrip("0").rstrip(".")


def micro(amount: str | float) -> int:
    """Whole units, as an operator writes them, in micro-units: "12.5" is 12_500_000.

    Raises ValueError for what is no number, finer than a micro-unit, or larger than MAX_WHOLE.
    """
    exact = _decimal(amount)
    if not exact.is_finite() or exact.copy_abs() > MAX_WHOLE:
        raise ValueError(f"an amount must be at most {MAX_WHOLE}: {amount!r}")
    rounded = exact.quantize(Decimal(1) / MICRO)
    if rounded != exact:
        raise ValueError(f"an amount may have six decimal places: {amount!r}")
    return int(rounded * MICRO)


def _decimal(amount: str | float) -> Decimal:
    try:
        return Decimal(str(amount))
    except InvalidOperation:
        raise ValueError(f"not an amount: {amount!r}") from None
