"""What rules leave of a text does not depend on how it comes."""

import re
from itertools import pairwise

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from openmind_llm.domain.filters import passage, rules
from openmind_llm.domain.filters.passage import MOST_HELD, MOST_S, PIECE, Effort, Passage, whole
from openmind_llm.domain.filters.refusals import ContentBlockedError, FiltersTooSlowError
from openmind_llm.domain.filters.rules import LOOK_BEHIND, Search
from tests.unit.domain.filters.filtering import rule

PATTERNS = (
    "ab",
    "a+b",
    r"\bab\b",
    r"\d{3}-\d{2}",
    r"^a",
    r"b$",
    r"(?m)^ab$",
    r"ab(?!c)",
    r"(?<=a)b+",
    r"a[^\n]*?c",
    r"(?i)AB|bc",
    r"\w+",
    r"[a-c]+$",
    r"a{200,256}",
    r"(a)b\1",
)
TEXTS = st.text("ab c\n1-é", max_size=700) | st.text("a", max_size=700) | st.text(max_size=50)


def searches(*patterns: str, action: str = "redact") -> tuple[Search, ...]:
    return rules.read([rule(one, action, name=one) for one in patterns])


def in_pieces(found: tuple[Search, ...], text: str, cuts: list[int]) -> list[str]:
    told_so_far = Passage(found)
    ends = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    told = [told_so_far.take(text[start:end]) for start, end in pairwise(ends)]
    return [*told, told_so_far.take("", is_last=True)]


def fits(text: str, pattern: str) -> bool:
    """What ends a longer match is not waited for."""
    return all(len(found[0]) <= LOOK_BEHIND or pattern.endswith("+") for found in re.finditer(pattern, text))


@given(TEXTS, st.sampled_from(PATTERNS))
def test_a_rule_leaves_what_a_substitution_of_its_matches_does(text: str, pattern: str) -> None:
    assert whole(searches(pattern), text) == re.sub(pattern, "[redacted]", text)


@given(TEXTS, st.sampled_from(PATTERNS), st.lists(st.integers(0, 700), max_size=30))
@example("a" * (LOOK_BEHIND - 1) + "b", "a+b", [200, 250, 255])
@example("x ab\n\n", r"b$", [4, 5])
@example("cab ab cab ab " * 2, r"\bab\b", list(range(28)))
@example("bab ab", r"(?<=a)b{1,2}", list(range(6)))
@example("aaaa", "^a", list(range(4)))
def test_a_text_in_pieces_becomes_what_it_becomes_as_a_whole(text: str, pattern: str, cuts: list[int]) -> None:
    assume(fits(text, pattern))
    found = searches(pattern)

    assert "".join(in_pieces(found, text, cuts)) == whole(found, text)


@given(TEXTS, st.sets(st.sampled_from(PATTERNS), min_size=2, max_size=4), st.lists(st.integers(0, 700), max_size=30))
def test_several_rules_at_once_do_not_depend_on_the_pieces_either(text: str, some: set[str], cuts: list[int]) -> None:
    assume(all(fits(text, pattern) for pattern in some))
    found = searches(*sorted(some))

    assert "".join(in_pieces(found, text, cuts)) == whole(found, text)


@given(TEXTS, st.sampled_from(PATTERNS), st.lists(st.integers(0, 700), max_size=30))
def test_a_text_that_is_blocked_as_a_whole_is_blocked_in_pieces_before_its_match(
    text: str, pattern: str, cuts: list[int]
) -> None:
    passage, told = Passage(searches(pattern, action="block")), ""
    first = re.search(pattern, text)
    try:
        for start, end in pairwise(sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})):
            told += passage.take(text[start:end])
        told += passage.take("", is_last=True)
    except ContentBlockedError:
        assert first is not None
        assert text[: first.start()].startswith(told)
    else:
        assert (first, told) == (None, text)


def test_rules_that_meet_in_a_text_leave_one_mark() -> None:
    assert whole(searches("abc", "bcd"), "xabcdx") == "x[redacted]x"


def test_matches_side_by_side_leave_a_mark_each() -> None:
    assert whole(searches("ab"), "abab") == "[redacted][redacted]"


def test_no_rule_sees_what_another_one_wrote() -> None:
    assert whole(searches("secret", "redacted"), "secret") == "[redacted]"


def test_a_text_is_told_as_soon_as_no_match_can_begin_in_it() -> None:
    passage = Passage(searches("ab"))

    told = passage.take("x" * 50)

    assert 44 <= len(told) < 50


def test_a_match_without_end_is_held_back_up_to_a_limit_and_then_replaced() -> None:
    passage = Passage(searches("a+"))

    told = [passage.take("a" * LOOK_BEHIND) for _ in range(2 * MOST_HELD // LOOK_BEHIND)]

    assert "".join(told) == "[redacted]"


@pytest.mark.parametrize("length", [LOOK_BEHIND, 3 * LOOK_BEHIND])
def test_memory_is_kept_of_little_more_than_what_is_held_back(length: int) -> None:
    passage = Passage(searches(r"<[^<>]{1,300}>"))
    for _ in range(100):
        passage.take("x" * length)

    assert len(passage._kept) <= length + LOOK_BEHIND + 4


@pytest.mark.parametrize("pattern", [r"[\w.+-]+@[\w.-]+", r"\d+x", r"(?s)1.*?x"])
def test_a_text_that_a_rule_would_search_for_hours_is_blocked_within_seconds(
    pattern: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passage, "MOST_S", 0.5)

    with pytest.raises(FiltersTooSlowError):
        whole(searches(pattern), "1" * 4_000_000)


@pytest.mark.parametrize("pattern", [r"[\w.+-]+@[\w.-]+", r"\d+x"])
def test_so_is_a_stream_whose_provider_sends_it_at_once(pattern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passage, "MOST_S", 0.5)

    with pytest.raises(FiltersTooSlowError):
        Passage(searches(pattern)).take("1" * 4_000_000)


def test_the_texts_of_one_request_share_what_they_may_take() -> None:
    seconds = iter([0.0, 1.0, MOST_S, MOST_S + 1])
    effort = Effort(lambda: next(seconds))

    assert [whole(searches("a"), "ab", effort) for _ in range(2)] == ["[redacted]b"] * 2
    with pytest.raises(FiltersTooSlowError):
        whole(searches("a"), "ab", effort)


@pytest.mark.parametrize("at", range(0, 3 * PIECE, 997))
@pytest.mark.parametrize("length", [20, 300, MOST_HELD - 20])
def test_a_match_is_found_wherever_a_long_text_is_cut_to_be_searched(at: int, length: int) -> None:
    text = "." * at + "BEGIN" + "." * length + "END" + "." * (3 * PIECE)

    assert whole(searches("BEGIN.*?END"), text) == "." * at + "[redacted]" + "." * (3 * PIECE)


def test_a_long_ordinary_text_is_searched_in_no_time() -> None:
    text = "Order 12345 of jane@example.com and 123456789. " * 50_000

    assert whole(searches(r"\b\d{9}\b", r"[\w.+-]+@[\w.-]+\w"), text).count("[redacted]") == 100_000
