"""The account API: what users do with their keys and see of their credit, by their login."""

import asyncio
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from openmind_llm.api import account_bodies, account_docs
from openmind_llm.api.asgi import read_body
from openmind_llm.domain import json_body
from openmind_llm.domain.owners import OVERLAP_S, Owners
from openmind_llm.errors import InternalError, InvalidRequestError, LedgerUnavailableError

MAX_BODY_BYTES = 65_536

type Work = Callable[[], dict[str, Any]]


def router(owners: Owners) -> APIRouter:
    """All of these paths are in middleware.LOGIN_PATHS, which sees to it that `state.user` says who asks."""
    routes = APIRouter(tags=["account"])
    _add_reading(routes, owners)
    _add_creation(routes, owners)
    _add_changes(routes, owners)
    return routes


def _add_reading(routes: APIRouter, owners: Owners) -> None:
    @routes.get("/api/core/api_keys", **account_docs.LIST_KEYS_OPERATION)
    async def list_api_keys(request: Request) -> JSONResponse:
        """Your keys, but for deleted ones."""
        user = _user(request)
        return await _answer(
            lambda: {"api_keys": [account_bodies.key(known) for known in owners.keys(user)]}, "Failed to fetch API keys"
        )

    @routes.get("/api/core/account/balance", **account_docs.BALANCE_OPERATION)
    async def get_balance(request: Request) -> JSONResponse:
        """Your plan and what is left of your credit, in whole OMCU."""
        user = _user(request)
        return await _answer(
            lambda: account_bodies.balance(owners.account(user)[0]), "Failed to fetch the account balance"
        )


def _add_creation(routes: APIRouter, owners: Owners) -> None:
    @routes.post("/api/core/api_keys/create", **account_docs.CREATE_KEY_OPERATION)
    async def create_api_key(request: Request) -> JSONResponse:
        """Make a key. It is shown this once."""
        user, raw = _user(request), await read_body(request.receive, MAX_BODY_BYTES)
        asked = json_body.parse(raw) if raw else {}

        def create() -> dict[str, Any]:
            return _shown_once("API key created successfully", *owners.create_key(user, asked))

        return await _answer(create, "Failed to create API key")

    @routes.post("/api/core/api_keys/rotate", **account_docs.ROTATE_KEY_OPERATION)
    async def rotate_api_key(request: Request) -> JSONResponse:
        """Give a key a new secret. The old one stays good for a while."""
        user, (key_id, asked) = _user(request), await _of_key(request)
        overlap_s = asked.pop("overlap_seconds", OVERLAP_S)
        _refuse_more(asked)

        def rotate() -> dict[str, Any]:
            return _shown_once("API key rotated successfully", *owners.rotate_key(user, key_id, overlap_s))

        return await _answer(rotate, "Failed to rotate API key")


def _add_changes(routes: APIRouter, owners: Owners) -> None:
    @routes.post("/api/core/api_keys/update", **account_docs.UPDATE_KEY_OPERATION)
    async def update_api_key(request: Request) -> JSONResponse:
        """Change a key's name, end, models or limits: the fields that are sent; null takes one away."""
        user, (key_id, asked) = _user(request), await _of_key(request)

        def update() -> dict[str, Any]:
            changed = account_bodies.key(owners.update_key(user, key_id, asked))
            return {"message": "API key updated successfully", "api_key_info": changed}

        return await _answer(update, "Failed to update API key")

    @routes.post("/api/core/api_keys/delete", **account_docs.DELETE_KEY_OPERATION)
    async def delete_api_key(request: Request) -> JSONResponse:
        """Delete a key: it is refused from now on."""
        user, (key_id, _) = _user(request), await _of_key(request)

        def delete() -> dict[str, Any]:
            owners.delete_key(user, key_id)
            return {"message": "API key deleted successfully"}

        return await _answer(delete, "Failed to delete API key")


def _user(request: Request) -> str:
    return str(request.state.user)


async def _of_key(request: Request) -> tuple[str, dict[str, Any]]:
    """The key's id, and the other fields. Raises InvalidRequestError with the documented texts."""
    raw = await read_body(request.receive, MAX_BODY_BYTES)
    try:
        asked = json_body.parse(raw)
    except InvalidRequestError:
        raise InvalidRequestError("No data provided or invalid format") from None
    key_id = asked.pop("id", None)
    if not isinstance(key_id, str) or not key_id:
        raise InvalidRequestError("API key ID is required")
    return key_id, asked


def _refuse_more(asked: dict[str, Any]) -> None:
    if asked:
        raise InvalidRequestError("only id and overlap_seconds can be sent")


def _shown_once(message: str, key: str, known: Any) -> dict[str, Any]:
    return {"message": message, "api_key": key, "api_key_info": account_bodies.key(known)}


async def _answer(work: Work, failed: str) -> JSONResponse:
    """`failed` is the documented text for a store that cannot be used."""
    try:
        body = await asyncio.to_thread(work)
    except LedgerUnavailableError:
        raise InternalError(failed) from None
    return JSONResponse(body, headers={"cache-control": "no-store"})
