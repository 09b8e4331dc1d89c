"""Keys by the account API: exact bodies, exact refusals."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from tests.unit.api.account_service import (
    CREATE,
    DELETE,
    HER,
    HIM,
    LIST,
    NO_LIMITS,
    NOW,
    ROTATE,
    UPDATE,
    Service,
)


@pytest.fixture
def service() -> Service:
    return Service()


def test_a_key_is_created_without_a_body_with_the_documented_answer(service: Service) -> None:
    answer = service.create()

    key = answer["api_key"]
    assert re.fullmatch(r"om1_live_[0-9a-f]{80}", key)
    assert answer == {
        "message": "API key created successfully",
        "api_key": key,
        "api_key_info": {
            "id": key[9:25],
            "user_id": HER,
            "name": f"api-key-{int(NOW * 1000)}",
            "prefix": key[:13],
            "total_cost": 0,
            "deleted": False,
            "created_at": "2026-11-26T12:00:00.250Z",
            "updated_at": "2026-11-26T12:00:00.250Z",
            "total_cost_micro_omcu": 0,
            "expires_at": None,
            "allowed_models": [],
            "allowed_providers": [],
            "cache_max_age_seconds": None,
            "limits": NO_LIMITS,
        },
    }
    assert service.lets_in(key)


def test_a_key_is_created_with_all_that_can_be_asked_for(service: Service) -> None:
    answer = service.create(
        {
            "name": " kitchen robot ",
            "mode": "test",
            "expires_at": "2027-01-31T13:00:00+01:00",
            "allowed_models": ["openai/gpt-4o", "gpt-4o-mini"],
            "allowed_providers": ["openai", "gemini"],
            "day_budget_omcu": 12.5,
            "month_budget_omcu": "100",
            "requests_per_second": 2,
            "burst": 4,
            "tokens_per_minute": 60_000,
            "concurrency": 3,
            "cache_max_age_seconds": 3600,
        }
    )

    assert answer["api_key"].startswith("om1_test_")
    told = answer["api_key_info"]
    assert told["name"] == "kitchen robot"
    assert told["expires_at"] == "2027-01-31T12:00:00.000Z"
    assert told["allowed_models"] == ["gpt-4o-mini", "openai/gpt-4o"]
    assert told["allowed_providers"] == ["gemini", "openai"]
    assert told["cache_max_age_seconds"] == 3600
    assert told["limits"] == {
        "requests_per_second": 2,
        "burst": 4,
        "tokens_per_minute": 60_000,
        "concurrency": 3,
        "day_budget_omcu": "12.5",
        "month_budget_omcu": "100",
    }
    assert service.listed() == [told]


def test_a_key_is_shown_once_and_not_to_be_kept_on_the_way(service: Service) -> None:
    answer = service.client.post(CREATE, headers={"authorization": f"Bearer login.{HER}"})

    assert answer.headers["cache-control"] == "no-store"
    secret = answer.json()["api_key"][25:]
    assert secret not in json.dumps(service.listed())


def test_the_list_tells_neither_hash_nor_secret(service: Service) -> None:
    key_id = service.create()["api_key_info"]["id"]
    service.ask("POST", ROTATE, {"id": key_id})
    record = service.store.known_keys[key_id].record

    told = json.dumps(service.listed())

    assert record.digest not in told
    assert record.retired_digest not in told


BAD_FIELDS = [
    ({"name": 7}, "name must be a text of 1 to 100 printable characters"),
    ({"name": " "}, "name must be a text of 1 to 100 printable characters"),
    ({"name": "a" * 101}, "name must be a text of 1 to 100 printable characters"),
    ({"name": "a\nb"}, "name must be a text of 1 to 100 printable characters"),
    ({"expires_at": 1_800_000_000}, "expires_at must be a time as in ISO 8601, such as 2027-01-31T12:00:00Z"),
    ({"expires_at": "soon"}, "expires_at must be a time as in ISO 8601, such as 2027-01-31T12:00:00Z"),
    (
        {"expires_at": "9999-12-31T23:59:59-00:01"},
        "expires_at must be a time as in ISO 8601, such as 2027-01-31T12:00:00Z",
    ),
    ({"expires_at": "2026-11-26T12:00:00Z"}, "expires_at must be in the future"),
    ({"allowed_models": "gpt-4o"}, "allowed_models must be an array of at most 100 strings"),
    ({"allowed_models": [1]}, "allowed_models must be an array of at most 100 strings"),
    ({"allowed_models": ["a"] * 101}, "allowed_models must be an array of at most 100 strings"),
    ({"allowed_models": [""]}, "allowed_models must hold names of models, with or without 'provider/' before them"),
    (
        {"allowed_providers": ["acme"]},
        "allowed_providers may hold openai, deepseek, gemini, xai, nearai, openrouter",
    ),
    ({"day_budget_omcu": True}, "day_budget_omcu must be a number of OMCU"),
    ({"day_budget_omcu": "much"}, "day_budget_omcu: not an amount: 'much'"),
    ({"day_budget_omcu": 0.0000001}, "day_budget_omcu: an amount may have six decimal places: 1e-07"),
    ({"month_budget_omcu": -1}, "month_budget_omcu must not be negative"),
    ({"requests_per_second": 0}, "requests_per_second must be an integer of at least 1"),
    ({"requests_per_second": 1.5}, "requests_per_second must be an integer of at least 1"),
    ({"burst": True}, "burst must be an integer of at least 1"),
    ({"burst": 3}, "burst needs requests_per_second: set both, or neither"),
    ({"tokens_per_minute": "7"}, "tokens_per_minute must be an integer of at least 1"),
    ({"concurrency": []}, "concurrency must be an integer of at least 1"),
    ({"cache_max_age_seconds": 0}, "cache_max_age_seconds must be an integer between 1 and 86400"),
    ({"cache_max_age_seconds": 86_401}, "cache_max_age_seconds must be an integer between 1 and 86400"),
    ({"cache_max_age_seconds": "60"}, "cache_max_age_seconds must be an integer between 1 and 86400"),
    ({"cache_max_age_s": 60}, "unknown field: cache_max_age_s"),
    ({"budget": 3}, "unknown field: budget"),
    ({"user_id": HIM}, "unknown field: user_id"),
]


@pytest.mark.parametrize("written", ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999999Z"])
def test_a_key_may_end_in_the_last_second_that_can_be_written(service: Service, written: str) -> None:
    told = service.create({"expires_at": written})["api_key_info"]

    assert told["expires_at"] == "9999-12-31T23:59:59.000Z"
    assert service.listed() == [told]


BAD_MODES: list[tuple[Any, str]] = [
    ({"mode": "prod"}, "mode must be one of live, test"),
    ({"mode": ""}, "mode must be one of live, test"),
    ({"mode": 0}, "mode must be one of live, test"),
    ({"mode": []}, "mode must be one of live, test"),
]


@pytest.mark.parametrize(("body", "text"), [*BAD_FIELDS, *BAD_MODES])
def test_a_bad_field_creates_nothing_and_is_named(service: Service, body: Any, text: str) -> None:
    assert service.ask("POST", CREATE, body) == (400, {"error": text})

    assert service.store.known_accounts == {}


@pytest.mark.parametrize(("body", "text"), BAD_FIELDS)
def test_a_bad_field_changes_nothing_and_is_named(service: Service, body: Any, text: str) -> None:
    told = service.create()["api_key_info"]

    assert service.ask("POST", UPDATE, {"id": told["id"]} | body) == (400, {"error": text})

    assert service.listed() == [told]


@pytest.mark.parametrize(
    ("raw", "text"),
    [(b"{", "Invalid JSON"), (b"[]", "Invalid JSON: the body must be an object")],
)
def test_a_body_that_is_there_must_be_json_to_create_a_key(service: Service, raw: bytes, text: str) -> None:
    assert service.ask("POST", CREATE, raw) == (400, {"error": text})


@pytest.mark.parametrize("path", [CREATE, DELETE, ROTATE, UPDATE])
def test_a_body_beyond_all_measure_is_not_read(service: Service, path: str) -> None:
    assert service.ask("POST", path, b" " * 65_537)[0] == 413


def test_a_key_is_deleted_with_the_documented_answer_and_refused_at_once(service: Service) -> None:
    answer = service.create()

    deleted = service.ask("POST", DELETE, {"id": answer["api_key_info"]["id"]})

    assert deleted == (200, {"message": "API key deleted successfully"})
    assert service.listed() == []
    assert not service.lets_in(answer["api_key"])


@pytest.mark.parametrize("path", [DELETE, ROTATE, UPDATE])
@pytest.mark.parametrize("raw", [b"", b"id=1", b"[1]", b'"x"', b"\xff"])
def test_without_an_object_no_key_is_meant(service: Service, path: str, raw: bytes) -> None:
    assert service.ask("POST", path, raw) == (400, {"error": "No data provided or invalid format"})


@pytest.mark.parametrize("path", [DELETE, ROTATE, UPDATE])
@pytest.mark.parametrize("body", [{}, {"id": ""}, {"id": None}, {"id": 7}, {"key": "x"}])
def test_without_an_id_no_key_is_meant(service: Service, path: str, body: Any) -> None:
    assert service.ask("POST", path, body) == (400, {"error": "API key ID is required"})


@pytest.mark.parametrize("path", [DELETE, ROTATE, UPDATE])
@pytest.mark.parametrize("key_id", ["0123456789abcdef", "x" * 5000, "é", "a#b"])
def test_a_key_that_is_not_there_is_not_found(service: Service, path: str, key_id: str) -> None:
    service.create()

    assert service.ask("POST", path, {"id": key_id}) == (404, {"error": "API key not found"})


def test_a_user_without_an_account_has_no_keys(service: Service) -> None:
    assert service.ask("GET", LIST) == (200, {"api_keys": []})


def test_a_key_tells_what_it_was_charged_in_whole_units_and_exactly(service: Service) -> None:
    key_id = service.create()["api_key_info"]["id"]
    known = service.store.known_keys[key_id]
    service.store.known_keys[key_id] = replace(known, counters={**known.counters, "charged": 1_999_999})

    (told,) = service.listed()

    assert (told["total_cost"], told["total_cost_micro_omcu"]) == (1, 1_999_999)


def test_a_rotated_key_has_two_good_secrets_for_a_day(service: Service) -> None:
    old = service.create()

    status, answer = service.ask("POST", ROTATE, {"id": old["api_key_info"]["id"]})

    assert status == 200
    assert answer["message"] == "API key rotated successfully"
    assert answer["api_key_info"] == service.listed()[0]
    assert answer["api_key"][9:25] == old["api_key_info"]["id"]
    assert (service.lets_in(old["api_key"]), service.lets_in(answer["api_key"])) == (True, True)
    service.clock.now = NOW + 86_400
    assert (service.lets_in(old["api_key"]), service.lets_in(answer["api_key"])) == (False, True)


def test_a_rotation_may_end_the_old_secret_at_once(service: Service) -> None:
    old = service.create()

    service.ask("POST", ROTATE, {"id": old["api_key_info"]["id"], "overlap_seconds": 0})

    assert not service.lets_in(old["api_key"])


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ({"overlap_seconds": -1}, "overlap_seconds must be between 0 and 604800"),
        ({"overlap_seconds": 604_801}, "overlap_seconds must be between 0 and 604800"),
        ({"overlap_seconds": "60"}, "overlap_seconds must be an integer"),
        ({"overlap_seconds": True}, "overlap_seconds must be an integer"),
        ({"overlap_seconds": None}, "overlap_seconds must be an integer"),
        ({"overlap": 60}, "only id and overlap_seconds can be sent"),
    ],
)
def test_a_rotation_that_is_not_understood_is_not_made(service: Service, field: Any, text: str) -> None:
    answer = service.create()

    refused = service.ask("POST", ROTATE, {"id": answer["api_key_info"]["id"]} | field)

    assert refused == (400, {"error": text})
    assert service.listed() == [answer["api_key_info"]]


def test_an_update_sets_what_is_sent_and_null_takes_away(service: Service) -> None:
    body = {"name": "robot", "allowed_models": ["gpt-4o"], "requests_per_second": 2, "burst": 4}
    told = service.create(body)["api_key_info"]
    service.clock.now = NOW + 1

    status, answer = service.ask(
        "POST",
        UPDATE,
        {"id": told["id"], "name": None, "allowed_models": None, "burst": None, "day_budget_omcu": 0.5},
    )

    expected = told | {
        "updated_at": "2026-11-26T12:00:01.250Z",
        "allowed_models": [],
        "limits": NO_LIMITS | {"requests_per_second": 2, "day_budget_omcu": "0.5"},
    }
    assert (status, answer) == (200, {"message": "API key updated successfully", "api_key_info": expected})
    assert service.listed() == [expected]


def test_an_update_cannot_change_the_kind_of_a_key(service: Service) -> None:
    key_id = service.create()["api_key_info"]["id"]

    assert service.ask("POST", UPDATE, {"id": key_id, "mode": "test"}) == (400, {"error": "unknown field: mode"})
