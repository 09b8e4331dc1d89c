import pytest

from tests.benchmarks.targets import TARGETS, Target, Verdict


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (Target("plain", "a", 1), 6),
        (Target("ratio", "a", 1, over="b"), 3),
        (Target("difference", "a", 1, less="b"), 4),
        (Target("unknown", "c", 1), None),
        (Target("over an unknown", "a", 1, over="c"), None),
    ],
)
def test_a_target_is_reckoned_from_the_values_that_it_names(target: Target, expected: float | None) -> None:
    assert target.reckoned({"a": 6, "b": 2}) == expected


@pytest.mark.parametrize(("bound", "verdict"), [(6, Verdict.PASS), (5.9, Verdict.MISS)])
def test_what_is_at_its_bound_passes(bound: float, verdict: Verdict) -> None:
    assert Target("plain", "a", bound).verdict({"a": 6}) is verdict


def test_what_was_not_measured_is_neither_passed_nor_missed() -> None:
    assert Target("plain", "a", 1).verdict({}) is Verdict.UNKNOWN


def test_targets_have_names_of_their_own() -> None:
    assert len({one.name for one in TARGETS}) == len(TARGETS)
