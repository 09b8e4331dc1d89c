"""What `Cache-Control` of a request comes to, alone and beside what is usual for its key."""

import pytest

from openmind_llm.domain import cache_control
from openmind_llm.domain.cache_control import MOST_AGE_S, Control, Policy
from openmind_llm.errors import InvalidRequestError


@pytest.mark.parametrize(
    ("header", "alone", "with_a_key_of_600"),
    [
        ("", None, Policy(600)),
        ("max-age=60", Policy(60), Policy(60)),
        ("max-age=0", None, Policy(600, looks=False)),
        ("no-cache", None, Policy(600, looks=False)),
        ("no-cache, max-age=60", Policy(60, looks=False), Policy(60, looks=False)),
        ("no-cache, max-age=0", None, Policy(600, looks=False)),
        ("no-store", None, None),
        ("no-store, max-age=60", None, None),
        ("no-transform", None, Policy(600)),
    ],
)
def test_a_header_comes_to_a_policy(header: str, alone: Policy | None, with_a_key_of_600: Policy | None) -> None:
    control = cache_control.read(header)

    assert control.policy(None) == alone
    assert control.policy(600) == with_a_key_of_600


@pytest.mark.parametrize("header", ["max-age=60", "no-store", "no-cache, max-age=60", "no-store, max-age=0"])
def test_what_is_usual_for_a_key_cannot_change_a_final_header(header: str) -> None:
    control = cache_control.read(header)

    assert control.is_final
    assert control.policy(None) == control.policy(600)


@pytest.mark.parametrize("header", ["", "no-cache", "max-age=0", "only-if-cached"])
def test_a_header_that_is_not_final_leaves_it_to_the_key(header: str) -> None:
    control = cache_control.read(header)

    assert not control.is_final
    assert control.policy(None) != control.policy(600)


@pytest.mark.parametrize(
    ("header", "control"),
    [
        ("MAX-AGE=60 ,\tNo-Cache", Control(60, no_cache=True)),
        ('max-age="60"', Control(60)),
        ("max-age=007", Control(7)),
        ("max-age=60, max-age=7", Control(60)),
        (",, max-age=60,", Control(60)),
        ('private="max-age=5, no-store", max-age=60', Control(60)),
        (r'private="a\", no-store", no-cache', Control(no_cache=True)),
        ('private="no-store, max-age=60', Control()),
        ("max-stale=5, no-storey, x=no-cache", Control()),
        (f"max-age={MOST_AGE_S + 1}", Control(MOST_AGE_S)),
        (f"max-age={'9' * 5000}", Control(MOST_AGE_S)),
        (f"max-age={'0' * 5000}1", Control(1)),
    ],
)
def test_directives_are_read_as_http_writes_them(header: str, control: Control) -> None:
    assert cache_control.read(header) == control


@pytest.mark.parametrize(
    "header", ["max-age", "max-age=", 'max-age=""', "max-age=-1", "max-age=1.5", "max-age=1h", "max-age=6 0",
               'max-age="6', "max-age=60; x", "max-age=٣", "max-age=60, max-age=soon"]
)  # fmt: skip
def test_an_age_that_cannot_be_read_is_refused(header: str) -> None:
    with pytest.raises(InvalidRequestError, match="Cache-Control: max-age must be a whole number of seconds"):
        cache_control.read(header)


@pytest.mark.parametrize("header", ['"' * 60_000, "\\" * 60_000, "max-age=" + "0" * 60_000, ',"' * 30_000])
def test_a_long_header_is_read_at_once(header: str) -> None:
    """In a time that grows with its length: else this would take hours."""
    assert cache_control.read(header).no_store is False
