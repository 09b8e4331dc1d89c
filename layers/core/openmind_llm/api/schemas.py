"""The contract as OpenAPI shows it. Checked against the real checks by the tests that feed both."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from openmind_llm.domain.requests import MOST_INTEGER, ROLES


class ErrorBody(BaseModel):
    """Every error."""

    error: str


class Open(BaseModel):
    """Fields beyond the named ones come through from the provider."""

    model_config = ConfigDict(extra="allow")


class Message(Open):
    """What the model says."""

    role: str
    content: str | None = None
    refusal: str | None = None
    tool_calls: list[dict[str, Any]] | None = None


class Choice(Open):
    """One of the answers."""

    index: int
    message: Message
    finish_reason: str | None
    logprobs: dict[str, Any] | None = None


class UsageCounts(Open):
    """Token usage statistics."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class ChatCompletion(Open):
    """A completion in OpenAI's form."""

    id: str
    object: str
    created: int
    model: str
    choices: list[Choice]
    usage: UsageCounts


class ModelEntry(Open):
    """A model and its facts."""

    id: str
    object: str
    created: int
    owned_by: str


class ModelList(BaseModel):
    """Models in OpenAI's list form."""

    object: str
    data: list[ModelEntry]


class Health(BaseModel):
    """The service is up."""

    status: str


def _optional(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


_PART = {"type": "object", "required": ["type"], "properties": {"type": {"type": "string"}}}
_CONTENT = {"anyOf": [{"type": "string"}, {"type": "array", "items": _PART}]}
_TOKENS = {"type": "integer", "minimum": 1, "maximum": MOST_INTEGER}
_MESSAGE = {
    "type": "object",
    "required": ["role"],
    "properties": {"role": {"type": "string", "enum": list(ROLES)}, "content": _optional(_CONTENT)},
    "if": {"properties": {"role": {"const": "assistant"}}},
    "else": {"required": ["content"], "properties": {"content": _CONTENT}},
}

CHAT_REQUEST: dict[str, Any] = {
    "type": "object",
    "title": "ChatCompletionRequest",
    "description": "OpenAI's chat completion request. Fields that are not listed pass through to the provider.",
    "required": ["model", "messages"],
    "properties": {
        "model": {
            "type": "string",
            "pattern": "^[\\x21-\\x7e]{1,200}$",
            "description": "Model identifier; must match a supported model prefix of the provider.",
        },
        "messages": {
            "type": "array",
            "minItems": 1,
            "items": _MESSAGE,
            "description": "Role and content of each turn; content is a text or a list of parts.",
        },
        "temperature": _optional({"type": "number", "minimum": 0, "maximum": 2}),
        "max_tokens": _optional(_TOKENS),
        "max_completion_tokens": _optional(_TOKENS),
        "top_p": _optional({"type": "number", "minimum": 0, "maximum": 1}),
        "stream": _optional({"type": "boolean"}) | {"description": "Server-sent events instead of one answer."},
        "stream_options": _optional({"type": "object"})
        | {"description": '`{"include_usage": true}` ends a stream with a chunk that tells its usage.'},
        "frequency_penalty": _optional({"type": "number", "minimum": -2, "maximum": 2}),
        "presence_penalty": _optional({"type": "number", "minimum": -2, "maximum": 2}),
    },
    "additionalProperties": True,
}

CHAT_EXAMPLE = {
    "model": "gpt-4o-mini",
    "messages": [{"role": "user", "content": "Hello, how are you?"}],
}

EVENTS: dict[str, Any] = {
    "type": "object",
    "title": "ServerSentEvent",
    "description": (
        "One event of a stream: `data` is a chat.completion.chunk. A whole stream ends with `data: [DONE]`; one that "
        'failed ends with `data: {"error": {"message", "type", "code"}}` and without it. '
        "Comments (lines that begin with a colon) keep the connection alive."
    ),
    "required": ["data"],
    "properties": {"data": {"type": "string"}},
}
