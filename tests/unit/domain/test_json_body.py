"""Strict JSON."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmind_llm.domain import json_body
from openmind_llm.errors import InvalidRequestError

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"))
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner), max_leaves=8
)


@given(st.dictionaries(st.text(st.characters(codec="utf-8")), values))
def test_an_object_survives_reading_and_writing(value: dict[str, object]) -> None:
    assert json_body.parse(json_body.dump(value)) == value


@given(st.binary())
def test_any_bytes_are_an_object_or_a_refusal(body: bytes) -> None:
    """No other exception comes out."""
    with contextlib.suppress(InvalidRequestError):
        assert json_body.parse(body) == json.loads(body)


@pytest.mark.parametrize(("depth", "is_taken"), [(json_body.MAX_DEPTH, True), (json_body.MAX_DEPTH + 1, False)])
def test_nesting_has_one_limit(depth: int, is_taken: bool) -> None:
    body = b'{"a":' * (depth - 1) + b"{}" + b"}" * (depth - 1)

    if is_taken:
        assert json_body.parse(body)
    else:
        with pytest.raises(InvalidRequestError, match="nested deeper than 128 levels"):
            json_body.parse(body)


def test_many_brackets_side_by_side_are_not_deep() -> None:
    assert len(json_body.parse(b'{"a": [' + b"[]," * 5000 + b"[]]}")["a"]) == 5001


@pytest.mark.parametrize("body", [b'{"a": "\\ud800"}', b'{"\\udfff": 1}'])
def test_half_a_surrogate_pair_cannot_be_written(body: bytes) -> None:
    value = json_body.parse(body)

    with pytest.raises(InvalidRequestError, match="Invalid JSON"):
        json_body.dump(value)


def test_half_a_surrogate_pair_stays_the_escape_that_it_was() -> None:
    """A provider that cuts its text between tokens can send one, and no UTF-8 can hold it."""
    sent = b'{"text":"cut \\ud83d"}'

    assert json_body.text(json.loads(sent)) == sent


def test_a_whole_character_is_written_as_itself() -> None:
    assert json_body.text({"text": "\U0001f600"}) == '{"text":"\U0001f600"}'.encode()
