"""Many requests while a provider is down."""

import pytest

from tests.integration.faults import document
from tests.integration.faults.outcomes import UNREACHABLE
from tests.integration.faults.played import ALL_DOWN, DOWN, MANY, Played
from tests.integration.faults.rows import NOBODY_THERE


@pytest.mark.parametrize("name", DOWN)
def test_with_a_fallback_every_request_is_answered(seen: Played, name: str) -> None:
    assert [one.outcome.content for one in seen.down[name]] == ["Hello!"] * MANY


@pytest.mark.parametrize("name", DOWN)
def test_a_fallback_answers_soon(seen: Played, name: str) -> None:
    added_s = seen.added_s(name)
    print(f"{name}: the median answer comes {added_s * 1000:.0f} ms later than a healthy one")  # noqa: T201 - see -rP

    assert added_s < document.ADDED_S


@pytest.mark.parametrize("name", ALL_DOWN)
def test_with_every_provider_down_each_caller_is_told_so_in_time(seen: Played, name: str) -> None:
    told = {(one.outcome.status, one.outcome.error) for one in seen.all_down[name]}
    text = NOBODY_THERE.error if "refused" in name else UNREACHABLE

    assert told == {(503, text)}
    assert max(one.heard.took_s for one in seen.all_down[name]) < seen.all_down[name][0].cell.row.within_s
