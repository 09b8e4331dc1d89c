"""The routes that tell callers about themselves, through the whole application but for its adapters."""

import asyncio
import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmind_llm.api import app
from openmind_llm.api.asgi import Receive, Scope, Send
from openmind_llm.api.middleware import Door, Outermost, RequireKey
from openmind_llm.api.quotes import QuotesEndpoint
from openmind_llm.api.reports import Reports, router
from openmind_llm.domain.accounts import Accounts
from openmind_llm.domain.key_settings import KeyRules
from openmind_llm.domain.keys import Caller
from openmind_llm.domain.ledger.rows import ROLLUP_COUNTERS, RollupKey
from openmind_llm.domain.owners import Owners
from openmind_llm.domain.plans import Limits
from openmind_llm.domain.quotes import Quotes
from openmind_llm.domain.reports.own_key import OwnKeys
from openmind_llm.domain.reports.usage import UsageReports
from openmind_llm.errors import AuthenticationError, UserNotFoundError
from openmind_llm.providers import dialect
from tests.memory_ledger import MemoryLedgerStore, new_key
from tests.memory_reports import MemoryReports
from tests.spending import CATALOGUE, PLANS, Spending, an_id, two_accounts

ACCOUNTS = {"key-1": "account-1", "key-2": "account-1", "key-3": "account-2"}
CALLERS = {key_id: Caller(key_id, account_id) for key_id, account_id in ACCOUNTS.items()}
LOGIN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln"
NEWCOMER = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJiIn0.c2ln"
QUOTE = "/api/core/openai/chat/completions/quote"
BODY = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello!"}]}


def authenticate(key: str) -> Caller:
    """A key reads like its id."""
    if key not in CALLERS:
        raise AuthenticationError
    return CALLERS[key]


def user(login: str) -> str:
    """A login reads like the first of its users."""
    if login not in {LOGIN, NEWCOMER}:
        raise UserNotFoundError
    return "account-1" if login == LOGIN else "newcomer"


async def no_completions(scope: Scope, receive: Receive, send: Send) -> None:
    raise AssertionError("nothing is sent")


@dataclass
class Service:
    """Asks with key-1 unless told otherwise."""

    store: MemoryLedgerStore = field(default_factory=two_accounts)
    user: Callable[[str], str] | None = None

    def get(self, path: str, key: str | None = "key-1", **query: str) -> httpx.Response:
        return self.ask("GET", path, key, params=query)

    def ask(self, method: str, path: str, key: str | None = "key-1", **more: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        more["headers"] = headers | more.pop("headers", {})

        async def asked() -> httpx.Response:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(self._served), base_url="http://x") as client:
                return await client.request(method, path, **more)

        return asyncio.run(asked())

    def quote(self, key: str | None = "key-1", path: str = QUOTE, **fields: Any) -> httpx.Response:
        return self.ask("POST", path, key, json=BODY | fields)

    @cached_property
    def _served(self) -> Any:
        spending = Spending(self.store)
        stored, ledger, clock = MemoryReports(self.store), spending.ledger, spending.clock
        accounts = Accounts(self.store, PLANS, lambda: b"pepper", clock)
        owners = Owners(accounts, KeyRules(["openai"], clock), "")
        reports = Reports(
            OwnKeys(ledger, stored, clock),
            UsageReports(stored, lambda: b"pepper"),
            QuotesEndpoint(Quotes(CATALOGUE, ledger, dialect.adjust, clock), 10_000),
            lambda: datetime.fromtimestamp(clock(), UTC).date(),
            lambda user: owners.account(user)[0].account.account_id,
        )
        served = app.create(CATALOGUE, no_completions, owners, router(reports))
        return Outermost(RequireKey(served, Door(authenticate, ledger.standing, self.user)), clock)


def used() -> Service:
    """By each of the three keys, on three days."""
    service = Service()
    for key_id, caller in CALLERS.items():
        for days in (-2, -1, 0):
            Spending(service.store).on(days).sent(key_id, caller.account_id)
    return service


ROUTES = [
    ("GET", "/api/core/key"),
    ("GET", "/api/core/usage"),
    ("GET", f"/api/core/usage/{an_id()}"),
    ("POST", QUOTE),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("key", [None, "om1_live_unknown", LOGIN])
def test_a_report_needs_a_key(method: str, path: str, key: str | None) -> None:
    assert used().ask(method, path, key, json=BODY).status_code == 401


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_revoked_key_sees_nothing(method: str, path: str) -> None:
    service = Service(two_accounts(new_key("key-1", is_active=False)))

    assert service.ask(method, path, json=BODY).status_code == 401


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_what_only_one_caller_may_see_is_not_kept_on_its_way(method: str, path: str) -> None:
    answer = used().ask(method, path, json=BODY)

    assert answer.status_code == 404 or answer.headers["cache-control"] == "no-store"


def test_a_key_is_told_what_it_may_do() -> None:
    limits = Limits(requests_per_second=5, burst=9, day_budget=1_500_000)
    own = new_key("key-1", limits=limits, allowed_models=frozenset({"gpt-4o", "gpt-5"}), expires_at=1_800_000_000)
    told = Service(two_accounts(own)).get("/api/core/key").json()

    assert told["limits"] == {
        "requests_per_second": 5,
        "burst": 9,
        "tokens_per_minute": None,
        "concurrency": None,
        "day_budget_omcu": "1.5",
        "month_budget_omcu": None,
    }
    assert set(told["plan_limits"]) == set(told["limits"])
    assert (told["allowed_models"], told["allowed_providers"]) == (["gpt-4o", "gpt-5"], [])
    assert (told["expires_at"], told["plan"]) == ("2027-01-15T08:00:00.000Z", "unlimited")
    assert told["credit_remaining_omcu"] == told["budget_remaining"]["day_omcu"] == "1.5"


def test_a_key_is_told_its_own_usage_alone_and_neither_its_account_nor_a_hash() -> None:
    answer = used().get("/api/core/key", "key-2")

    told = answer.json()
    assert (told["id"], told["usage"]["today"]["requests"], told["usage"]["this_month"]["requests"]) == ("key-2", 1, 3)
    assert "account" not in answer.text
    assert "digest" not in answer.text


def test_usage_is_that_of_the_key_that_asks() -> None:
    service = used()

    rows = {key: service.get("/api/core/usage", key, group_by="key").json()["data"] for key in CALLERS}

    assert {key: [row["key"] for row in found] for key, found in rows.items()} == {key: [key] for key in CALLERS}
    assert all(row["requests"] == 3 for found in rows.values() for row in found)


def test_usage_tells_sums_of_tokens_and_charges_and_not_what_the_operator_pays() -> None:
    service = used()
    told = service.get("/api/core/usage").json()

    charges = {entry.charge for entry in service.store.entries.values()}
    assert [row["day"] for row in told["data"]] == ["2026-11-22", "2026-11-23", "2026-11-24"]
    assert told["data"][0] | {"charge_omcu": ""} == {
        "day": "2026-11-22",
        "requests": 1,
        "estimated": 0,
        "input_tokens": 10,
        "cached_input_tokens": 2,
        "cache_write_tokens": 1,
        "output_tokens": 20,
        "reasoning_tokens": 5,
        "charge_omcu": "",
    }
    assert [Decimal(told["totals"]["charge_omcu"]) * 10**6] == [3 * charge for charge in charges]
    assert not {"cost", "shortfall", "cost_usd"} & told["totals"].keys()


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ({"from": "x"}, "from"),
        ({"to": "2026-13-01"}, "to"),
        ({"group_by": "account_id"}, "group_by"),
        ({"format": "xml"}, "format"),
        ({"limit": "-1"}, "limit"),
        ({"cursor": "x"}, "cursor"),
    ],
)
def test_a_bad_parameter_is_refused_by_its_name(query: dict[str, str], name: str) -> None:
    answer = used().get("/api/core/usage", **query)

    assert answer.status_code == 400
    assert set(answer.json()) == {"error"}
    assert answer.json()["error"].startswith(f"{name} must ")


def test_pages_follow_each_other_by_their_links() -> None:
    service, path, days = used(), "/api/core/usage?limit=1", []
    while path:
        answer = service.ask("GET", path)
        days += [row["day"] for row in answer.json()["data"]]
        assert answer.headers.get("x-openmind-next-cursor") == answer.json()["next_cursor"]
        link = answer.links.get("next", {}).get("url")
        path = f"/api/core/usage{link}" if link else ""

    assert days == ["2026-11-22", "2026-11-23", "2026-11-24"]


def test_the_cursor_of_one_key_is_refused_from_another() -> None:
    service = used()
    cursor = service.get("/api/core/usage", limit="1").json()["next_cursor"]

    assert service.get("/api/core/usage", limit="1", cursor=cursor).status_code == 200
    for key in ("key-2", "key-3"):
        assert service.get("/api/core/usage", key, limit="1", cursor=cursor).status_code == 400


names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6) | st.sampled_from(
    ["=1+1", "+x", "-x", "@x", "\tx", "\rx", 'a"b', "a,b", "a\r\nb", "'x", "'=1"]
)


IN_USE = Service()


@given(st.sets(names, max_size=8), st.permutations(["day", "key", "model", "provider"]))
def test_csv_has_what_json_has(models: set[str], group_by: list[str]) -> None:
    service, counts = IN_USE, dict.fromkeys(ROLLUP_COUNTERS, 3)
    keys = [RollupKey("account-1", "2026-11-24", "key-1", "openai", model) for model in models]
    service.store.rollups = dict.fromkeys(keys, counts)
    asked = {"group_by": ",".join(group_by)}

    rows = service.get("/api/core/usage", **asked).json()["data"]
    answer = service.get("/api/core/usage", format="csv", **asked)

    parsed = list(csv.DictReader(io.StringIO(answer.content.decode(), newline=""), strict=True))
    assert answer.headers["content-type"].startswith("text/csv")
    assert [{name: cell.removeprefix("'") for name, cell in row.items()} for row in parsed] == [
        {name: str(value) for name, value in row.items()} for row in rows
    ]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for row in parsed for cell in row.values())


def test_csv_of_no_usage_is_its_header() -> None:
    answer = Service().get("/api/core/usage", format="csv", group_by="model")

    assert answer.text == (
        "model,requests,estimated,input_tokens,cached_input_tokens,cache_write_tokens,output_tokens,reasoning_tokens,"
        "charge_omcu\r\n"
    )


def test_csv_tells_its_next_page_in_headers() -> None:
    service = used()
    first = service.get("/api/core/usage", format="csv", limit="2")

    second = service.ask("GET", f"/api/core/usage{first.links['next']['url']}")

    assert [line.partition(",")[0] for line in second.text.splitlines()] == ["day", "2026-11-24"]
    assert "x-openmind-next-cursor" in first.headers
    assert "link" not in second.headers


def test_a_settled_request_is_told_with_all_that_it_came_to() -> None:
    service = Service()
    request_id = Spending(service.store).sent()

    told = service.get(f"/api/core/usage/{request_id}").json()

    charge = Decimal(service.store.entries[request_id].charge) / 10**6
    assert (told["id"], told["state"], told["outcome"], told["key_id"]) == (request_id, "settled", "completed", "key-1")
    assert Decimal(told["charge_omcu"]) == charge
    assert Decimal(told["hold_omcu"]) > charge
    assert told["usage"] == {
        "input_tokens": 10,
        "cached_input_tokens": 2,
        "cache_write_tokens": 1,
        "output_tokens": 20,
        "reasoning_tokens": 5,
    }
    assert (told["usage_is_exact"], told["estimate_reason"], told["attempts"]) == (True, None, 1)
    assert told["latency"] == {"first_ms": 300, "duration_ms": 900}
    assert (told["started_at"], told["settled_at"]) == ("2026-11-24T12:00:00.000Z", "2026-11-24T12:00:00.900Z")
    assert "cost" not in told


def test_a_request_that_is_open_has_no_end_yet() -> None:
    service = Service()
    told = service.get(f"/api/core/usage/{Spending(service.store).opened().request_id}").json()

    assert (told["state"], told["max_tokens"]) == ("held", 200)
    assert {told[name] for name in ("outcome", "charge_omcu", "settled_at", "estimate_reason", "attempts")} == {None}


def test_an_estimate_says_why() -> None:
    service = Service()
    Spending(service.store).opened()
    (entry,) = Spending(service.store).on(1).ledger.sweep()

    told = service.get(f"/api/core/usage/{entry.hold.request_id}").json()

    assert (told["outcome"], told["usage_is_exact"]) == ("abandoned", False)
    assert told["estimate_reason"] == "the function died"


@pytest.mark.parametrize("key", ["key-2", "key-3"])
def test_a_request_of_another_key_is_as_unknown_as_one_that_never_was(key: str) -> None:
    service = Service()
    request_id = Spending(service.store).sent()

    others, unknown = (service.get(f"/api/core/usage/{one}", key) for one in (request_id, an_id()))

    assert service.get(f"/api/core/usage/{request_id}").status_code == 200
    assert (
        (others.status_code, others.json())
        == (unknown.status_code, unknown.json())
        == (404, {"error": "No such request"})
    )


@pytest.mark.parametrize("request_id", ["1", "%00", "%23", "a%2Fb", "..%2Fkey", "x" * 3000])
def test_a_malformed_id_is_of_no_request(request_id: str) -> None:
    assert Service().get(f"/api/core/usage/{request_id}").status_code == 404


def test_a_quote_tells_the_price_and_what_would_be_held() -> None:
    told = Service().quote(max_tokens=100).json()

    per_token, assumes = told["price"]["micro_omcu_per_token"], told["assumes"]
    dearest = max(per_token[name] for name in ("input", "cached_input", "cache_write"))
    held = assumes["input_tokens"] * dearest + 100 * max(per_token["output"], per_token["reasoning"])
    assert Decimal(told["hold_omcu"]) * 10**6 == held
    assert told["max_cost_omcu"] == told["hold_omcu"]
    assert (told["max_tokens"], assumes["output_tokens"]) == (100, 100)
    assert (told["provider"], told["model"], told["is_exact"]) == ("openai", "gpt-4o-mini", True)
    assert (told["would_be_admitted"], told["refusal"]) == (True, None)


def test_a_quote_says_why_its_request_would_be_refused() -> None:
    own = new_key("key-1", allowed_providers=frozenset({"gemini"}))

    told = Service(two_accounts(own)).quote().json()

    assert told["would_be_admitted"] is False
    assert told["refusal"] == {"status": 403, "error": "This API key may not use this model"}


def test_a_quote_is_for_the_key_that_asks() -> None:
    """Another key's budget does not matter to it."""
    service = Service(two_accounts(new_key("key-1", limits=Limits(day_budget=1))))

    statuses = {key: service.quote(key).json()["would_be_admitted"] for key in CALLERS}

    assert statuses == {"key-1": False, "key-2": True, "key-3": True}


def test_a_quote_leaves_everything_as_it_was() -> None:
    service = used()
    before = (dict(service.store.known_accounts), dict(service.store.known_keys), dict(service.store.holds))

    for _ in range(20):
        assert service.quote().status_code == 200

    assert (service.store.known_accounts, service.store.known_keys, service.store.holds) == before
    assert not {"admit", "renew"} & set(service.store.calls[-20:])


@pytest.mark.parametrize(
    ("path", "more", "status"),
    [
        (QUOTE, {"json": BODY | {"messages": []}}, 400),
        (QUOTE, {"content": b"{", "headers": {"content-type": "application/json"}}, 400),
        (QUOTE, {"json": BODY | {"model": "claude-4"}}, 404),
        (QUOTE.replace("openai", "nobody"), {"json": BODY}, 404),
        (QUOTE, {"json": BODY | {"messages": [{"role": "user", "content": "x" * 20_000}]}}, 413),
        (QUOTE, {"content": json.dumps(BODY)}, 415),
    ],
)
def test_a_quote_refuses_a_body_as_a_completion_does(path: str, more: dict[str, Any], status: int) -> None:
    answer = Service().ask("POST", path, **more)

    assert (answer.status_code, set(answer.json())) == (status, {"error"})


def test_a_login_sees_the_usage_of_its_whole_account() -> None:
    service = replace(used(), user=user)

    rows = service.get("/api/core/usage", LOGIN, group_by="key").json()["data"]
    request_ids = {e.hold.key_id: request_id for request_id, e in service.store.entries.items()}
    seen = {key: service.get(f"/api/core/usage/{request_ids[key]}", LOGIN).status_code for key in CALLERS}

    assert [row["key"] for row in rows] == ["key-1", "key-2"]
    assert seen == {"key-1": 200, "key-2": 200, "key-3": 404}


@pytest.mark.parametrize(("login", "status"), [(LOGIN + "x", 401), (NEWCOMER, 404)])
def test_a_login_of_nobody_and_one_without_an_account_see_nothing(login: str, status: int) -> None:
    answer = replace(used(), user=user).get("/api/core/usage", login)

    assert (answer.status_code, answer.json()) == (status, {"error": "User not found"})


@pytest.mark.parametrize("path", ["/api/core/key", "/api/core/models", "/api/core/usages"])
def test_a_login_opens_nothing_but_usage(path: str) -> None:
    assert replace(used(), user=user).get(path, LOGIN).status_code == 401


@pytest.mark.parametrize("path", ["/api/core/usage/chat/completions", "/api/core/usage/chat/completions/quote"])
def test_a_login_is_not_taken_for_a_key_where_a_provider_would_be_called_usage(path: str) -> None:
    assert replace(used(), user=user).ask("POST", path, LOGIN, json=BODY).status_code == 401


def test_a_login_beside_a_key_is_refused() -> None:
    service = replace(used(), user=user)

    answer = service.ask("GET", "/api/core/usage", LOGIN, headers={"x-api-key": "key-1"})

    assert answer.status_code == 401


def test_keys_see_usage_where_logins_do_too() -> None:
    service = replace(used(), user=user)

    assert service.get("/api/core/usage", "key-1").status_code == 200
    assert service.ask("GET", "/api/core/usage", None, headers={"x-api-key": LOGIN}).status_code == 401


@pytest.mark.parametrize("path", ["/api/core/api_keys", "/api/core/account/balance", "/api/core/key", "/health"])
def test_a_path_with_a_line_break_behind_it_is_another_path(path: str) -> None:
    assert used().get(f"{path}%0a").status_code == 404


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_another_method_is_refused(method: str, path: str) -> None:
    answer = used().ask("DELETE", path)

    assert (answer.status_code, answer.headers["allow"]) == (405, method)
