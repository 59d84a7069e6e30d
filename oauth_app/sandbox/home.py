"""The developer page: what is emulated and how sure we are, accounts, recent requests."""

from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from oauth_app.sandbox import accounts, sessions
from oauth_app.sandbox.context import sandbox_of
from oauth_app.sandbox.pages import page
from oauth_app.sandbox.seed import PASSWORD

#: (method, path, what it does, provenance). README.md has the pages the documented ones stand on.
OPERATIONS: Final = (
    ("GET", "/next/v1/oauth", "Authorization page", "documented"),
    ("GET", "/next/v1/oauth/succeed", "Code page", "documented"),
    ("POST", "/api/v1/user/oauth/issue-token", "Code for token", "documented"),
    ("POST", "/api/v1/user/oauth/app/query-user-basic-info", "Who the user is", "observed"),
    ("POST", "/api/v1/user/oauth/app/query-user-balance", "The user's balance", "inferred"),
    ("POST", "/api/v1/user/oauth/app/charge-user-fee", "Charge the user", "inferred"),
    ("POST", "/api/v1/user/oauth/app/create-stripe-checkout-order", "Top-up by Checkout", "inferred"),
    ("POST", "/api/v1/user/oauth/app/create-stripe-invoice-order", "Top-up by invoice", "inferred"),
    ("POST", "/api/v1/user/oauth/app/get-user-admin-token", "Read the management key", "inferred"),
    ("POST", "/api/v1/user/oauth/app/update-user-admin-token", "Rotate the management key", "inferred"),
    ("POST", "/api/v1/user/admin/balance", "Balance by management key", "documented"),
    ("GET", "/api/v1/pay/model-rates", "Multipliers", "inferred"),
    ("POST", "/v1/chat/completions", "OpenAI chat, JSON and SSE", "documented"),
    ("POST", "/v1/embeddings", "OpenAI embeddings", "documented"),
    ("GET", "/v1/models", "Models", "observed"),
    ("POST", "/v1/messages", "Anthropic messages, JSON and SSE", "observed"),
    ("POST", "/v1/messages/count_tokens", "Anthropic token count", "inferred"),
)


async def home(request: Request) -> Response:
    """Show the developer page."""
    sandbox = sandbox_of(request)
    return page(
        "home.html",
        config=sandbox.config,
        session=sessions.find(request),
        accounts=accounts.all_accounts(sandbox.store),
        password=PASSWORD,
        operations=OPERATIONS,
        entries=sandbox.journal.entries()[:30],
    )


async def health(_request: Request) -> Response:
    """Say that the sandbox is up."""
    return PlainTextResponse("ok")


ROUTES: Final = (Route("/", home, methods=["GET"]), Route("/healthz", health, methods=["GET"]))
