"""The developer page: what is emulated and how sure we are, accounts, recent requests."""

from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from oauth_app.sandbox import accounts, clock, entries, examples, sessions, tiers
from oauth_app.sandbox.config import HttpStatus
from oauth_app.sandbox.context import Sandbox, origin_of, sandbox_of
from oauth_app.sandbox.drawing import routes as drawing
from oauth_app.sandbox.fault_list import FaultKind
from oauth_app.sandbox.pages import page
from oauth_app.sandbox.seed import PASSWORD
from oauth_app.sandbox.sessions import Session
from oauth_app.sandbox.stripe_double import routes as stripe

_SHOWN_ENTRIES: Final = 30
_SHOWN_FAULTS: Final = 20

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
    ("POST", "/api/v1/user/admin/new-api-token", "Create an API key (alias create-api-token)", "documented"),
    ("POST", "/api/v1/user/admin/update-api-token", "Change an API key", "documented"),
    ("POST", "/api/v1/user/admin/get-api-tokens", "List API keys", "documented"),
    ("POST", "/api/v1/user/admin/del-api-token", "Delete an API key (alias delete-api-token)", "documented"),
    ("POST", "/api/v1/user/admin/get-membership-expire-date", "Until when the tiers last", "inferred"),
    ("GET", "/api/v1/pay/model-rates", "Multipliers", "inferred"),
    ("POST", "/api/v1/user/files/upload", "Upload a file", "documented"),
    ("POST", "/api/v1/user/files/update", "Update a file's data", "documented"),
    ("POST", "/api/v1/user/files/delete", "Delete a file", "inferred"),
    ("POST", "/api/v1/user/files/query", "List files by pages", "inferred"),
    ("POST", "/api/v1/user/files/metadata", "Describe files by their ids", "inferred"),
    ("GET", "/api/v1/f/pub/{fileUniqueID}", "Download a public file", "observed"),
    ("GET", "/api/v1/f/pri/{fileUniqueID}", "Download an own file", "inferred"),
    ("GET", "/api/v1/openapi/search/google-search/v1", "Search by Google", "observed"),
    ("POST", "/api/v1/openapi/search/serper/v1", "Search by Serper", "observed"),
    ("POST", "/api/v1/ai/azure/tts", "Text to sound by Azure", "inferred"),
    ("POST", "/api/v1/ai/azure/voices", "Voices of Azure", "inferred"),
    ("POST", "/v1/chat/completions", "OpenAI chat, JSON and SSE", "documented"),
    ("POST", "/v1/embeddings", "OpenAI embeddings", "documented"),
    ("GET", "/v1/chat/completions", "Stored chats", "documented"),
    ("GET", "/v1/chat/completions/{id}", "Read a stored chat", "documented"),
    ("POST", "/v1/chat/completions/{id}", "Change its metadata", "inferred"),
    ("DELETE", "/v1/chat/completions/{id}", "Delete a stored chat", "documented"),
    ("GET", "/v1/chat/completions/{id}/messages", "What a stored chat was asked", "inferred"),
    ("POST", "/v1/responses", "OpenAI responses, JSON and SSE", "documented"),
    ("GET", "/v1/responses/{id}", "Read a response", "documented"),
    ("DELETE", "/v1/responses/{id}", "Delete a response", "documented"),
    ("POST", "/v1/responses/{id}/cancel", "Cancel a background response", "documented"),
    ("GET", "/v1/responses/{id}/input_items", "What a response was asked", "documented"),
    ("POST", "/v1/conversations", "Begin a conversation", "documented"),
    ("GET", "/v1/conversations/{id}", "Read a conversation", "documented"),
    ("POST", "/v1/conversations/{id}", "Change its metadata", "documented"),
    ("DELETE", "/v1/conversations/{id}", "Delete it", "documented"),
    ("POST", "/v1/conversations/{id}/items", "Add items", "documented"),
    ("GET", "/v1/conversations/{id}/items", "List items", "documented"),
    ("GET", "/v1/conversations/{id}/items/{item}", "Read an item", "documented"),
    ("DELETE", "/v1/conversations/{id}/items/{item}", "Delete an item", "documented"),
    ("GET", "/v1/realtime", "OpenAI realtime, a WebSocket", "documented"),
    ("GET", "/v1/models", "Models", "observed"),
    ("GET", "/v1/models/{model}", "One model", "observed"),
    ("POST", "/v1/completions", "OpenAI text completion, JSON and SSE", "documented"),
    ("POST", "/v1/moderations", "OpenAI moderation", "documented"),
    ("POST", "/v1/audio/speech", "Text to sound", "documented"),
    ("POST", "/v1/audio/transcriptions", "Sound to text", "documented"),
    ("POST", "/v1/audio/translations", "Sound to English text", "documented"),
    ("POST", "/v1/messages", "Anthropic messages, JSON and SSE", "observed"),
    ("POST", "/v1/complete", "Anthropic text completion, JSON and SSE", "inferred"),
    ("POST", "/v1/messages/count_tokens", "Anthropic token count", "inferred"),
    ("POST", "/api/v1/ai/openai/cc-omg/v1/messages", "Anthropic messages for Claude Code, at half price", "observed"),
    ("POST", "/api/v1/ai/openai/cc-omg/v1/messages/count_tokens", "Anthropic token count for Claude Code", "inferred"),
    ("POST", "/api/v1/ai/openai/cc-omg/v1/chat/completions", "OpenAI chat for Claude Code, at half price", "observed"),
    ("GET", "/api/v1/ai/openai/cc-omg/models", "Models for Claude Code", "observed"),
    ("POST", "/api/v1/ai/openai/codex-omg/v1/responses", "OpenAI responses for Codex, at half price", "observed"),
    *drawing.OPERATIONS,
    *stripe.OPERATIONS,
)


async def home(request: Request) -> Response:
    """Show the developer page; where there are switches, a browser gets a session for their guard."""
    sandbox = sandbox_of(request)
    session = sessions.find(request)
    if sandbox.config.faults and session is None:
        session = sessions.begin(sandbox.store, None)
    answer = _page(sandbox, session, origin_of(request))
    return sessions.remember(request, answer, session) if session else answer


def _page(sandbox: Sandbox, session: Session | None, origin: str) -> Response:
    return page(
        "home.html",
        config=sandbox.config,
        session=session,
        accounts=[
            (account, tiers.membership_of(sandbox.store, sandbox.config, account).tier)
            for account in accounts.all_accounts(sandbox.store)
        ],
        password=PASSWORD,
        groups=examples.grouped(OPERATIONS, origin),
        origin=origin,
        entries=[entries.entry_of(record) for record in sandbox.journal.records()[:_SHOWN_ENTRIES]],
        kinds=list(FaultKind),
        waiting=sandbox.faults.waiting()[:_SHOWN_FAULTS],
        modes=list(HttpStatus),
        mode=sandbox.switches.http_status,
        now=clock.iso(clock.now_s()),
        ahead_s=clock.ahead_s(),
    )


async def health(_request: Request) -> Response:
    """Say that the sandbox is up."""
    return PlainTextResponse("ok")


ROUTES: Final = (Route("/", home, methods=["GET"]), Route("/healthz", health, methods=["GET"]))
