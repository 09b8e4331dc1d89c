"""The account API as OpenAPI shows it."""

from typing import Any

from pydantic import BaseModel

from openmind_llm.api import openapi
from openmind_llm.domain.accounts import MAX_OVERLAP_S
from openmind_llm.domain.cache_control import MOST_AGE_S
from openmind_llm.domain.key_settings import MAX_ALLOWED, MAX_COUNT, MAX_NAME
from openmind_llm.domain.owners import OVERLAP_S


class KeyLimits(BaseModel):
    """Of a key or a plan; null is no limit. Budgets are in OMCU, as exact decimal text."""

    requests_per_second: int | None
    burst: int | None
    tokens_per_minute: int | None
    concurrency: int | None
    day_budget_omcu: str | None
    month_budget_omcu: str | None


class Key(BaseModel):
    """What is known of a key; `total_cost` is in whole OMCU, rounded down."""

    id: str
    user_id: str
    name: str
    prefix: str
    total_cost: int
    deleted: bool
    created_at: str
    updated_at: str
    total_cost_micro_omcu: int
    expires_at: str | None
    allowed_models: list[str]
    allowed_providers: list[str]
    cache_max_age_seconds: int | None
    limits: KeyLimits


class KeyList(BaseModel):
    """Keys that are not deleted, oldest first."""

    api_keys: list[Key]


class CreatedKey(BaseModel):
    """The whole key, which is shown this once."""

    message: str
    api_key: str
    api_key_info: Key


class UpdatedKey(BaseModel):
    """The key as it is now."""

    message: str
    api_key_info: Key


class Done(BaseModel):
    """It is done."""

    message: str


class Balance(BaseModel):
    """Credit in whole OMCU, rounded down, and in exact micro-OMCU: the month's allowance and what was bought."""

    plan: str
    omcu_balance: int
    monthly_unused_omcu: int
    monthly_total_omcu: int
    current_period_end: str | None
    cancel_at_period_end: bool
    omcu_balance_micro: int


def _optional(schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}], "description": description}


def _object(title: str, properties: dict[str, Any], *required: str) -> dict[str, Any]:
    schema = {"type": "object", "title": title, "properties": properties, "additionalProperties": False}
    return schema | ({"required": list(required)} if required else {})


_COUNT = {"type": "integer", "minimum": 1, "maximum": MAX_COUNT}
_OMCU = {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": "^[0-9]+([.][0-9]{1,6})?$"}]}
_NAMES = {"type": "array", "maxItems": MAX_ALLOWED, "items": {"type": "string"}}

_SETTINGS = {
    "name": _optional({"type": "string", "minLength": 1, "maxLength": MAX_NAME}, "What the key is for."),
    "expires_at": _optional({"type": "string", "format": "date-time"}, "From when on the key is refused."),
    "allowed_models": _optional(_NAMES, "Names with or without `provider/` before them; empty for all."),
    "allowed_providers": _optional(_NAMES, "Empty for all."),
    "cache_max_age_seconds": _optional(
        {"type": "integer", "minimum": 1, "maximum": MOST_AGE_S},
        "How old an answer may be that is given again to the same request, where its `Cache-Control` does not say.",
    ),
    "day_budget_omcu": _optional(_OMCU, "What the key may spend in a day (UTC)."),
    "month_budget_omcu": _optional(_OMCU, "What the key may spend in a month of the calendar (UTC)."),
    "requests_per_second": _optional(_COUNT, "How many requests come back each second."),
    "burst": _optional(_COUNT, "Requests at once after a pause; as many as come back in a second if it is not set."),
    "tokens_per_minute": _optional(_COUNT, "Of prompts and answers."),
    "concurrency": _optional(_COUNT, "Requests that may be open at once."),
}
_ID = {"type": "string", "minLength": 1, "description": "The key's id."}
_OVERLAP = {
    "type": "integer",
    "minimum": 0,
    "maximum": MAX_OVERLAP_S,
    "default": OVERLAP_S,
    "description": "How long the old secret stays good.",
}

_CREATION = _object("KeyCreation", {**_SETTINGS, "mode": _optional({"enum": ["live", "test"]}, "Part of the key.")})
_UPDATE = _object("KeyUpdate", {"id": _ID, **_SETTINGS}, "id")
_ROTATION = _object("KeyRotation", {"id": _ID, "overlap_seconds": _OVERLAP}, "id")
_DELETION = _object("KeyDeletion", {"id": _ID}, "id") | {"additionalProperties": True}

_REFUSALS: dict[int | str, dict[str, Any]] = {
    401: openapi.refusal("The login is missing or not valid"),
    405: openapi.refusal("The path does not know this method"),
    500: openapi.refusal("The store of keys and accounts failed"),
    503: openapi.refusal("Logins cannot be checked at the moment"),
}

_BAD_FIELD: dict[int | str, dict[str, Any]] = {
    400: openapi.refusal("The body, or a field of it, is not what it should be: the text names it"),
    413: openapi.refusal("The body is larger than 64 KB"),
}
_NO_KEY: dict[int | str, dict[str, Any]] = {404: openapi.refusal("You have no such key")}


def _operation(model: Any, refusals: dict[int | str, dict[str, Any]], body: Any = None) -> dict[str, Any]:
    request = {"required": bool(body and "id" in body["properties"]), "content": {"application/json": {"schema": body}}}
    return {
        "response_model": model,
        "responses": _REFUSALS | refusals,
        "openapi_extra": {} if body is None else {"requestBody": request},
    }


LIST_KEYS_OPERATION = _operation(KeyList, {})
BALANCE_OPERATION = _operation(Balance, openapi.NO_USER)
CREATE_KEY_OPERATION = _operation(
    CreatedKey,
    _BAD_FIELD | openapi.NO_USER | {403: openapi.refusal("The plan allows no more keys")},
    _CREATION,
)
UPDATE_KEY_OPERATION = _operation(UpdatedKey, _BAD_FIELD | _NO_KEY, _UPDATE)
ROTATE_KEY_OPERATION = _operation(CreatedKey, _BAD_FIELD | _NO_KEY, _ROTATION)
DELETE_KEY_OPERATION = _operation(Done, _BAD_FIELD | _NO_KEY, _DELETION)
