"""The FastAPI application: every route, its OpenAPI, and the error form for what FastAPI itself refuses."""

import time
from importlib import resources
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Path, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.exceptions import HTTPException

from openmind_llm import __version__
from openmind_llm.api import errors, models, openapi, schemas
from openmind_llm.api.asgi import App, Receive, Scope, Send
from openmind_llm.domain import catalogues, utc
from openmind_llm.domain.catalogues import Catalogues
from openmind_llm.errors import GatewayError, InternalError, MethodNotAllowedError, NotFoundError

CHAT_PATH = "/api/core/{provider}/chat/completions"

type Provider = Annotated[str, Path(description="The LLM provider name", json_schema_extra=openapi.PROVIDERS)]


class Delegate(Response):
    """Hands the request, body unread, to a plain ASGI application."""

    def __init__(self, app: App) -> None:
        super().__init__()
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


def create(known: Catalogues, completions: App, *routers: APIRouter) -> FastAPI:
    """`routers` are of the callers' accounts, keys and usage."""
    app = FastAPI(
        title="OpenMind LLM gateway",
        version=__version__,
        description="Six LLM providers behind one OpenAI-shaped endpoint.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    _add_error_handlers(app)
    _add_completions(app, completions)
    for router in routers:
        app.include_router(router)
    _add_models(app, known)
    _add_pages(app)
    openapi.describe(app)
    return app


def _add_completions(app: FastAPI, completions: App) -> None:
    @app.post(CHAT_PATH, tags=["chat"], **openapi.CHAT_OPERATION)
    async def create_chat_completion(provider: Provider) -> Response:  # noqa: ARG001 - declared for OpenAPI
        """Send a chat completion request to a provider."""
        return Delegate(completions)


def _add_models(app: FastAPI, known: Catalogues) -> None:
    @app.get("/api/core/models", tags=["models"], response_model=schemas.ModelList, responses=openapi.REFUSALS)
    async def list_models() -> JSONResponse:
        """Every model of every provider."""
        return JSONResponse(models.listing((await catalogues.current(known)).models(), _today()))

    @app.get(
        "/api/core/{provider}/models",
        tags=["models"],
        response_model=schemas.ModelList,
        responses=openapi.REFUSALS | openapi.NOT_FOUND,
    )
    async def list_provider_models(provider: Provider) -> JSONResponse:
        """The models of one provider."""
        return JSONResponse(models.listing((await catalogues.current(known)).models(provider), _today()))


def _today() -> str:
    return utc.day(time.time())


def _add_pages(app: FastAPI) -> None:
    @app.get("/health", tags=["service"], response_model=schemas.Health)
    async def health() -> JSONResponse:
        """Whether the service answers."""
        return JSONResponse({"status": "ok"})

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        page = resources.files("openmind_llm.portal").joinpath("docs.html")
        return HTMLResponse(page.read_text(encoding="utf-8"))


def _add_error_handlers(app: FastAPI) -> None:
    app.add_exception_handler(GatewayError, _on_gateway_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(Exception, _on_unexpected)


async def _on_gateway_error(_: Request, error: Any) -> JSONResponse:
    return JSONResponse(errors.body(error), status_code=error.status, headers=errors.headers(error))


async def _on_http_exception(request: Request, error: Any) -> JSONResponse:
    """Starlette's own refusals: a path that is not there, a method that is not for this path."""
    if error.status_code == MethodNotAllowedError.status:
        refusal: GatewayError = MethodNotAllowedError("Method not allowed")
    else:
        refusal = NotFoundError("Not found")
    answer = await _on_gateway_error(request, refusal)
    answer.headers.update(error.headers or {})
    return answer


async def _on_unexpected(request: Request, _: Any) -> JSONResponse:
    return await _on_gateway_error(request, InternalError())
