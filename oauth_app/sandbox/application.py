"""The application: every area's routes, the middleware, and what they share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route

from oauth_app.sandbox import (
    controls,
    embeddings,
    home,
    llm_chat,
    llm_messages,
    llm_models,
    management_api,
    oauth_api,
    oauth_pages,
    pages,
    payments,
    refusals,
    sign_in,
)
from oauth_app.sandbox.config import Config
from oauth_app.sandbox.context import Sandbox
from oauth_app.sandbox.fault_list import FaultList
from oauth_app.sandbox.faults import FaultMiddleware
from oauth_app.sandbox.journal import Journal, JournalMiddleware
from oauth_app.sandbox.store import Store

#: A new area adds its routes here.
_ROUTES: Final = (
    *home.ROUTES,
    *pages.ROUTES,
    *sign_in.ROUTES,
    *oauth_pages.ROUTES,
    *oauth_api.ROUTES,
    *payments.ROUTES,
    *management_api.ROUTES,
    *llm_models.ROUTES,
    *llm_chat.ROUTES,
    *llm_messages.ROUTES,
    *embeddings.ROUTES,
)


def create_app(config: Config) -> Starlette:
    """Return a sandbox over the database that `config` names; stopping the server closes it."""
    sandbox = Sandbox(config=config, store=Store(config.database), faults=FaultList(), journal=Journal())

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        sandbox.store.close()

    app = Starlette(
        routes=_routes(config),
        middleware=[
            Middleware(JournalMiddleware, journal=sandbox.journal),
            Middleware(FaultMiddleware, faults=sandbox.faults),
        ],
        exception_handlers=refusals.HANDLERS,
        lifespan=lifespan,
    )
    app.state.sandbox = sandbox
    return app


def _routes(config: Config) -> list[Route]:
    return [*_ROUTES, *(controls.ROUTES if config.faults else ())]
