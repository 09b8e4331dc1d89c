"""The routes that tell a caller about its key, its usage, its requests, and what a request would cost."""

import asyncio
from collections.abc import Callable
from datetime import date
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from openmind_llm.api import report_bodies, report_docs
from openmind_llm.api.app import CHAT_PATH, Delegate, Provider
from openmind_llm.api.middleware import USAGE_PATH
from openmind_llm.api.quotes import QuotesEndpoint
from openmind_llm.classes import dataclass
from openmind_llm.domain.keys import Viewer
from openmind_llm.domain.reports import query
from openmind_llm.domain.reports.own_key import OwnKeys
from openmind_llm.domain.reports.usage import Page, UsageReports

CSV = "text/csv; charset=utf-8; header=present"
UNKEPT = {"cache-control": "no-store"}
"""It is another caller's business, and another number in a second."""


@dataclass(frozen=True, slots=True)
class Reports:
    """What the routes answer from; `today` is UTC's.

    `account_of` leads from a user to the id of its account. It blocks, and raises NoSuchUserError.
    """

    keys: OwnKeys
    usage: UsageReports
    quotes: QuotesEndpoint
    today: Callable[[], date]
    account_of: Callable[[str], str]


def router(reports: Reports) -> APIRouter:
    """Needs `state.caller` in the scope, or `state.user` for what users see, too."""
    routes = APIRouter()
    _add_key(routes, reports)
    _add_usage(routes, reports)
    _add_quote(routes, reports)
    return routes


def _add_key(routes: APIRouter, reports: Reports) -> None:
    @routes.get("/api/core/key", tags=["usage"], **report_docs.KEY_OPERATION)
    async def describe_key(request: Request) -> JSONResponse:
        """What this key may do, what is left, and what it has used."""
        key = await asyncio.to_thread(reports.keys.get, request.state.caller)
        return JSONResponse(report_bodies.own_key(key), headers=UNKEPT)


def _add_usage(routes: APIRouter, reports: Reports) -> None:
    @routes.get(USAGE_PATH, tags=["usage"], **report_docs.USAGE_OPERATION)
    async def list_usage(request: Request) -> Response:
        """Requests, tokens and charges of the days, summed by group: of the key, or with a login of the account."""
        asked = query.parse(request.query_params.multi_items(), reports.today())
        page = await asyncio.to_thread(reports.usage.page, await _viewer(request, reports), asked)
        headers = UNKEPT | _next(page)
        if asked.format == "csv":
            return Response(report_bodies.usage_sheet(page), media_type=CSV, headers=headers)
        return JSONResponse(report_bodies.usage(page), headers=headers)

    @routes.get(f"{USAGE_PATH}/{{request_id}}", tags=["usage"], **report_docs.REQUEST_OPERATION)
    async def describe_request(request: Request, request_id: report_docs.RequestId) -> JSONResponse:
        """What one request came to."""
        row = await asyncio.to_thread(reports.usage.request, await _viewer(request, reports), request_id)
        return JSONResponse(report_bodies.request(row), headers=UNKEPT)


def _add_quote(routes: APIRouter, reports: Reports) -> None:
    @routes.post(f"{CHAT_PATH}/quote", tags=["chat"], **report_docs.QUOTE_OPERATION)
    async def quote_chat_completion(provider: Provider) -> Response:  # noqa: ARG001 - declared for OpenAPI
        """What a chat completion request would cost at most, and whether it would be admitted. It is not sent."""
        return Delegate(reports.quotes)


async def _viewer(request: Request, reports: Reports) -> Viewer:
    """A key sees what is its own, a user the whole account. Raises NoSuchUserError."""
    user = getattr(request.state, "user", None)
    if user is None:
        return Viewer(request.state.caller.account_id, request.state.caller.key_id)
    return Viewer(await asyncio.to_thread(reports.account_of, user))


def _next(page: Page) -> dict[str, str]:
    """A link that holds wherever the API is: of the same path, with another query."""
    if not page.next_cursor:
        return {}
    link = urlencode(page.query.link(page.next_cursor), safe=",")
    return {"x-openmind-next-cursor": page.next_cursor, "link": f'<?{link}>; rel="next"'}
