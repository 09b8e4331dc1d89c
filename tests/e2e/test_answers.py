"""What the client gets of the provider's answer, good or bad."""

from typing import Any

import pytest

from tests.canaries import PROVIDER_KEY
from tests.e2e.conftest import Ask
from tests.fake_upstream import SILENCE, FakeUpstream, Reply, completion, json_reply


def test_the_answer_is_the_providers(ask: Ask, upstream: FakeUpstream) -> None:
    theirs = completion(
        system_fingerprint="fp_1",
        provider="Azure",
        choices=[
            {
                "index": 0,
                "logprobs": None,
                "finish_reason": "tool_calls",
                "message": {
                    "role": "assistant",
                    "content": None,
                    "refusal": None,
                    "reasoning": "hmm",
                    "tool_calls": [
                        {"id": "call_1", "type": "function", "function": {"name": "move", "arguments": "{}"}}
                    ],
                },
            }
        ],
    )
    upstream.replies(theirs)

    answer = ask()

    assert answer.body == theirs


def test_null_fields_of_openais_schema_are_filled_in(ask: Ask) -> None:
    answer = ask()

    choice = answer.body["choices"][0]
    assert choice["logprobs"] is None
    assert choice["message"]["refusal"] is None


def test_blank_lines_before_the_body_are_no_harm(ask: Ask, upstream: FakeUpstream) -> None:
    plain = b'{"choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}]}'
    upstream.answer = lambda _: Reply(200, b"\n\n\r\n\n" + plain)

    answer = ask("deepseek", model="deepseek-chat")

    assert answer.body["choices"][0]["message"]["content"] == "Hi"


def test_an_answer_without_usage_is_estimated_and_says_so(ask: Ask, upstream: FakeUpstream) -> None:
    upstream.replies(completion(usage=None))

    answer = ask()

    assert answer.headers["x-openmind-usage"] == "estimated"
    assert all(count > 0 for count in answer.body["usage"].values())


def test_reported_zeros_are_not_taken_for_missing_usage(ask: Ask, upstream: FakeUpstream) -> None:
    zeros = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    upstream.replies(completion(usage=zeros))

    answer = ask()

    assert answer.body["usage"] == zeros
    assert "x-openmind-usage" not in answer.headers


def test_the_providers_limits_and_its_id_are_passed_on(ask: Ask, upstream: FakeUpstream) -> None:
    upstream.replies(completion(), x_ratelimit_remaining_requests="99", x_request_id="req_theirs", set_cookie="a=b")

    headers = ask().headers

    assert headers["x-openmind-provider-ratelimit-remaining-requests"] == "99"
    assert headers["x-ratelimit-remaining-requests"] != "99"
    assert headers["x-openmind-provider-request-id"] == "req_theirs"
    assert headers["x-request-id"] != "req_theirs"
    assert "set-cookie" not in headers


OPENAI = {"error": {"message": "Unknown parameter: 'x'.", "type": "invalid_request_error", "param": "x", "code": None}}
GEMINI = [{"error": {"code": 400, "message": "Unknown name", "status": "INVALID_ARGUMENT"}}]
XAI = {"code": "Client specified an invalid argument", "error": "Argument not supported"}
OPENROUTER = {
    "error": {"code": 400, "message": "No endpoints found", "metadata": {"raw": "the prompt"}},
    "user_id": "u",
}


def _says(message: str, **fields: Any) -> dict[str, Any]:
    return {"error": {"message": message, **fields}}


NO_QUOTA = _says("You exceeded your current quota, please check your plan.", code="insufficient_quota")
NO_MODEL = _says("The model does not exist", code="model_not_found")
OTHER_MODELS = _says("The supported API model names are deepseek-v4-pro")
XAI_KEY = {"code": "x", "error": f"Incorrect API key provided: {PROVIDER_KEY}"}
GEMINI_KEY = [_says("API key not valid. Please pass a valid API key.")]
FAILED = completion(choices=[{"index": 0, "message": {"role": "assistant", "content": ""}, "finish_reason": "error"}])
CLAUDE = "anthropic/claude-opus-4.1"
UNREACHABLE, UNREACHABLE_OPENAI = (f"Failed to connect to {name} server" for name in ("openrouter", "openai"))

REFUSED: list[tuple[str, str, int, Any, int, str]] = [
    # provider, model, upstream status, upstream body, our status, our text
    ("openai", "gpt-4o", 400, OPENAI, 400, "openai: Unknown parameter: 'x'."),
    ("gemini", "gemini-2.5-pro", 400, GEMINI, 400, "gemini: Unknown name"),
    ("xai", "grok-4", 400, XAI, 400, "xai: Argument not supported"),
    ("openrouter", CLAUDE, 400, OPENROUTER, 400, "openrouter: No endpoints found"),
    ("deepseek", "deepseek-chat", 422, _says("bad"), 400, "deepseek: bad"),
    ("openai", "gpt-4o", 401, _says(f"Incorrect API key: {PROVIDER_KEY}"), 503, "openai API key not configured"),
    ("openai", "gpt-4o", 403, _says("no"), 503, "openai API key not configured"),
    ("xai", "grok-4", 400, XAI_KEY, 503, "xai API key not configured"),
    ("gemini", "gemini-2.5-pro", 400, GEMINI_KEY, 503, "gemini API key not configured"),
    ("deepseek", "deepseek-chat", 402, _says("Insufficient Balance"), 503, "deepseek account is out of credit"),
    ("openai", "gpt-4o", 429, NO_QUOTA, 503, "openai account is out of credit"),
    ("openai", "gpt-4o", 404, NO_MODEL, 503, "openai does not serve this model at present"),
    ("deepseek", "deepseek-chat", 400, OTHER_MODELS, 503, "deepseek does not serve this model at present"),
    ("openai", "gpt-4o", 500, _says("boom"), 503, "Failed to connect to openai server"),
    ("openai", "gpt-4o", 502, "<html>Bad gateway</html>", 503, "Failed to connect to openai server"),
    ("openai", "gpt-4o", 503, None, 503, "Failed to connect to openai server"),
    ("nearai", "qwen-2.5-7b-instruct", 504, _says("x"), 503, "Failed to connect to nearai server"),
    ("openai", "gpt-4o", 302, None, 503, "Failed to connect to openai server"),
    ("openrouter", CLAUDE, 200, _says("Provider error", code=502), 503, "Failed to connect to openrouter server"),
    ("openrouter", CLAUDE, 200, _says("bad input", code=400), 400, "openrouter: bad input"),
    ("openrouter", CLAUDE, 200, FAILED, 503, "Failed to connect to openrouter server"),
    ("openrouter", CLAUDE, 200, completion(choices=[{"error": {"code": 502}, "message": {}}]), 503, UNREACHABLE),
    ("openai", "gpt-4o", 200, completion(choices=[{"index": 0, "finish_reason": "stop"}]), 503, UNREACHABLE_OPENAI),
    ("openai", "gpt-4o", 400, NO_MODEL, 503, "openai does not serve this model at present"),
    ("openai", "gpt-4o", 429, _says("No.", code="insufficient_quota"), 503, "openai account is out of credit"),
    (
        "openrouter",
        CLAUDE,
        400,
        _says("x is not a valid model ID"),
        503,
        "openrouter does not serve this model at present",
    ),
    ("openai", "gpt-4o", 200, completion(choices=[]), 503, "Failed to connect to openai server"),
    ("openai", "gpt-4o", 200, completion(choices=None), 503, "Failed to connect to openai server"),
    ("openai", "gpt-4o", 200, [], 503, "Failed to connect to openai server"),
    ("openai", "gpt-4o", 200, "not json", 503, "Failed to connect to openai server"),
    ("openai", "gpt-4o", 200, None, 503, "Failed to connect to openai server"),
]


@pytest.mark.parametrize(("provider", "model", "status", "body", "ours", "text"), REFUSED)
def test_a_providers_error_becomes_ours(
    ask: Ask, upstream: FakeUpstream, provider: str, model: str, status: int, body: Any, ours: int, text: str
) -> None:
    if isinstance(body, str) or body is None:
        upstream.answer = lambda _: Reply(status, (body or "").encode(), {"content-type": "text/html"})
    else:
        upstream.replies(body, status)

    answer = ask(provider, model=model)

    assert (answer.status, answer.error) == (ours, text)


def test_a_model_that_only_the_client_named_is_404_when_the_provider_has_it_not(
    ask: Ask, upstream: FakeUpstream
) -> None:
    upstream.replies({"error": {"message": "The model does not exist"}}, 404)

    answer = ask(model="gpt-4o-made-up")

    assert answer.status == 404
    assert answer.error.startswith("unsupported model: gpt-4o-made-up. Supported model prefixes for openai: [")


RETRY_INFO = [{"error": {"message": "slow down", "details": [{"@type": "RetryInfo", "retryDelay": "16.2s"}]}}]

PATIENCE: list[tuple[str, str, Any, dict[str, str], str]] = [
    ("openai", "gpt-4o", {"error": {"message": "Rate limit reached"}}, {"retry_after": "7"}, "7"),
    ("openai", "gpt-4o", {"error": {"message": "Rate limit reached"}}, {"retry_after_ms": "1500"}, "2"),
    ("gemini", "gemini-2.5-pro", RETRY_INFO, {}, "17"),
    ("xai", "grok-4", {"error": "Too many requests"}, {}, "2"),
    ("nearai", "qwen-2.5-7b-instruct", {"error": {"message": "x"}}, {"retry_after": "not a time"}, "2"),
    ("openrouter", CLAUDE, {"error": {"code": 402, "message": "in flight"}}, {"retry_after": "3"}, "3"),
    ("openai", "gpt-4o", {"error": {"message": "x"}}, {"retry_after": "Wed, 21 Oct 2015 07:28:00 GMT"}, "1"),
]


@pytest.mark.parametrize(("provider", "model", "body", "headers", "wait"), PATIENCE)
def test_a_providers_429_stays_429_and_says_how_long_to_wait(
    ask: Ask, upstream: FakeUpstream, provider: str, model: str, body: Any, headers: dict[str, str], wait: str
) -> None:
    upstream.replies(body, 402 if "in flight" in str(body) else 429, **headers)

    answer = ask(provider, model=model)

    assert (answer.status, answer.error) == (429, f"{provider} rate limit reached")
    assert answer.headers["retry-after"] == wait
    is_used_up = answer.headers["x-openmind-attempts"] == "4"
    assert answer.headers.get("x-should-retry") == ("false" if is_used_up else None)


def test_a_refusal_passes_the_providers_limits_and_its_id_on(ask: Ask, upstream: FakeUpstream) -> None:
    limits = {"x_ratelimit_remaining_requests": "0", "x_ratelimit_reset_requests": "6m0s", "x_request_id": "req_theirs"}
    upstream.replies(_says("Rate limit reached"), 429, set_cookie="a=b", **limits)

    headers = ask().headers

    assert headers["x-openmind-provider-ratelimit-reset-requests"] == "6m0s"
    assert headers["x-ratelimit-reset-requests"] != "6m0s"
    assert headers["x-openmind-provider-request-id"] == "req_theirs"
    assert "set-cookie" not in headers


def test_a_provider_that_says_nothing_is_given_up_in_time(ask: Ask, upstream: FakeUpstream) -> None:
    upstream.answer = lambda _: SILENCE

    answer = ask()

    assert (answer.status, answer.error) == (503, "Failed to connect to openai server")


def test_what_cannot_heal_is_not_to_be_retried(ask: Ask, upstream: FakeUpstream) -> None:
    upstream.replies({"error": {"message": "no"}}, 401)

    refused, unknown, wrong = ask(), ask("invalid"), ask(raw=b"{")

    assert {a.headers["x-should-retry"] for a in (refused, unknown, wrong)} == {"false"}


@pytest.mark.parametrize("stream", [False, True])
def test_a_provider_key_of_no_known_shape_is_blotted_too(ask: Ask, upstream: FakeUpstream, stream: bool) -> None:
    """Whatever the provider got as its key: here it quotes it without its beginning, by which it could be known."""
    upstream.answer = lambda request: json_reply(_says(f"Bad: {request.headers['authorization'].split()[1]}"), 400)

    answer = ask(stream=stream)

    assert answer.error == "openai: Bad: [redacted]"


def test_an_error_text_that_quotes_a_key_is_blotted(ask: Ask, upstream: FakeUpstream) -> None:
    upstream.replies({"error": {"message": f"bad header Bearer {PROVIDER_KEY}"}}, 400)

    answer = ask()

    assert answer.error == "openai: bad header [redacted]"
