"""What holds for every answer of every door: a request id, an error form, and a key where one is needed."""

import asyncio
import logging
import re
import traceback
from collections.abc import Callable
from dataclasses import dataclass

from openmind_llm import redaction
from openmind_llm.api import errors
from openmind_llm.api.asgi import App, ClientGoneError, Message, Receive, Scope, Send, headers
from openmind_llm.domain import ids, keys
from openmind_llm.domain.keys import Caller, Viewer
from openmind_llm.errors import DeadlineExceededError, GatewayError, InternalError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Door:
    """How it is told who asks. Both raise AuthenticationError, and block.

    `authenticate` leads from a key to its caller, by what was lately seen of it; `require_valid` looks afresh.
    `viewer` leads from a user's login to what it may see of usage; it raises GatewayError. Without it, keys alone do.
    """

    authenticate: Callable[[str], Caller]
    require_valid: Callable[[Caller], object]
    viewer: Callable[[str], Viewer] | None = None


PUBLIC_PATHS = frozenset({"/health", "/openapi.json", "/docs"})
"""Everything else needs a key, paths that do not exist too."""

ADMITTED_PATH = "/chat/completions"
"""Where the admission checks the key once more, in the same write that holds the credit."""


USAGE_PATH = "/api/core/usage"
"""What is used may be seen with a key or with a login: this path and those below it."""

_LOGIN = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+){2}")
"""A signed token (RFC 7519). No key of our shape has a dot."""


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
    """Lets a request in with its caller in `scope["state"]["caller"]`, or refuses it.

    Behind API Gateway the authorizer has checked the key already, and what it found is in the event, where a client
    cannot write. Everywhere else the key is checked here, by the same code.
    """

    def __init__(self, app: App, door: Door) -> None:
        self._app = app
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in PUBLIC_PATHS:
            scope["state"] |= await self._told(scope)
        await self._app(scope, receive, send)

    async def _told(self, scope: Scope) -> dict[str, Caller | Viewer]:
        login = _login(scope)
        if self._door.viewer is not None and login:
            return {"viewer": await asyncio.to_thread(self._door.viewer, login)}
        caller = _authorized(scope) or await self._check(scope)
        if not scope["path"].endswith(ADMITTED_PATH):
            await asyncio.to_thread(self._door.require_valid, caller)
        return {"caller": caller, "viewer": Viewer(caller.account_id, caller.key_id)}

    async def _check(self, scope: Scope) -> Caller:
        return await asyncio.to_thread(self._door.authenticate, keys.presented(headers(scope)))


def _login(scope: Scope) -> str:
    """What looks like a user's login, where one is of use; else an empty text. Never a key, nor one beside a key."""
    if scope["path"] != USAGE_PATH and not scope["path"].startswith(f"{USAGE_PATH}/"):
        return ""
    shown = [(name, value) for name, value in headers(scope) if name in keys.CREDENTIAL_HEADERS]
    if [name for name, _ in shown] != ["authorization"]:
        return ""
    scheme, _, bearer = shown[0][1].strip().partition(" ")
    return bearer.strip() if scheme.lower() == "bearer" and _LOGIN.fullmatch(bearer.strip()) else ""


def _authorized(scope: Scope) -> Caller | None:
    """The caller as our authorizer put it into the event; None for events without."""
    context = scope.get("aws.event", {}).get("requestContext", {}).get("authorizer") or {}
    if not context.get("key_id"):
        return None
    return Caller(key_id=context["key_id"], account_id=context["account_id"])
