"""The keys of a provider within the secret's text, as an operator changes them."""

import json
from typing import Any

import pytest

from openmind_llm.storage import key_rows, provider_keys
from openmind_llm.storage.key_rows import KeyRow, KeyRowsError

A, B = "sk-aaaaaaaa", "sk-bbbbbbbb"
HASH_OF_A = key_rows.rows(json.dumps({"openai": A}), "openai")[0].key_id


def text(told: Any, **others: Any) -> str:
    return json.dumps({"openai": told, **others})


def added(told: str, key: str = B, weight: int = 1, name: str | None = None) -> Any:
    return json.loads(key_rows.added(told, "openai", key, weight, name)[0])["openai"]


@pytest.mark.parametrize("empty", ["{}", text(None), text(""), text([])])
def test_the_first_key_stands_alone(empty: str) -> None:
    assert added(empty, A) == A


def test_a_second_one_makes_a_list_of_which_the_first_stays_as_it_was() -> None:
    assert added(text(A)) == [A, B]
    assert added(text([{"key": A, "weight": 3, "note": "ours"}])) == [{"key": A, "weight": 3, "note": "ours"}, B]


def test_weight_and_name_are_kept_where_they_say_something() -> None:
    assert added(text(A), weight=3, name="team-b") == [A, {"key": B, "weight": 3, "name": "team-b"}]


def test_what_was_added_is_told_as_the_gateway_will_name_it() -> None:
    changed, row = key_rows.added("{}", "openai", A, 1, None)

    assert row == KeyRow(HASH_OF_A, 1, is_usable=True)
    assert key_rows.rows(changed, "openai") == [row]


def test_other_providers_are_left_as_they_are() -> None:
    changed, _ = key_rows.added(text(A, xai=["x", 7]), "openai", B, 1, None)

    assert json.loads(changed)["xai"] == ["x", 7]
    assert json.loads(key_rows.removed(changed, "openai", HASH_OF_A, may_be_last=False))["xai"] == ["x", 7]


@pytest.mark.parametrize(
    ("name", "key", "weight", "why"),
    [
        (None, A, 1, "there already"),
        ("first", B, 1, "a key named first already"),
        ("two words", B, 1, "a name has"),
        (None, B, 0, "a weight is from 1 to 1000"),
        (None, B, 1001, "a weight is from 1 to 1000"),
    ],
)
def test_what_would_not_be_used_is_not_added(name: str | None, key: str, weight: int, why: str) -> None:
    there = text([A, {"key": "sk-cccccccc", "name": "first"}])

    with pytest.raises(KeyRowsError, match=why):
        key_rows.added(there, "openai", key, weight, name)


@pytest.mark.parametrize("broken", ["", "{", "[]", '"text"', "null"])
def test_a_secret_that_is_no_object_is_not_written_over(broken: str) -> None:
    with pytest.raises(KeyRowsError, match="no JSON object"):
        key_rows.added(broken, "openai", A, 1, None)


def test_a_key_is_removed_by_its_name_or_its_hash() -> None:
    there = text([A, {"key": B, "name": "second"}])

    assert json.loads(key_rows.removed(there, "openai", "second", may_be_last=False)) == {"openai": A}
    assert json.loads(key_rows.removed(there, "openai", HASH_OF_A, may_be_last=False))["openai"] == [
        {"key": B, "name": "second"}
    ]


def test_the_last_key_that_is_of_use_is_removed_only_when_it_may_be() -> None:
    there = text([A, {"key": B, "weight": "heavy"}])

    with pytest.raises(KeyRowsError, match="the last key of openai"):
        key_rows.removed(there, "openai", HASH_OF_A, may_be_last=False)
    assert json.loads(key_rows.removed(text(A), "openai", HASH_OF_A, may_be_last=True)) == {}


def test_a_key_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(KeyRowsError, match=f"openai has no key x; it has: {HASH_OF_A}"):
        key_rows.removed(text(A), "openai", "x", may_be_last=True)


def test_a_row_that_is_of_no_use_is_shown_as_such_and_can_be_removed() -> None:
    there = text([A, {"key": B, "weight": "heavy"}])

    bad = key_rows.rows(there, "openai")[1]

    assert (bad.is_usable, bad.weight) == (False, 0)
    assert json.loads(key_rows.removed(there, "openai", bad.key_id, may_be_last=False)) == {"openai": A}


def test_of_two_rows_with_one_name_the_second_is_of_no_use() -> None:
    there = text([{"key": A, "name": "same"}, {"key": B, "name": "same"}])

    assert [row.is_usable for row in key_rows.rows(there, "openai")] == [True, False]


def test_of_two_keys_with_one_name_each_is_removed_alone() -> None:
    there = text([{"key": A, "name": "same"}, {"key": B, "name": "same"}])
    _, second = key_rows.rows(there, "openai")

    first_is_gone = key_rows.removed(there, "openai", "same", may_be_last=True)
    second_is_gone = key_rows.removed(there, "openai", second.key_id, may_be_last=False)

    assert json.loads(first_is_gone) == {"openai": [{"key": B, "name": "same"}]}
    assert json.loads(second_is_gone) == {"openai": [{"key": A, "name": "same"}]}


def test_a_key_that_stands_there_twice_is_removed_as_a_whole() -> None:
    """It may be one that has leaked."""
    there = text([{"key": A, "name": "same"}, {"key": A, "name": "same"}, B])

    assert json.loads(key_rows.removed(there, "openai", "same", may_be_last=False)) == {"openai": B}


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("", "8 to 512"),
        ("sk-1234", "8 to 512"),
        ("x" * 513, "8 to 512"),
        ("sk-a key with blanks", "without spaces"),
        ("sk-two\nlines", "without spaces"),
        ("sk-ключключ", "printable"),
        ("om1_live_0123456789abcdef", "a key of this gateway"),
    ],
)
def test_what_cannot_be_a_providers_key_is_told_without_it(key: str, why: str) -> None:
    with pytest.raises(KeyRowsError, match=why) as refused:
        key_rows.check_form(key)

    assert not key or key not in str(refused.value)


def test_what_is_shown_is_what_the_gateway_uses() -> None:
    told = [A, {"key": B, "weight": 2, "name": "b"}, {"key": "", "name": "none"}, {"key": "sk-c", "name": "b"}]

    used = [(key.key_id, key.weight) for key in provider_keys.usable(text(told), "openai")]
    shown = [(row.key_id, row.weight) for row in key_rows.rows(text(told), "openai") if row.is_usable]

    assert shown == used
