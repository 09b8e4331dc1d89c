"""Recorded usage objects of each provider, as disjoint token classes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmind_llm.domain import usage
from openmind_llm.domain.catalogue import ImageTokens
from openmind_llm.domain.usage import Usage

OPENAI = {
    "prompt_tokens": 100,
    "completion_tokens": 50,
    "total_tokens": 150,
    "prompt_tokens_details": {"cached_tokens": 30, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 20},
}
DEEPSEEK = {
    "prompt_tokens": 100,
    "completion_tokens": 50,
    "total_tokens": 150,
    "prompt_cache_hit_tokens": 64,
    "prompt_cache_miss_tokens": 36,
}
GEMINI = {"prompt_tokens": 10, "completion_tokens": 20, "total_tokens": 75}
XAI = {
    "prompt_tokens": 10,
    "completion_tokens": 20,
    "total_tokens": 60,
    "completion_tokens_details": {"reasoning_tokens": 30},
}
NEAR = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10, "prompt_tokens_details": None}
OPENROUTER = {
    "prompt_tokens": 100,
    "completion_tokens": 5,
    "total_tokens": 105,
    "cost": 0.00042,
    "prompt_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 30},
}

RECORDED: list[tuple[str, dict[str, Any], Usage]] = [
    ("openai", OPENAI, Usage(70, 30, 0, 30, 20, is_exact=True)),
    ("deepseek", DEEPSEEK, Usage(36, 64, 0, 50, 0, is_exact=True)),
    ("gemini: thinking only in the total", GEMINI, Usage(10, 0, 0, 20, 45, is_exact=True)),
    ("xai: reasoning beside the completion", XAI, Usage(10, 0, 0, 20, 30, is_exact=True)),
    ("nearai: details may be null", NEAR, Usage(7, 0, 0, 3, 0, is_exact=True)),
    ("openrouter: cache writes", OPENROUTER, Usage(10, 60, 30, 5, 0, is_exact=True)),
]


@pytest.mark.parametrize(("reported", "expected"), [case[1:] for case in RECORDED], ids=[case[0] for case in RECORDED])
def test_each_provider_is_read_into_disjoint_classes(reported: dict[str, Any], expected: Usage) -> None:
    assert expected == usage.read(reported)


@pytest.mark.parametrize(
    "reported",
    [None, [], "none", {}, {"prompt_tokens": 1}, {"prompt_tokens": None, "completion_tokens": 2},
     {"prompt_tokens": -1, "completion_tokens": 2}, {"prompt_tokens": True, "completion_tokens": 2},
     {"prompt_tokens": "1", "completion_tokens": "2"}, {"prompt_tokens": 1, "completion_tokens": 10**13}],
)  # fmt: skip
def test_what_cannot_be_read_is_missing_and_not_zero(reported: Any) -> None:
    assert usage.read(reported) is None


def test_a_reported_zero_is_a_zero() -> None:
    reported = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}

    assert usage.read(reported) == Usage(0, 0, 0, 0, 0, is_exact=True)


counts = st.none() | st.integers(-5, 10**9)


@given(
    st.fixed_dictionaries(
        {"prompt_tokens": st.integers(0, 10**9), "completion_tokens": st.integers(0, 10**9)},
        optional={
            "total_tokens": counts,
            "prompt_cache_hit_tokens": counts,
            "prompt_tokens_details": st.none()
            | st.fixed_dictionaries({}, optional={"cached_tokens": counts, "cache_write_tokens": counts}),
            "completion_tokens_details": st.none() | st.fixed_dictionaries({}, optional={"reasoning_tokens": counts}),
        },
    )
)
def test_no_token_is_lost_counted_twice_or_negative(reported: dict[str, Any]) -> None:
    counted = usage.read(reported)

    assert counted is not None
    assert counted.prompt_tokens == reported["prompt_tokens"]
    assert counted.completion_tokens >= reported["completion_tokens"]
    assert min(counted.input, counted.cached_input, counted.cache_write, counted.output, counted.reasoning) >= 0


def test_an_estimate_counts_bytes_of_text_and_not_of_images() -> None:
    words = {"type": "text", "text": "what is this?"}
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 1_000_000}}
    plain = {"messages": [{"role": "user", "content": [words]}]}
    with_image = {"messages": [{"role": "user", "content": [words, image]}]}

    counted, with_more = (usage.estimate(usage.measure(body), ["yes"]) for body in (plain, with_image))

    assert with_more.input - counted.input == usage.IMAGE_TOKENS
    assert (counted.output, counted.is_exact) == (1, False)


def test_an_estimate_counts_tools() -> None:
    plain = {"messages": [{"role": "user", "content": "x"}]}
    with_tools = plain | {"tools": [{"a": "b" * 300}]}

    assert usage.measure(with_tools).estimate >= usage.measure(plain).estimate + 100


def content(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": list(parts)}]}


@pytest.mark.parametrize(
    "part",
    [
        {"type": "file", "file": {"file_data": "https://example.com/a-thousand-pages.pdf"}},
        {"type": "video_url", "video_url": {"url": "https://example.com/an-hour.mp4"}},
        {"type": "something_new"},
    ],
)
def test_what_may_be_more_to_read_than_its_bytes_tell_is_bounded_by_the_context_window(part: dict[str, Any]) -> None:
    prompt = usage.measure(content({"type": "text", "text": "Summarize"}, part))

    assert prompt.bound(ImageTokens(), context_window=128_000) == 128_000


def test_text_and_images_are_bounded_by_what_they_are() -> None:
    prompt = usage.measure(content({"type": "text", "text": "Hi"}, {"type": "image_url", "image_url": {"url": "a"}}))

    assert 1_800 < prompt.bound(ImageTokens(), context_window=128_000) < 2_000
