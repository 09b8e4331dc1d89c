"""Whatever fails, in whatever order: no request makes more calls, or takes more time, than its budget."""

from hypothesis import given, settings
from hypothesis import strategies as st

from openmind_llm.domain.attempts.table import RULES
from tests.unit.domain.attempts.trying import ASKED, SECOND, THIRD, FakeHealth, Tried, failure

FAILURES = st.builds(
    failure, st.sampled_from(sorted(RULES)), st.one_of(st.none(), st.integers(min_value=1, max_value=3600))
)
ROUTES = st.sampled_from([(ASKED,), (ASKED, SECOND), (ASKED, SECOND, THIRD)])
CLOSED = st.dictionaries(st.sampled_from(["key-1", "key-2", "key-3"]), st.floats(min_value=1001, max_value=2000))


@settings(max_examples=400, deadline=None)
@given(
    failures=st.lists(st.one_of(st.none(), FAILURES, FAILURES, FAILURES), max_size=30),
    routes=ROUTES,
    keys=st.integers(min_value=0, max_value=3),
    attempts=st.integers(min_value=1, max_value=8),
    deadline_s=st.floats(min_value=0, max_value=900),
    takes_s=st.floats(min_value=0, max_value=400),
    closed=CLOSED,
    is_stream=st.booleans(),
)
def test_no_request_makes_more_calls_or_takes_longer_than_its_budget(
    failures: list[Exception | None],
    routes: tuple[object, ...],
    keys: int,
    attempts: int,
    deadline_s: float,
    takes_s: float,
    closed: dict[str, float],
    is_stream: bool,
) -> None:
    tried = Tried(
        failures,  # type: ignore[arg-type]
        routes,  # type: ignore[arg-type]
        keys,
        attempts,
        deadline_s,
        takes_s,
        FakeHealth(closed),
        is_stream=is_stream,
    )

    assert len(tried.calls) <= attempts
    assert len(tried.calls) == len(tried.course.trail)
    assert tried.clock.now - 1000 <= deadline_s + 1e-6
    assert (tried.answer is None) == (tried.error is not None)
    assert [call.route for call in tried.calls] == sorted((c.route for c in tried.calls), key=routes.index)
    assert not {call.key_id for call in tried.calls} & set(closed)
    assert not tried.keyring._load
    refused = [(one.provider, one.key_id) for one in tried.course.trail if one.means.startswith("provider_")]
    assert len(set(refused)) == len(refused)
