"""What each row without a price takes for well, and what not."""

import pytest

from dev.smoke.contract import ROWS
from dev.smoke.table import FAIL, NOT_TRIED, OK
from dev.smoke.wire import Answer
from tests.unit.dev.smoke.looking import FakeDoor, answer, look, refused, stack, target

REFUSALS = {
    "key-missing": 401,
    "key-wrong": 401,
    "path-unknown": 404,
    "provider-unknown": 404,
    "model-unknown": 404,
    "body-bad": 400,
    "body-not-utf8": 400,
    "body-too-large": 413,
}
HTML = {"content-type": "text/html", "x-request-id": "r-1"}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_in_the_form_is_well(name: str) -> None:
    result = look(ROWS, name, target(FakeDoor(refused(REFUSALS[name], "some words"))))

    assert (result.verdict, result.seen) == (OK, f"{REFUSALS[name]} some words")


@pytest.mark.parametrize("name", REFUSALS)
def test_another_status_fails(name: str) -> None:
    assert look(ROWS, name, target(FakeDoor(refused(500)))).verdict == FAIL


@pytest.mark.parametrize(
    "form",
    [
        answer(401, {"message": "Unauthorized"}),
        answer(401, {"error": {"message": "nested"}}),
        answer(401, {"error": "no", "code": 1}),
        answer(401, b"<html>"),
        answer(401, {"error": "no"}, x_request_id=""),
        Answer(401, HTML, b'{"error": "no"}'),
    ],
)
def test_another_form_fails(form: Answer) -> None:
    assert look(ROWS, "key-wrong", target(FakeDoor(form))).verdict == FAIL


def test_the_missing_key_is_missing() -> None:
    door = FakeDoor(refused(401))

    look(ROWS, "key-missing", target(door))

    ((_, _, headers, _),) = door.asked
    assert headers == {"content-type": "application/json"}


def test_the_large_body_is_larger_than_lambda_takes() -> None:
    door = FakeDoor(refused(413))

    look(ROWS, "body-too-large", target(door))

    assert len(door.asked[0][3]) > 6 * 1024 * 1024


def test_the_function_url_is_not_tried_without_its_address() -> None:
    result = look(ROWS, "key-wrong-url", target(FakeDoor(refused(401))))

    assert (result.verdict, result.seen) == (NOT_TRIED, "STREAM_URL is not given")


def test_the_function_url_is_asked_by_its_own_door() -> None:
    door, second = FakeDoor(refused(500)), FakeDoor(refused(401))

    assert look(ROWS, "key-wrong-url", target(door, url_door=second)).verdict == OK
    assert not door.asked


@pytest.mark.parametrize(("body", "verdict"), [({"status": "ok"}, OK), ({"status": "ill"}, FAIL)])
def test_health_says_ok(body: dict[str, str], verdict: str) -> None:
    assert look(ROWS, "health", target(FakeDoor(answer(200, body)))).verdict == verdict


@pytest.mark.parametrize(
    ("paths", "verdict"), [({"/api/core/{provider}/chat/completions": {}}, OK), ({"/health": {}}, FAIL)]
)
def test_the_document_has_the_completions(paths: dict[str, object], verdict: str) -> None:
    document = {"openapi": "3.1.0", "paths": paths}

    assert look(ROWS, "openapi", target(FakeDoor(answer(200, document)))).verdict == verdict


@pytest.mark.parametrize(("is_admitted", "verdict"), [(True, OK), (False, FAIL)])
def test_a_quote_tells_that_the_key_may(is_admitted: bool, verdict: str) -> None:
    quoted = answer(200, {"would_be_admitted": is_admitted, "refusal": None, "max_cost_omcu": "1"})

    assert look(ROWS, "quote", target(FakeDoor(quoted))).verdict == verdict


def test_a_long_prompt_that_is_blocked_fails() -> None:
    result = look(ROWS, "body-large", target(FakeDoor(refused(403, "The request was blocked"))))

    assert (result.verdict, "blocked" in result.seen) == (FAIL, True)


def test_a_preflight_is_not_tried_where_browsers_are_not_let_in() -> None:
    assert look(ROWS, "preflight", target(FakeDoor(refused(401)))).verdict == NOT_TRIED


def test_a_preflight_must_be_allowed_where_the_stack_says_so() -> None:
    open_stack = stack(parameters={"CorsAllowOrigin": "*"})

    assert look(ROWS, "preflight", target(FakeDoor(refused(401)), open_stack)).verdict == FAIL


def test_a_preflight_that_is_allowed_is_well() -> None:
    allowed = answer(204, b"", access_control_allow_origin="*", access_control_allow_methods="GET, POST")

    assert look(ROWS, "preflight", target(FakeDoor(allowed))).seen == "204, * may GET, POST"
