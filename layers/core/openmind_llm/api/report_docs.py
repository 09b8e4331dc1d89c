"""The reports as OpenAPI shows them."""

from typing import Annotated, Any

from fastapi import Path
from pydantic import BaseModel

from openmind_llm.api import openapi, schemas
from openmind_llm.api.account_docs import KeyLimits
from openmind_llm.domain.reports.query import DEFAULT_LIMIT, FORMATS, GROUPS, MOST_LIMIT

type RequestId = Annotated[str, Path(description="The x-request-id of the request's answer")]


class Tokens(BaseModel):
    """In classes that do not overlap."""

    input_tokens: int
    cached_input_tokens: int
    cache_write_tokens: int
    output_tokens: int
    reasoning_tokens: int


class UsageSums(Tokens):
    """`estimated` of the requests have usage that no provider reported. OMCU as exact decimal text."""

    requests: int
    estimated: int
    charge_omcu: str


class UsageLine(UsageSums):
    """The sums of one group."""

    day: str | None = None
    key: str | None = None
    model: str | None = None
    provider: str | None = None


class UsagePage(BaseModel):
    """Usage by group; `totals` are the whole report's."""

    object: str
    from_: str
    to: str
    group_by: list[str]
    data: list[UsageLine]
    totals: UsageSums
    next_cursor: str | None

    model_config = {"alias_generator": lambda name: name.rstrip("_")}


class BudgetRemaining(BaseModel):
    """Of this UTC day and month; null without a budget."""

    day_omcu: str | None
    month_omcu: str | None


class KeyUsage(BaseModel):
    """Of this UTC day and month."""

    today: UsageSums
    this_month: UsageSums


class OwnKey(BaseModel):
    """The key that asks. Empty lists allow all."""

    object: str
    id: str
    name: str
    prefix: str
    created_at: str
    expires_at: str | None
    allowed_models: list[str]
    allowed_providers: list[str]
    cache_max_age_seconds: int | None
    plan: str
    limits: KeyLimits
    plan_limits: KeyLimits
    credit_remaining_omcu: str
    budget_remaining: BudgetRemaining
    usage: KeyUsage


class Latency(BaseModel):
    """Milliseconds from the request's start to the first byte of its answer, and to its end."""

    first_ms: int | None
    duration_ms: int


class RequestRow(BaseModel):
    """One request. What is known only at its end is null while it is `held`.

    Provider and model are those that answered; `fallback_of` is who was asked, where that was another.
    """

    id: str
    object: str
    state: str
    key_id: str
    provider: str
    model: str
    upstream_model: str
    fallback_of: str | None
    price_version: str
    is_stream: bool
    max_tokens: int
    started_at: str
    hold_omcu: str
    settled_at: str | None
    charge_omcu: str | None
    outcome: str | None
    usage: Tokens | None
    usage_is_exact: bool | None
    estimate_reason: str | None
    latency: Latency | None
    attempts: int | None


class PriceQuoted(BaseModel):
    """By token class, in micro-OMCU per token: the same number as OMCU per million tokens."""

    version: str
    micro_omcu_per_token: dict[str, int]


class Assumed(BaseModel):
    """What the hold covers."""

    input_tokens: int
    output_tokens: int


class Refused(BaseModel):
    """What a completion would be answered."""

    status: int
    error: str


class QuoteBody(BaseModel):
    """What would be put aside for the request, which is the most that it can cost."""

    object: str
    provider: str
    model: str
    upstream_model: str
    is_exact: bool
    adjusted: list[str]
    price: PriceQuoted
    assumes: Assumed
    max_tokens: int
    hold_omcu: str
    max_cost_omcu: str
    credit_remaining_omcu: str
    would_be_admitted: bool
    refusal: Refused | None


def _parameter(name: str, description: str, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


_UNAVAILABLE: dict[int | str, dict[str, Any]] = {503: openapi.refusal("The ledger cannot be read at the moment")}
_BAD_QUERY: dict[int | str, dict[str, Any]] = {400: openapi.refusal("A parameter is not valid: the text names it")}
_NO_REQUEST: dict[int | str, dict[str, Any]] = {404: openapi.refusal("No such request")}

KEY_OPERATION: dict[str, Any] = {"response_model": OwnKey, "responses": openapi.REFUSALS | _UNAVAILABLE}

_GROUPS: dict[str, Any] = {
    "type": "array",
    "items": {"type": "string", "enum": list(GROUPS)},
    "minItems": 1,
    "uniqueItems": True,
    "default": ["day"],
}

USAGE_OPERATION: dict[str, Any] = {
    "response_model": UsagePage,
    "responses": openapi.REFUSALS | _BAD_QUERY | openapi.NO_USER | _UNAVAILABLE,
    "openapi_extra": {
        "parameters": [
            _parameter("from", "First day, of UTC; 30 days up to `to` if absent", type="string", format="date"),
            _parameter("to", "Last day, included; today if absent. 366 days at most", type="string", format="date"),
            _parameter("group_by", "Which sums, separated by commas", **_GROUPS) | {"style": "form", "explode": False},
            _parameter("format", "What the answer is written in", type="string", enum=list(FORMATS), default="json"),
            _parameter(
                "limit",
                f"Lines of a page; {DEFAULT_LIMIT} if absent",
                type="integer",
                minimum=1,
                maximum=MOST_LIMIT,
                default=DEFAULT_LIMIT,
            ),
            _parameter("cursor", "`next_cursor` of the page before", type="string", minLength=1),
        ],
        "responses": {"200": {"content": {"text/csv": {"schema": {"type": "string"}}}}},
    },
}

REQUEST_OPERATION: dict[str, Any] = {
    "response_model": RequestRow,
    "responses": openapi.REFUSALS | _NO_REQUEST | _UNAVAILABLE,
}

QUOTE_OPERATION: dict[str, Any] = {
    "response_model": QuoteBody,
    "responses": openapi.REFUSALS | openapi.NOT_FOUND | openapi.QUOTE_REFUSALS,
    "openapi_extra": {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": schemas.CHAT_REQUEST, "example": schemas.CHAT_EXAMPLE}},
        },
    },
}
