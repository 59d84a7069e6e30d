"""The application: every area's routes, the middleware, and what they share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from oauth_app.sandbox import (
    ai_routes,
    azure,
    clock_controls,
    controls,
    developer,
    downloads,
    embeddings,
    files_api,
    home,
    key_api,
    llm_chat,
    llm_messages,
    llm_models,
    management_api,
    oauth_api,
    oauth_pages,
    pages,
    payments,
    refusals,
    search,
    sign_in,
)
from oauth_app.sandbox.config import Config
from oauth_app.sandbox.context import Sandbox
from oauth_app.sandbox.drawing import mj_follower
from oauth_app.sandbox.drawing import routes as drawing
from oauth_app.sandbox.fault_list import FaultList
from oauth_app.sandbox.faults import FaultMiddleware
from oauth_app.sandbox.journal import Journal
from oauth_app.sandbox.recorder import JournalMiddleware
from oauth_app.sandbox.store import Store
from oauth_app.sandbox.stripe_double import routes as stripe
from oauth_app.sandbox.stripe_double import stripe_controls
from oauth_app.sandbox.stripe_double.calls import Double
from oauth_app.sandbox.stripe_double.dispatcher import Dispatcher
from oauth_app.sandbox.switches import Switches

#: A new area adds its routes here.
_ROUTES: Final = (
    *home.ROUTES,
    *pages.ROUTES,
    *sign_in.ROUTES,
    *oauth_pages.ROUTES,
    *oauth_api.ROUTES,
    *payments.ROUTES,
    *management_api.ROUTES,
    *key_api.ROUTES,
    *files_api.ROUTES,
    *downloads.ROUTES,
    *search.ROUTES,
    *azure.ROUTES,
    *llm_models.ROUTES,
    *llm_chat.ROUTES,
    *llm_messages.ROUTES,
    *embeddings.ROUTES,
    *ai_routes.ROUTES,
    *drawing.ROUTES,
    *stripe.ROUTES,
)


def create_app(config: Config) -> Starlette:
    """Return a sandbox over the database that `config` names; stopping the server closes it."""
    sandbox = Sandbox(
        config=config,
        store=Store(config.database),
        faults=FaultList(),
        journal=Journal(),
        switches=Switches(http_status=config.http_status),
    )

    dispatcher = Dispatcher(sandbox.store, config)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with dispatcher.running(), mj_follower.running(sandbox):
            yield
        sandbox.store.close()

    app = Starlette(
        routes=_routes(config),
        middleware=_middleware(sandbox),
        exception_handlers=refusals.HANDLERS,
        lifespan=lifespan,
    )
    app.state.sandbox = sandbox
    app.state.stripe = Double(store=sandbox.store, config=config, wake=dispatcher.wake, on_paid=payments.credit_order)
    return app


def _middleware(sandbox: Sandbox) -> list[Middleware]:
    journal = [] if sandbox.config.quick else [Middleware(JournalMiddleware, journal=sandbox.journal)]
    return journal + ([Middleware(FaultMiddleware, faults=sandbox.faults)] if sandbox.config.faults else [])


def _routes(config: Config) -> list[BaseRoute]:
    return [
        *_ROUTES,
        *(
            (*controls.ROUTES, *clock_controls.ROUTES, *developer.ROUTES, *stripe_controls.ROUTES)
            if config.faults
            else ()
        ),
    ]
