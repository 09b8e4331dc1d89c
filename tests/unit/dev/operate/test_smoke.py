"""When a fresh deployment is looked at."""

import pytest

from dev.operate.smoke import left_out


def test_a_deployment_that_has_provider_keys_is_looked_at() -> None:
    assert left_out({}, lambda: True, "one") == ""


@pytest.mark.parametrize(
    ("environ", "has_keys", "why"),
    [
        ({"SMOKE": "off"}, True, "SMOKE=off"),
        ({}, False, "no provider has a key yet"),
    ],
)
def test_where_it_could_tell_nothing_it_says_so(environ: dict[str, str], has_keys: bool, why: str) -> None:
    assert why in left_out(environ, lambda: has_keys, "one")
