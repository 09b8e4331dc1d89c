"""Who may see what of a key, its usage, and its quotes."""

from dataclasses import replace

import pytest

from openmind_llm.domain.plans import Limits
from tests.memory_ledger import new_key
from tests.spending import an_id, two_accounts
from tests.unit.api.reporting import BODY, CALLERS, LOGIN, NEWCOMER, QUOTE, Service, used, user

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
    own = new_key(
        "key-1",
        limits=limits,
        allowed_models=frozenset({"gpt-4o", "gpt-5"}),
        expires_at=1_800_000_000,
        cache_max_age_s=60,
    )
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
    assert told["cache_max_age_seconds"] == 60
    assert (told["expires_at"], told["plan"]) == ("2027-01-15T08:00:00.000Z", "unlimited")
    assert told["credit_remaining_omcu"] == told["budget_remaining"]["day_omcu"] == "1.5"


def test_a_key_is_told_its_own_usage_alone_and_neither_its_account_nor_a_hash() -> None:
    answer = used().get("/api/core/key", "key-2")

    told = answer.json()
    assert (told["id"], told["usage"]["today"]["requests"], told["usage"]["this_month"]["requests"]) == ("key-2", 1, 3)
    assert "account" not in answer.text
    assert "digest" not in answer.text


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
