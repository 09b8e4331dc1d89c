"""Which rules an operator may set."""

import json
from typing import Any

import pytest

from openmind_llm.domain import filters
from openmind_llm.domain.filters import rules
from openmind_llm.domain.filters.refusals import FiltersUnreadableError
from openmind_llm.domain.filters.rules import FilterError
from openmind_llm.domain.ledger.standing import Account
from tests.unit.domain.filters.filtering import rule

TAKEN = (
    r"(?i)project[- ]?apollo",
    r"\b\d{3}-\d{2}-\d{4}\b",
    r"[\w.+-]+@[\w-]+\.[\w.-]+",
    r"(?:\d[ -]?){13,16}",
    r"(?:\d{1,3}\.){3}\d{1,3}",
    r"(?<!\d)\d{16}(?!\d)",
    r"(?:foo|bar)+",
    r"sk-[A-Za-z0-9]{20,}",
    r"(?s)BEGIN KEY.*?END KEY",
    r"(a)\1",
    r"(?:a+)?b",
)
REFUSED = {
    "(a+)+": "within another repeat",
    r"(\w+\s?)*x": "within another repeat",
    "(?:a+b?){5}": "within another repeat",
    "((ab)*c)*d": "within another repeat",
    "(?:a|aa)+x": "several ways",
    "(?i:ab|Ab)+x": "several ways",
    "(?:ab?)+": "several ways",
    "(?>(a+)+)": "within another repeat",
    "x(?=(a+)+b)": "within another repeat",
    "(?:aa?){40}": "too many ways",
    "(?:aa?){1,4000000000}": "too many ways",
    "a(?=.{65})": "looks ahead",
    "a(?!.*b)": "looks ahead",
    "a*": "empty",
    "(?=a)": "empty",
    "|a": "empty",
    "a{257}": "shorter than 257",
    "(": "unterminated",
    "[": "unterminated",
    "(?<=a+)b": "fixed-width",
}


@pytest.mark.parametrize("pattern", TAKEN)
def test_a_usual_pattern_is_taken(pattern: str) -> None:
    (found,) = rules.read([rule(pattern)])

    assert found.rule.pattern == pattern


@pytest.mark.parametrize(("pattern", "why"), REFUSED.items(), ids=REFUSED)
def test_a_pattern_that_will_not_do_is_refused_with_the_reason(pattern: str, why: str) -> None:
    with pytest.raises(FilterError, match=f"the pattern of a rule is not taken: .*{why}"):
        rules.read([rule(pattern)])


def test_a_long_match_may_be_asked_for_in_input_which_is_whole() -> None:
    assert rules.read([rule("a{257}", on="input")])


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ({}, "array of at most 20"),
        ([rule("a", name=str(n)) for n in range(21)], "array of at most 20"),
        ([rule("a"), rule("b")], "name of its own"),
        ([[]], "rule 1 must be an object"),
        ([{"name": "a", "pattern": "a", "action": "redact"}], "rule 1 must be an object"),
        ([rule("a") | {"flags": "i"}], "rule 1 must be an object"),
        ([rule("a", name="")], "rule 1: name"),
        ([rule("a", name="a\nb")], "rule 1: name"),
        ([rule("a", name="n" * 65)], "rule 1: name"),
        ([rule("a" * 201)], "a rule: pattern"),
        ([rule("")], "a rule: pattern"),
        ([rule("a") | {"pattern": 1}], "a rule: pattern"),
        ([rule("a", "mask")], "a rule: action must be one of redact, block"),
        ([rule("a", on="all")], "a rule: on must be one of input, output, both"),
        ([rule("a") | {"on": ["input"]}], "a rule: on must be one of"),
    ],
)
def test_what_is_no_list_of_rules_is_refused_with_the_reason(value: Any, why: str) -> None:
    with pytest.raises(FilterError, match=why):
        rules.read(value)


def test_rules_come_back_as_they_were_written() -> None:
    written = rules.read([rule("é+", name="one"), rule("b", "block", "input", name="two")])

    assert [found.rule for found in rules.loads(rules.dumps(written))] == [found.rule for found in written]


@pytest.mark.parametrize("stored", ["", "no JSON", "null", "[1]", json.dumps([rule("(")]), [], {}, 7, "[" * 100_000])
def test_stored_filters_that_cannot_be_read_let_nothing_pass(stored: Any) -> None:
    with pytest.raises(FiltersUnreadableError) as refused:
        filters.of(Account("acme", "free", 0, filters=stored))

    assert (refused.value.status, refused.value.may_retry) == (503, False)


def test_an_account_without_filters_has_none() -> None:
    assert filters.of(Account("acme", "free", 0)) is filters.NONE
