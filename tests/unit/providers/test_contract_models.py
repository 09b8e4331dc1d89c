"""The models that the contract and its clients name, and the prices that are documented for them."""

import pytest

from openmind_llm.providers import table

CATALOGUE = table.load()

CONTRACT = {
    "openai": ["gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-4.1-mini", "gpt-4.1-nano", "gpt-5", "gpt-5-mini", "gpt-5-nano"],
    "deepseek": ["deepseek-chat"],
    "gemini": ["gemini-3-pro", "gemini-3-flash", "gemini-2.5-flash", "gemini-2.5-flash-lite", "gemini-2.5-pro"],
    "xai": ["grok-2-latest", "grok-3-beta", "grok-4-latest", "grok-4"],
    "nearai": ["qwen3-30b-a3b-instruct-2507", "qwen2.5-vl-72b-instruct", "qwen-2.5-7b-instruct"],
    "openrouter": [
        "meta-llama/llama-3.1-70b-instruct",
        "meta-llama/llama-3.3-70b-instruct",
        "anthropic/claude-sonnet-4.5",
        "anthropic/claude-opus-4.1",
    ],
}

SENT_BY_ROBOTS = {
    "openai": ["gpt-5.1", "gpt-5.2", "gpt-4"],
    "gemini": [
        "gemini-2.0-flash-exp",
        "gemini-3.5-flash",
        "gemini-3.1-pro-preview",
        "gemini-3.1-flash-lite",
        "gemini-3-pro-preview",
        "gemini-3-flash-preview",
    ],
    "nearai": [
        "Qwen/Qwen3-30B-A3B-Instruct-2507",
        "deepseek-ai/DeepSeek-V3.1",
        "openai/gpt-oss-120b",
        "openai/gpt-5.2",
        "zai-org/GLM-4.7",
        "anthropic/claude-sonnet-4-5",
        "google/gemini-3-pro",
        "qwen2.5-7b-instruct",
    ],
    "openrouter": [
        "anthropic/claude-opus-4.5",
        "anthropic/claude-haiku-4.5",
        "moonshotai/kimi-k2.5",
        "minimax/minimax-m2.1",
        "z-ai/glm-4.7",
        "x-ai/grok-4-fast",
        "deepseek/deepseek-v3.2",
    ],
}

DOCUMENTED_OMCU = [
    # provider, model, OMCU per million tokens of input, of output
    ("openai", "gpt-4o", 42_500, 170_000),
    ("openai", "gpt-4o-mini", 7_000, 28_000),
    ("openai", "gpt-4.1", 35_000, 140_000),
    ("openai", "gpt-4.1-mini", 7_000, 28_000),
    ("openai", "gpt-4.1-nano", 2_000, 8_000),
    ("openai", "gpt-5", 25_000, 200_000),
    ("openai", "gpt-5-mini", 4_500, 36_000),
    ("openai", "gpt-5-nano", 500, 4_000),
    ("openai", "gpt-5.1", 25_000, 200_000),
    ("openai", "gpt-5.2", 35_000, 280_000),
    ("gemini", "gemini-2.5-flash", 3_000, 25_000),
    ("gemini", "gemini-2.5-flash-lite", 1_000, 4_000),
    ("gemini", "gemini-2.5-pro", 25_000, 150_000),
    ("gemini", "gemini-3-pro", 40_000, 180_000),
    ("gemini", "gemini-3-flash", 10_000, 30_000),
    ("deepseek", "deepseek-chat", 1_400, 2_800),
    ("xai", "grok-2-latest", 20_000, 100_000),
    ("xai", "grok-3-beta", 30_000, 150_000),
    ("xai", "grok-4-latest", 30_000, 150_000),
    ("xai", "grok-4", 30_000, 150_000),
    ("nearai", "Qwen/Qwen3-30B-A3B-Instruct-2507", 1_500, 5_500),
    ("nearai", "deepseek-ai/DeepSeek-V3.1", 10_500, 31_000),
    ("nearai", "openai/gpt-oss-120b", 1_500, 5_500),
    ("nearai", "openai/gpt-5.2", 18_000, 155_000),
    ("nearai", "zai-org/GLM-4.7", 8_500, 33_000),
    ("nearai", "anthropic/claude-sonnet-4-5", 30_000, 155_000),
    ("nearai", "google/gemini-3-pro", 12_500, 150_000),
    ("openrouter", "deepseek/deepseek-v3.2", 2_500, 3_800),
    ("openrouter", "anthropic/claude-sonnet-4.5", 30_000, 150_000),
    ("openrouter", "anthropic/claude-opus-4.5", 50_000, 250_000),
    ("openrouter", "anthropic/claude-haiku-4.5", 10_000, 50_000),
    ("openrouter", "moonshotai/kimi-k2.5", 4_500, 25_000),
    ("openrouter", "minimax/minimax-m2.1", 2_700, 9_500),
    ("openrouter", "z-ai/glm-4.7", 4_000, 15_000),
    ("openrouter", "x-ai/grok-4-fast", 2_000, 5_000),
    ("openrouter", "meta-llama/llama-3.3-70b-instruct", 9_000, 9_000),
]


@pytest.mark.parametrize("provider", CONTRACT)
def test_the_prefixes_are_the_contracts(provider: str) -> None:
    """The contract's 404 text lists them."""
    assert sorted(CATALOGUE.prefixes(provider)) == sorted(CONTRACT[provider])


@pytest.mark.parametrize(
    ("provider", "model"), [(provider, model) for provider, models in SENT_BY_ROBOTS.items() for model in models]
)
def test_a_model_that_robots_send_has_a_price_of_its_own(provider: str, model: str) -> None:
    assert CATALOGUE.resolve(provider, model, "2026-11-23").is_exact


@pytest.mark.parametrize(("provider", "model", "input_price", "output_price"), DOCUMENTED_OMCU)
def test_a_documented_price_holds(provider: str, model: str, input_price: int, output_price: int) -> None:
    price = CATALOGUE.resolve(provider, model, "2026-11-23").price

    assert (price.omcu, price.omcu_basis) == ({"input": input_price, "output": output_price}, "documented")
