"""Rows that cost nothing: the form of every answer, before any provider is asked."""

import json

from dev.smoke.table import NotTriedError, Row, UnmetError
from dev.smoke.target import Target
from dev.smoke.wire import Answer, Door

JSON = {"content-type": "application/json"}
TOO_LARGE = 7_000_000
LARGE = 40_000
ORIGIN = "https://smoke.example"


def status(answer: Answer, expected: int) -> None:
    """Raises UnmetError."""
    if answer.status != expected:
        raise UnmetError(f"{answer.status} {answer.raw[:100].decode(errors='replace')}")


def refusal(answer: Answer, expected: int) -> str:
    """The text of an error in the contract's form. Raises UnmetError."""
    status(answer, expected)
    if not answer.headers.get("content-type", "").startswith("application/json"):
        raise UnmetError(f"{answer.status}, but content-type {answer.headers.get('content-type')}")
    if not _is_form(answer):
        raise UnmetError(f"{answer.status}, but not the contract's form: {answer.raw[:80].decode(errors='replace')}")
    if not answer.headers.get("x-request-id"):
        raise UnmetError(f"{answer.status}, but no x-request-id")
    return f"{answer.status} {answer.body['error']}"


def _is_form(answer: Answer) -> bool:
    try:
        body = answer.body
    except ValueError:
        return False
    return isinstance(body, dict) and set(body) == {"error"} and isinstance(body["error"], str)


def _health(target: Target) -> str:
    answer = target.api.ask("GET", "/health")
    status(answer, 200)
    if answer.body != {"status": "ok"}:
        raise UnmetError(f"200 {answer.body}")
    return "200"


def _openapi(target: Target) -> str:
    answer = target.api.ask("GET", "/openapi.json")
    status(answer, 200)
    document = answer.body
    if "/api/core/{provider}/chat/completions" not in document["paths"]:
        raise UnmetError("no completions in it")
    return f"openapi {document['openapi']}, {len(document['paths'])} paths"


def _key_missing(target: Target) -> str:
    return refusal(target.api.ask("POST", target.path, JSON, b"{}"), 401)


def _key_wrong(target: Target) -> str:
    return _with_wrong_key(target, target.api)


def _key_wrong_url(target: Target) -> str:
    return _with_wrong_key(target, target.second_door)


def _with_wrong_key(target: Target, door: Door) -> str:
    headers = JSON | {"x-api-key": f"om1_live_{'0' * 80}"}
    return refusal(door.ask("POST", target.path, headers, target.body("Hi", 5)), 401)


def _path_unknown(target: Target) -> str:
    return refusal(target.api.ask("GET", "/api/core/no/such/path", target.headers), 404)


def _provider_unknown(target: Target) -> str:
    path = "/api/core/no-such-provider/chat/completions"
    return refusal(target.api.ask("POST", path, target.headers, target.body("Hi", 5)), 404)


def _model_unknown(target: Target) -> str:
    body = json.dumps({"model": "no-such-model", "messages": [{"role": "user", "content": "Hi"}]}).encode()
    return refusal(target.api.ask("POST", target.path, target.headers, body), 404)


def _body_bad(target: Target) -> str:
    return refusal(target.api.ask("POST", target.path, target.headers, b'{"model": '), 400)


def _body_not_utf8(target: Target) -> str:
    return refusal(target.api.ask("POST", target.path, target.headers, b'{"model": "\xe9"}'), 400)


def _body_too_large(target: Target) -> str:
    return refusal(target.api.ask("POST", target.path, target.headers, target.body("x" * TOO_LARGE, 5)), 413)


def _body_large(target: Target) -> str:
    prompt = "This is an ordinary long prompt. " * (LARGE // 33)
    answer = target.api.ask("POST", f"{target.path}/quote", target.headers, target.body(prompt, 5))
    status(answer, 200)
    return f"200 for {LARGE // 1000} kB"


def _quote(target: Target) -> str:
    answer = target.api.ask("POST", f"{target.path}/quote", target.headers, target.body("Hi", 50))
    status(answer, 200)
    quote = answer.body
    if quote["would_be_admitted"] is not True:
        raise UnmetError(f"refused: {quote['refusal']}")
    return f"at most {quote['max_cost_omcu']} OMCU"


def _preflight(target: Target) -> str:
    asked = {"origin": ORIGIN, "access-control-request-method": "POST"}
    asked["access-control-request-headers"] = "authorization,content-type"
    answer = target.api.ask("OPTIONS", target.path, asked)
    allowed = answer.headers.get("access-control-allow-origin")
    wanted = target.stack.parameter("CorsAllowOrigin") if target.stack else ""
    if not allowed and not wanted:
        raise NotTriedError("CorsAllowOrigin is not set")
    if answer.status not in {200, 204} or not allowed or "POST" not in _methods(answer):
        raise UnmetError(f"{answer.status}, allowed origin {allowed}, methods {_methods(answer)}")
    return f"{answer.status}, {allowed} may {_methods(answer)}"


def _methods(answer: Answer) -> str:
    return answer.headers.get("access-control-allow-methods", "")


ROWS: tuple[Row[Target], ...] = (
    Row("health", '200 {"status": "ok"}', _health),
    Row("openapi", "200, a document with the completions in it", _openapi),
    Row("key-missing", "401 in the contract's form", _key_missing),
    Row("key-wrong", "401 in the contract's form", _key_wrong),
    Row("key-wrong-url", "401 by the function URL, too", _key_wrong_url),
    Row("path-unknown", "404 in the contract's form", _path_unknown),
    Row("provider-unknown", "404 in the contract's form", _provider_unknown),
    Row("model-unknown", "404 in the contract's form", _model_unknown),
    Row("body-bad", "400 in the contract's form", _body_bad),
    Row("body-not-utf8", "400: the bytes reach the function as they are", _body_not_utf8),
    Row("body-too-large", "413 in the contract's form", _body_too_large),
    Row("body-large", "a long prompt is let through (by a quote)", _body_large),
    Row("preflight", "allowed, if browsers are", _preflight),
    Row("quote", "200, would be admitted", _quote),
)
