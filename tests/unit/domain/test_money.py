"""Amounts as integers of a millionth."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmind_llm.domain import money


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (0, "0"),
        (1, "0.000001"),
        (123_456, "0.123456"),
        (1_500_000, "1.5"),
        (50_000_000, "50"),
        (1_000_000_000_000_000, "1000000000"),
        (-1, "-0.000001"),
        (-2_050_000, "-2.05"),
    ],
)
def test_an_amount_is_shown_to_its_last_digit(amount: int, shown: str) -> None:
    assert money.text(amount) == shown


@pytest.mark.parametrize(
    ("given_amount", "expected"),
    [("12.5", 12_500_000), (12.5, 12_500_000), (50, 50_000_000), ("0.000001", 1), ("1.500000000", 1_500_000),
     ("-3", -3_000_000), ("1e3", 1_000_000_000), (0.1, 100_000), ("1000000000000", 10**18)],
)  # fmt: skip
def test_an_operators_amount_is_read_exactly(given_amount: str | float, expected: int) -> None:
    assert money.micro(given_amount) == expected


@pytest.mark.parametrize(
    "amount",
    ["0.0000001", 1e-7, "1.00000000000000000000000000000001", "nan", "inf", float("inf"), float("nan"), "-inf",
     "", "ten", "1,5", True, "1000000000001", "1e999999", "1e999999999",
     "sNaN"],
)  # fmt: skip
def test_what_is_no_amount_of_whole_micros_is_refused(amount: str | float) -> None:
    with pytest.raises(ValueError, match="amount"):
        money.micro(amount)


@given(st.integers(-(10**18), 10**18))
def test_what_is_shown_reads_back(amount: int) -> None:
    assert money.micro(money.text(amount)) == amount
