"""Text from outside, made fit to be shown."""

import pytest

from openmind_llm import redaction

KEYS = [
    "om1_live_a1b2c3d4e5f6a7b8",
    "om1_test_x",
    "sk-proj-Abc_123-xyz",
    "sk-ant-api03-abcdef",
    "xai-abcdefgh12345678",
    "AIzaSyA-1234567890",
    "sk-abcd****wxyz",
    "0123456789abcdef0123456789abcdef",
]


@pytest.mark.parametrize("key", KEYS)
def test_what_could_be_a_key_is_blotted_out(key: str) -> None:
    assert redaction.without_keys(f"key '{key}' refused") == "key '[redacted]' refused"


def test_a_bearer_token_is_blotted_out_whatever_it_looks_like() -> None:
    assert redaction.without_keys("bad header: bearer x.y/z") == "bad header: [redacted]"


@pytest.mark.parametrize(
    "text", ["gpt-4o-2024-08-06", "meta-llama/llama-3.3-70b-instruct", "Qwen/Qwen3-30B-A3B-Instruct-2507", "task-based"]
)
def test_a_model_name_is_left_alone(text: str) -> None:
    assert text == redaction.shown(text)


def test_control_characters_do_not_get_through() -> None:
    assert redaction.shown("a\r\nb\x00c\x1b[31m") == "a??b?c?[31m"


def test_a_long_text_is_cut() -> None:
    assert redaction.shown("ab " * 1000, limit=10) == "ab ab ab …"


def test_a_key_at_the_border_of_the_cut_does_not_get_through() -> None:
    shown = redaction.shown("x " * 5 + KEYS[0], limit=20)

    assert "om1" not in shown
