"""What new versions must show before a request reaches them: a list of checks, and who makes them."""

import base64
import contextlib
import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from openmind_llm import redaction
from openmind_llm.classes import dataclass
from openmind_llm.domain import keys
from openmind_llm.domain.accounts import AccountExistsError, Accounts
from openmind_llm.domain.key_settings import KeySettings

logger = logging.getLogger(__name__)

AUTH, ROUTE, STREAM = "auth", "route", "stream"

ACCOUNT, PLAN, ACTOR = "rollout", "standard", "rollout"
"""Who pays for the checks. The plan has no bound on the number of keys: up to three checks run at once."""

KEY_S = 900
"""How long the key is good if nobody revokes it, in seconds: longer than the function may run."""

CHECK_S = 170
"""So much must be left of the function's time for a check to begin: what one takes at the worst, and the report."""

type Event = dict[str, Any]


class VersionFailedError(Exception):
    """A version did not answer at all; the text says how."""


class Versions(Protocol):
    """The new versions. Blocking."""

    def ask(self, function: str, event: Event) -> bytes:
        """The answer as it is. Raises VersionFailedError, and what its service raises."""


class Reports(Protocol):
    """Who waits for the outcome. Blocking."""

    def tell(self, event: Mapping[str, str], *, is_good: bool) -> None: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What a version said, whichever form its caller wants it in. For the authorizer, 200 is Allow and 401 refusal."""

    status: int
    text: str


@dataclass(frozen=True, slots=True)
class Check:
    """`event` is made of a key; `is_known`: whether that is a good one. `says` must be within the answer."""

    name: str
    function: str
    event: Callable[[str], Event]
    is_known: bool
    status: int
    says: str = ""

    def fault(self, answer: Answer) -> str:
        """What is wrong with an answer; empty if nothing is."""
        if answer.status != self.status:
            return f"status {answer.status} instead of {self.status}: {answer.text}"
        return "" if self.says in answer.text else f"'{self.says}' is not in the answer: {answer.text}"


def checks(model: str, *, has_provider_key: bool) -> Sequence[Check]:
    """In the order in which they are made. `model` is `provider/model`; empty asks no provider.

    Without a key of its provider, our own refusal shows that the completion got as far as that.
    """
    provider, _, name = model.partition("/")
    path = f"/api/core/{provider or 'openai'}/chat/completions"
    body = _completion(name or "gpt-4o-mini")
    by_api, by_url = _rest("POST", path, body), _url(path, body)
    answered = (200, "data: [DONE]") if has_provider_key else (503, "API key not configured")
    asked = [Check("a completion", STREAM, by_api, True, *answered)] if model else []
    return (
        Check("a wrong key at the authorizer", AUTH, _authorization, False, 401),
        Check("a good key at the authorizer", AUTH, _authorization, True, 200),
        Check("what a key may do", ROUTE, _rest("GET", "/api/core/key"), True, 200, '"object":"key"'),
        Check("the models", ROUTE, _rest("GET", "/api/core/models"), True, 200, '"object":"list"'),
        Check("a wrong key at the function URL", STREAM, by_url, False, 401),
        Check("a wrong key at the stream function", STREAM, by_api, False, 401),
        *asked,
    )


class Rollout:
    """`left_s`: seconds of the function's time. `now` gives seconds since the epoch."""

    def __init__(
        self, accounts: Accounts, versions: Versions, now: Callable[[], float], left_s: Callable[[], float]
    ) -> None:
        self._accounts = accounts
        self._versions = versions
        self._now = now
        self._left_s = left_s

    def refusal(self, wanted: Sequence[Check]) -> str:
        """Why the new versions must not be used: of the first check that fails; empty if none does."""
        with self._key() as key:
            for check in wanted:
                if self._left_s() < CHECK_S:
                    return f"{check.name}: no time is left to check it"
                if fault := self._fault(check, key if check.is_known else keys.mint("test")):
                    return f"{check.name}: {fault}"
                logger.info("checked", extra={"check": check.name, "function": check.function})
        return ""

    def _fault(self, check: Check, key: str) -> str:
        try:
            answer = read(check.function, self._versions.ask(check.function, check.event(key)))
        except VersionFailedError as error:
            return str(error)
        return check.fault(answer)

    @contextlib.contextmanager
    def _key(self) -> Iterator[str]:
        with contextlib.suppress(AccountExistsError):
            self._accounts.open(ACCOUNT, PLAN, ACTOR)
        settings = KeySettings(name="rollout", expires_at=int(self._now()) + KEY_S)
        key, known = self._accounts.create_key(ACCOUNT, ACTOR, settings)
        try:
            yield key
        finally:
            self._accounts.delete_key(ACCOUNT, known.record.key_id, ACTOR)


def report(event: Mapping[str, str], reports: Reports, refusal: Callable[[], str]) -> bool:
    """Tells whether the new versions may be used: they may not if that cannot be found out. The log says why."""
    try:
        reason = refusal()
    except Exception as error:  # noqa: BLE001 - whatever it is, CodeDeploy would wait for an hour
        reason = f"the check failed: {type(error).__name__}: {error}"
    if reason:
        logger.error("rollout refused", extra={"reason": redaction.shown(reason)})
    else:
        logger.info("rollout approved")
    reports.tell(event, is_good=not reason)
    return not reason


def read(function: str, payload: bytes) -> Answer:
    """Raises VersionFailedError for what is no answer of that function."""
    try:
        return _FORMS[function](payload)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise VersionFailedError(f"the answer cannot be read: {payload[:200]!r}") from None


def _read_auth(payload: bytes) -> Answer:
    answer = json.loads(payload)
    if answer.get("errorMessage") == "Unauthorized":
        return Answer(401, "Unauthorized")
    if "errorMessage" in answer:
        return _crashed(answer)
    (statement,) = answer["policyDocument"]["Statement"]
    return Answer(200 if statement["Effect"] == "Allow" else 403, statement["Effect"])


def _read_route(payload: bytes) -> Answer:
    answer = json.loads(payload)
    if "errorMessage" in answer:
        return _crashed(answer)
    return Answer(int(answer["statusCode"]), str(answer["body"]))


def _crashed(answer: Mapping[str, Any]) -> Answer:
    return Answer(500, f"{answer.get('errorType')}: {answer['errorMessage']}")


def _read_stream(payload: bytes) -> Answer:
    """What stands before eight zero bytes is status and headers, what follows the body."""
    prelude, delimiter, body = payload.partition(bytes(8))
    if not delimiter:
        raise ValueError
    return Answer(int(json.loads(prelude)["statusCode"]), body.decode())


_FORMS: Mapping[str, Callable[[bytes], Answer]] = {AUTH: _read_auth, ROUTE: _read_route, STREAM: _read_stream}


def _authorization(key: str) -> Event:
    arn = "arn:aws:execute-api:rollout:000000000000:rollout/rollout/GET/api/core/key"
    return {"type": "REQUEST", "methodArn": arn} | _headers(key)


def _rest(method: str, path: str, body: str | None = None) -> Callable[[str], Event]:
    """As API Gateway sends it, but for the authorizer's word: the function checks the key itself then."""
    context = {"httpMethod": method, "path": path, "stage": "rollout", "requestId": "rollout", "identity": {}}
    encoded = None if body is None else base64.b64encode(body.encode()).decode()
    request = {"resource": "/{proxy+}", "path": path, "httpMethod": method, "requestContext": context}
    plain = {"queryStringParameters": None, "multiValueQueryStringParameters": None, "body": encoded}
    return lambda key: request | plain | {"isBase64Encoded": body is not None} | _headers(key)


def _headers(key: str) -> Event:
    headers = {"x-api-key": key, "Host": "rollout", "Content-Type": "application/json"}
    return {"headers": headers, "multiValueHeaders": {name: [value] for name, value in headers.items()}}


def _completion(model: str) -> str:
    """A few tokens, and a stream: what is least alike to all other answers."""
    messages = [{"role": "user", "content": "Say ok."}]
    return json.dumps({"model": model, "messages": messages, "max_tokens": 16, "stream": True})


def _url(path: str, body: str) -> Callable[[str], Event]:
    """As a function URL sends it."""
    http = {"method": "POST", "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "rollout"}
    request = {"version": "2.0", "rawPath": path, "rawQueryString": "", "body": body, "isBase64Encoded": False}
    plain = request | {"requestContext": {"http": http, "requestId": "rollout"}}
    return lambda key: plain | {"headers": {"content-type": "application/json", "x-api-key": key, "host": "rollout"}}
