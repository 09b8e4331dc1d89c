"""What sets each provider's wire form apart from OpenAI's, as data.

Sources: the public documentation of the providers and the libraries that serve them, late 2026.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

ANY_VALUE: Final = object()
"""In a rule: the field is refused whatever it holds."""

_NO_MODEL = r"(?!)"
OPENAI_ALWAYS_REASONS = r"^(o\d|gpt-5(?!\.|-chat))"
OPENAI_MAY_REASON = r"^gpt-5\.\d(?!.*-chat)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Fields that a provider refuses, and its words for it; `{field}` and `{value}` are filled in.

    `models` is searched in the model's name. `only` is the one value that is accepted after all.
    `while_reasoning` limits the rule to requests whose `reasoning_effort` is other than "none".
    """

    fields: tuple[str, ...]
    text: str
    code: str | None = None
    models: str = ""
    only: object = ANY_VALUE
    while_reasoning: bool = False

    def refuses(self, name: str, body: Mapping[str, Any]) -> bool:
        if body.get(name) is None or not re.search(self.models, body["model"]):
            return False
        if self.while_reasoning and body.get("reasoning_effort") in (None, "none"):
            return False
        return self.only is ANY_VALUE or body[name] != self.only


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """One provider.

    `known_fields` are all it accepts, where it refuses the others. `reasons` finds the models that think unless told
    not to, `may_reason` those that think when told to, `signs_calls` those that sign a tool call with their thoughts.
    `cap_covers_reasoning`: a cap on the output counts the tokens of thinking too.
    In a stream: `usage_in_stream` on request in a last chunk, always in a last chunk, or cumulative on every chunk;
    `null_usage` on the others; `has_whole_calls` sends a tool call in one piece; `pads_chunks` to hide their length.
    """

    name: str
    id_form: str
    usage_in_stream: Literal["asked", "always", "every_chunk"] = "asked"
    known_fields: frozenset[str] | None = None
    unknown_field: str = ""
    rules: tuple[Rule, ...] = ()
    refused_message_fields: frozenset[str] = frozenset()
    response_formats: frozenset[str] = frozenset({"text", "json_object", "json_schema"})
    json_word: str = ""
    reasons: str = _NO_MODEL
    may_reason: str = _NO_MODEL
    reasoning_field: str | None = None
    signs_calls: str = _NO_MODEL
    has_whole_calls: bool = False
    has_role_on_every_delta: bool = False
    null_usage: bool = False
    pads_chunks: bool = False
    cap_covers_reasoning: bool = True
    checks_consistency: bool = False
    max_choices: int = 128
    default_retry_s: int | None = None
    body_prefix: bytes = b""
    stream_comment: bytes = b""
    envelope: Mapping[str, Any] = field(default_factory=dict)
    choice_nulls: Mapping[str, Any] = field(default_factory=lambda: {"logprobs": None})
    message_nulls: Mapping[str, Any] = field(default_factory=lambda: {"refusal": None})
    headers: Mapping[str, str] = field(default_factory=dict)


_OPENAI_FIELDS = frozenset(
    [
        "audio",
        "frequency_penalty",
        "logit_bias",
        "logprobs",
        "max_completion_tokens",
        "max_tokens",
        "messages",
        "metadata",
        "modalities",
        "model",
        "moderation",
        "n",
        "parallel_tool_calls",
        "prediction",
        "presence_penalty",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "reasoning_effort",
        "response_format",
        "safety_identifier",
        "seed",
        "service_tier",
        "stop",
        "store",
        "stream",
        "stream_options",
        "temperature",
        "tool_choice",
        "tools",
        "top_logprobs",
        "top_p",
        "user",
        "verbosity",
        "web_search_options",
    ]
)

_GEMINI_FIELDS = frozenset(
    [
        "extra_body",
        "logprobs",
        "max_completion_tokens",
        "max_tokens",
        "messages",
        "model",
        "n",
        "parallel_tool_calls",
        "reasoning_effort",
        "response_format",
        "stop",
        "stream",
        "stream_options",
        "temperature",
        "tool_choice",
        "tools",
        "top_logprobs",
        "top_p",
        "user",
    ]
)

_SAMPLING = ("top_p", "presence_penalty", "frequency_penalty", "logit_bias", "logprobs", "top_logprobs")

_OPENAI_RULES = (
    Rule(
        fields=("max_tokens",),
        models=f"{OPENAI_ALWAYS_REASONS}|{OPENAI_MAY_REASON}",
        text="Unsupported parameter: '{field}' is not supported with this model. Use 'max_completion_tokens' instead.",
        code="unsupported_parameter",
    ),
    Rule(
        fields=(*_SAMPLING, "stop"),
        models=OPENAI_ALWAYS_REASONS,
        text="Unsupported parameter: '{field}' is not supported with this model.",
        code="unsupported_parameter",
    ),
    Rule(
        fields=("temperature",),
        models=OPENAI_ALWAYS_REASONS,
        only=1,
        text="Unsupported value: '{field}' does not support {value} with this model. "
        "Only the default (1) value is supported.",
        code="unsupported_value",
    ),
    Rule(
        fields=(*_SAMPLING, "temperature"),
        models=OPENAI_MAY_REASON,
        while_reasoning=True,
        text="Unsupported parameter: '{field}' is not supported with this model.",
        code="unsupported_parameter",
    ),
)

OPENAI = Quirks(
    name="openai",
    id_form="chatcmpl-{digest:.29}",
    known_fields=_OPENAI_FIELDS,
    unknown_field="Unknown parameter: '{field}'.",
    rules=_OPENAI_RULES,
    json_word="'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
    reasons=OPENAI_ALWAYS_REASONS,
    may_reason=OPENAI_MAY_REASON,
    envelope={"service_tier": "default", "system_fingerprint": "fp_simulated"},
    message_nulls={"refusal": None, "annotations": []},
    checks_consistency=True,
    null_usage=True,
    pads_chunks=True,
    headers={
        "openai-version": "2020-10-01",
        "openai-organization": "simulated",
        "openai-processing-ms": "20",
        "x-ratelimit-limit-requests": "10000",
        "x-ratelimit-remaining-requests": "9999",
        "x-ratelimit-reset-requests": "6ms",
        "x-ratelimit-limit-tokens": "2000000",
        "x-ratelimit-remaining-tokens": "1999000",
        "x-ratelimit-reset-tokens": "20ms",
    },
)

DEEPSEEK = Quirks(
    name="deepseek",
    id_form="{digest:.8}-{digest:.4}-4{digest:.3}-8{digest:.3}-{digest:.12}",
    rules=(
        Rule(
            fields=("max_completion_tokens",),
            text="{field} is not supported. Use max_tokens instead.",
        ),
    ),
    response_formats=frozenset({"text", "json_object"}),
    json_word="Prompt must contain the word 'json' in some form to use 'response_format' of type 'json_object'.",
    reasons=r"^deepseek-(v4|flash|reasoner)",
    reasoning_field="reasoning_content",
    body_prefix=b"\n\n\n\n",
    stream_comment=b": keep-alive\n\n",
    envelope={"system_fingerprint": "fp_simulated"},
)

GEMINI = Quirks(
    name="gemini",
    id_form="{digest:.22}",
    usage_in_stream="every_chunk",
    known_fields=_GEMINI_FIELDS,
    unknown_field='Invalid JSON payload received. Unknown name "{field}": Cannot find field.',
    reasons=r"gemini-(2\.5-(pro|flash(?!-lite))|[3-9])",
    signs_calls=r"gemini-3",
    has_whole_calls=True,
    has_role_on_every_delta=True,
    max_choices=8,
    default_retry_s=2,
    choice_nulls={},
    message_nulls={},
)

XAI = Quirks(
    name="xai",
    id_form="{digest:.8}-{digest:.4}-4{digest:.3}-8{digest:.3}-{digest:.12}",
    rules=(
        Rule(
            fields=("presence_penalty",),
            text="Argument not supported on this model: presencePenalty",
        ),
        Rule(
            fields=("frequency_penalty",),
            text="Argument not supported on this model: frequencyPenalty",
        ),
        Rule(fields=("stop",), text="Argument not supported on this model: stop"),
    ),
    refused_message_fields=frozenset({"name"}),
    reasons=r"^grok-([4-9]|3-mini)",
    cap_covers_reasoning=False,
    envelope={"system_fingerprint": "fp_simulated"},
)

NEARAI = Quirks(
    name="nearai",
    id_form="chatcmpl-{digest:.32}",
    default_retry_s=2,
)

OPENROUTER = Quirks(
    name="openrouter",
    id_form="gen-{digest:.30}",
    usage_in_stream="always",
    stream_comment=b": OPENROUTER PROCESSING\n\n",
    envelope={"provider": "Simulator"},
    message_nulls={"refusal": None, "reasoning": None},
)

PROVIDERS = {row.name: row for row in (OPENAI, DEEPSEEK, GEMINI, XAI, NEARAI, OPENROUTER)}
