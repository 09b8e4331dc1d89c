"""The header that names how long a request may take."""

import pytest

from openmind_llm.domain.attempts import budget
from openmind_llm.errors import InvalidRequestError


@pytest.mark.parametrize(("told", "seconds"), [(None, None), ("1500", 1.5), ("1", 0.001), ("9999999999", 9999999.999)])
def test_it_is_in_milliseconds(told: str | None, seconds: float | None) -> None:
    assert budget.timeout_s(told) == seconds


@pytest.mark.parametrize("told", ["", "0", "-1", "1.5", "1e3", "soon", "٣", "01", "10000000000", "1, 2", " 1"])
def test_what_is_no_time_is_refused(told: str) -> None:
    with pytest.raises(InvalidRequestError, match="x-request-timeout-ms"):
        budget.timeout_s(told)
