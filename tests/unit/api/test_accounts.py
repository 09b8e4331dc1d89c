"""The account API: whose login it wants, and that nobody sees what is another's."""

from datetime import UTC, datetime

import pytest
from fastapi.routing import APIRoute

from openmind_llm.api import accounts
from openmind_llm.api.middleware import LOGIN_PATHS
from openmind_llm.domain.ledger.counters import Move
from openmind_llm.errors import IdentityUnavailableError
from tests import canaries
from tests.unit.api.account_service import (
    BALANCE,
    CREATE,
    DELETE,
    HER,
    HIM,
    LIST,
    ROTATE,
    ROUTES,
    UPDATE,
    Service,
)


@pytest.fixture
def service() -> Service:
    return Service()


def test_one_key_too_many_is_refused_with_the_documented_text(service: Service) -> None:
    for _ in range(5):
        service.create()

    assert service.ask("POST", CREATE) == (
        403,
        {
            "error": "API key limit reached. Your starter plan allows up to 5 API keys. "
            "Please delete an existing key or upgrade your plan."
        },
    )


def test_the_first_key_opens_an_account_on_the_default_plan(service: Service) -> None:
    service.create()

    assert service.ask("GET", BALANCE)[1]["plan"] == "starter"
    assert [(row.actor, row.action) for row in service.accounts.audit(HER)] == [(HER, "open"), (HER, "create key")]


def test_the_second_key_leaves_the_account_as_it_is(service: Service) -> None:
    service.accounts.open(HER, "builder", "operator")

    service.create()

    assert service.ask("GET", BALANCE)[1]["plan"] == "builder"


def test_without_a_default_plan_only_the_operator_opens_accounts() -> None:
    service = Service(default_plan="")

    assert service.ask("POST", CREATE) == (404, {"error": "User not found"})
    assert service.store.known_accounts == {}
    service.accounts.open(HER, "free", "operator")
    assert service.ask("POST", CREATE)[0] == 200


@pytest.mark.parametrize("path", [DELETE, ROTATE, UPDATE])
@pytest.mark.parametrize("has_account", [True, False])
def test_the_key_of_another_is_not_found_and_stays_as_it_is(service: Service, path: str, *, has_account: bool) -> None:
    answer = service.create()
    if has_account:
        service.create(user=HIM)

    refused = service.ask("POST", path, {"id": answer["api_key_info"]["id"]}, HIM)

    assert refused == (404, {"error": "API key not found"})
    assert service.listed() == [answer["api_key_info"]]
    assert service.lets_in(answer["api_key"])


def test_nobody_sees_the_keys_or_the_credit_of_another(service: Service) -> None:
    hers, his = service.create(), service.create(user=HIM)
    service.accounts.grant(HER, 7_000_000, "operator")

    assert service.listed() == [hers["api_key_info"]]
    assert service.listed(HIM) == [his["api_key_info"]]
    assert service.ask("GET", BALANCE)[1]["omcu_balance"] == 2507
    assert service.ask("GET", BALANCE, user=HIM)[1]["omcu_balance"] == 2500


def test_the_balance_is_told_in_whole_units(service: Service) -> None:
    service.create()
    service.accounts.grant(HER, 10_600_000, "operator")
    charge = (Move("balance", by=-1_500_000), Move("charged", by=1_500_000), Move("period_charged", by=1_500_000))
    service.store.change(HER, charge, {}, next(service.accounts.audit(HER)))

    assert service.ask("GET", BALANCE) == (
        200,
        {
            "plan": "starter",
            "omcu_balance": 2509,
            "monthly_unused_omcu": 2498,
            "monthly_total_omcu": 2500,
            "current_period_end": "2026-12-26T12:00:00.000Z",
            "cancel_at_period_end": False,
            "omcu_balance_micro": 2_509_100_000,
        },
    )


def test_the_balance_is_that_of_the_period_that_it_is_now(service: Service) -> None:
    service.create()
    service.accounts.cancel(HER, "operator")
    service.clock.now = datetime(2026, 12, 26, 12, 0, 1, tzinfo=UTC).timestamp()

    _, told = service.ask("GET", BALANCE)

    assert (told["plan"], told["omcu_balance"], told["cancel_at_period_end"]) == ("free", 50, False)
    assert told["current_period_end"] == "2027-01-26T12:00:00.000Z"


def test_a_user_without_an_account_has_no_balance(service: Service) -> None:
    assert service.ask("GET", BALANCE) == (404, {"error": "User not found"})


def test_a_closed_account_is_as_good_as_none(service: Service) -> None:
    key_id = service.create()["api_key_info"]["id"]
    service.accounts.close(HER, "operator")

    assert service.ask("GET", BALANCE) == (404, {"error": "User not found"})
    assert service.ask("POST", CREATE) == (404, {"error": "User not found"})
    assert service.ask("GET", LIST) == (200, {"api_keys": []})
    for path in (DELETE, ROTATE, UPDATE):
        assert service.ask("POST", path, {"id": key_id}) == (404, {"error": "API key not found"})


NO_LOGIN: list[dict[str, str]] = [
    {},
    {"authorization": ""},
    {"authorization": "Bearer"},
    {"authorization": "Bearer nonsense"},
    {"authorization": f"Basic login.{HER}"},
    {"x-api-key": f"login.{HER}"},
    {"authorization": f"Bearer {canaries.API_KEY}"},
    {"authorization": f"Bearer {canaries.LOGIN}"},
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("headers", NO_LOGIN)
def test_without_a_login_there_is_no_user(service: Service, method: str, path: str, headers: dict[str, str]) -> None:
    assert service.ask(method, path, headers=headers) == (401, {"error": "User not found"})


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_a_good_key_is_no_login(service: Service, method: str, path: str) -> None:
    key = service.create()["api_key"]

    refused = service.ask(method, path, headers={"authorization": f"Bearer {key}"})

    assert refused == (401, {"error": "User not found"})


@pytest.mark.parametrize("path", ["/api/core/models", LIST + "/", "/api/core/api_keys/restore"])
def test_a_login_is_no_key(service: Service, path: str) -> None:
    assert service.ask("GET", path)[0] == 401


def test_two_logins_are_none(service: Service) -> None:
    twice = [("authorization", f"Bearer login.{HER}"), ("authorization", f"Bearer login.{HIM}")]

    assert service.client.get(LIST, headers=twice).status_code == 401


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_an_issuer_that_cannot_be_read_is_told(service: Service, method: str, path: str) -> None:
    service.logins.error = IdentityUnavailableError()

    assert service.ask(method, path) == (503, {"error": "Logins cannot be checked at the moment"})


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_no_other_method_is_known(service: Service, method: str, path: str) -> None:
    assert service.ask("DELETE", path) == (405, {"error": "Method not allowed"})


@pytest.mark.parametrize(
    ("method", "path", "text"),
    [
        ("POST", CREATE, "Failed to create API key"),
        ("POST", DELETE, "Failed to delete API key"),
        ("POST", ROTATE, "Failed to rotate API key"),
        ("POST", UPDATE, "Failed to update API key"),
        ("GET", LIST, "Failed to fetch API keys"),
        ("GET", BALANCE, "Failed to fetch the account balance"),
    ],
)
def test_a_store_that_fails_is_told_in_the_documented_words(
    service: Service, method: str, path: str, text: str
) -> None:
    service.store.failing |= {"account"}

    assert service.ask(method, path, {"id": "0123456789abcdef"} if path != CREATE else None) == (500, {"error": text})


def test_every_path_of_the_account_api_wants_a_login(service: Service) -> None:
    served = {route.path for route in accounts.router(service.owners).routes if isinstance(route, APIRoute)}

    assert served == LOGIN_PATHS == {path for _, path in ROUTES}


def test_the_document_says_where_a_login_is_wanted(service: Service) -> None:
    paths = service.client.get("/openapi.json").json()["paths"]
    wanted = {path: [one["security"] for one in of.values() if "security" in one] for path, of in paths.items()}

    assert {path for path, of in wanted.items() if of == [[{"login": []}]]} == LOGIN_PATHS


def test_neither_logins_nor_keys_are_logged(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "openmind_llm")
    key = service.create()["api_key"]
    service.store.failing |= {"account"}
    for method, path in ROUTES:
        service.ask(method, path, {"id": key[9:25]})
        service.ask(method, path, headers={"authorization": f"Bearer {canaries.LOGIN}"})

    logged = repr([record.__dict__ for record in caplog.records])
    assert key[25:] not in logged
    assert f"login.{HER}" not in logged
