"""What holds for every answer of every door: a request id, an error form, and a key where one is needed."""

import asyncio
import logging
import re
import traceback
from collections.abc import Callable

from openmind_llm import redaction
from openmind_llm.api import errors
from openmind_llm.api.asgi import App, ClientGoneError, Message, Receive, Scope, Send, headers
from openmind_llm.classes import dataclass
from openmind_llm.domain import ids, keys
from openmind_llm.domain.aside import answer_alone, aside
from openmind_llm.domain.keys import Caller
from openmind_llm.errors import DeadlineExceededError, GatewayError, InternalError, NotFoundError, UserNotFoundError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Door:
    """How it is told who asks. All of it blocks; of keys, it raises AuthenticationError.

    `authenticate` leads from a key to its caller, by what was lately seen of it; `require_valid` looks afresh.
    `user` leads from a login to its user (domain.ports.Logins); None at a door without paths for logins.
    """

    authenticate: Callable[[str], Caller]
    require_valid: Callable[[Caller], object]
    user: Callable[[str], str] | None = None


PUBLIC_PATHS = frozenset({"/health", "/openapi.json", "/docs"})
"""Everything else needs a key, paths that do not exist too."""

LOGIN_PATHS = frozenset(
    {
        "/api/core/account/balance",
        "/api/core/api_keys",
        "/api/core/api_keys/create",
        "/api/core/api_keys/delete",
        "/api/core/api_keys/rotate",
        "/api/core/api_keys/update",
    }
)
"""These take a user's login, and no key: a key that leaks can neither make others nor delete them."""

USAGE_PATH = "/api/core/usage"
"""This path, and those of requests right below it, take a key or a user's login."""

_USAGE = re.compile(rf"{USAGE_PATH}(?:/[^/]*)?")

_LOGIN = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+){2}")
"""What a signed token looks like (RFC 7519). No key of our shape has a dot."""

ADMITTED_PATH = "/chat/completions"
"""Where the admission checks the key once more, in the same write that holds the credit."""


class Alone:
    """For a process that is given a request only after it has answered the one before: nothing is done in threads."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer_alone()
        await self._app(scope, receive, send)


class Outermost:
    """Gives each request an id, and each failure an answer. `now` gives seconds since the epoch."""

    def __init__(self, app: App, now: Callable[[], float]) -> None:
        self._app = app
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = scope.setdefault("state", {})["request_id"] = ids.new(int(self._now() * 1000))
        reply = _Reply(send, request_id)
        try:
            await self._app(scope, receive, reply)
        except ClientGoneError:
            logger.info("client gone", extra={"request_id": request_id})
        except GatewayError as error:
            await errors.send(reply, error)
        except asyncio.CancelledError:
            await reply.fail(DeadlineExceededError())
            raise
        except Exception:  # noqa: BLE001 - the one place that turns a fault of ours into an answer
            # A trace may quote a value, and a value may be a key.
            trace = redaction.without_keys(traceback.format_exc())
            logger.error("unexpected error", extra={"request_id": request_id, "trace": trace})
            await reply.fail(InternalError())


class _Reply:
    """The way back to the client; knows whether an answer has begun."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._request_id = request_id.encode()
        self._has_begun = False

    async def __call__(self, message: Message) -> None:
        is_start = message["type"] == "http.response.start"
        if is_start:
            message["headers"] = [*message["headers"], (b"x-request-id", self._request_id)]
        await self._send(message)
        self._has_begun = self._has_begun or is_start

    async def fail(self, error: GatewayError) -> None:
        if not self._has_begun:
            await errors.send(self, error)


class RequireKey:
    """Lets a request in with its caller in `scope["state"]["caller"]`, or refuses it; on a login's path, `user`.

    Behind API Gateway the authorizer has checked the key already, and what it found is in the event, where a client
    cannot write. Everywhere else the key is checked here, by the same code.

    A line break behind a path is refused: to a route's pattern it is the same path, and it is none of those above.
    """

    def __init__(self, app: App, door: Door) -> None:
        self._app = app
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in PUBLIC_PATHS:
            if self._door.user is not None and (scope["path"] in LOGIN_PATHS or _shows_login(scope)):
                scope["state"]["user"] = await aside(self._door.user, _login(scope))
            else:
                scope["state"]["caller"] = await self._caller(scope)
            if scope["path"].endswith("\n"):
                raise NotFoundError("Not found")
        await self._app(scope, receive, send)

    async def _caller(self, scope: Scope) -> Caller:
        caller = _authorized(scope) or await self._check(scope)
        if not scope["path"].endswith(ADMITTED_PATH):
            await aside(self._door.require_valid, caller)
        return caller

    async def _check(self, scope: Scope) -> Caller:
        return await aside(self._door.authenticate, keys.presented(headers(scope)))


def _login(scope: Scope) -> str:
    """The one bearer token of a request. Raises UserNotFoundError."""
    values = [value.split(" ", 1) for name, value in headers(scope) if name == "authorization"]
    if len(values) != 1 or len(values[0]) != 2 or values[0][0].lower() != "bearer":  # noqa: PLR2004 - scheme, token
        raise UserNotFoundError
    return values[0][1].strip()


def _shows_login(scope: Scope) -> bool:
    """Whether a path that takes either is asked for with a login, and with nothing beside it."""
    if not _USAGE.fullmatch(scope["path"]):
        return False
    shown = [value for name, value in headers(scope) if name in keys.CREDENTIAL_HEADERS]
    try:
        return len(shown) == 1 and _LOGIN.fullmatch(_login(scope)) is not None
    except UserNotFoundError:
        return False


def _authorized(scope: Scope) -> Caller | None:
    """The caller as our authorizer put it into the event; None for events without."""
    context = scope.get("aws.event", {}).get("requestContext", {}).get("authorizer") or {}
    if not context.get("key_id"):
        return None
    return Caller(context["key_id"], context["account_id"], context.get("proof", ""))
