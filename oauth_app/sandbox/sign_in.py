"""Signing in and out, with the seeded accounts shown as a hint."""

import hmac
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from oauth_app.sandbox import accounts, request_body, sessions
from oauth_app.sandbox.accounts import Account
from oauth_app.sandbox.context import store_of
from oauth_app.sandbox.errors import PageError
from oauth_app.sandbox.pages import page
from oauth_app.sandbox.seed import PASSWORD

PATH: Final = "/sandbox/sign-in"


async def sign_in_page(request: Request) -> Response:
    """Ask for e-mail and password; a browser without a session gets one, for the form's guard."""
    return _ask(request)


async def sign_in(request: Request) -> Response:
    """Check the password, begin a fresh session and go where the person was heading."""
    form = await read_form(request)
    sessions.check_csrf(request, form)
    account = _proven_account(request, form)
    if account is None:
        return _ask(request, rejected_email=form.get("email", ""))
    sessions.end(request)
    answer = RedirectResponse(_next_path(request), 303)
    return sessions.remember(request, answer, sessions.begin(store_of(request), account))


async def sign_out_page(request: Request) -> Response:
    """Show who is signed in and a button to sign out."""
    return page("sign_out.html", session=sessions.find(request))


async def sign_out(request: Request) -> Response:
    """End the session and go to the start page."""
    sessions.check_csrf(request, await read_form(request))
    sessions.end(request)
    answer = RedirectResponse("/", 303)
    answer.delete_cookie(sessions.COOKIE)
    return answer


async def read_form(request: Request) -> dict[str, str]:
    """Return the fields of a page's form.

    Raises:
        PageError: 400, it cannot be read.
    """
    try:
        return await request_body.parse_form(request)
    except request_body.BodyError as error:
        raise PageError(400, "That form could not be read", str(error)) from error


def _ask(request: Request, *, rejected_email: str | None = None) -> Response:
    store = store_of(request)
    session = sessions.find(request) or sessions.begin(store, None)
    answer = page(
        "sign_in.html",
        status=200 if rejected_email is None else 403,
        session=session,
        accounts=accounts.all_accounts(store)[:6],
        rejected_email=rejected_email,
        password=PASSWORD,
    )
    return sessions.remember(request, answer, session)


def _proven_account(request: Request, form: dict[str, str]) -> Account | None:
    if not hmac.compare_digest(form.get("password", "").encode(), PASSWORD.encode()):
        return None
    return accounts.find_by_email(store_of(request), form.get("email", ""))


def _next_path(request: Request) -> str:
    # Only our own pages: "//host" and "/\host" would leave for another site.
    path = request.query_params.get("next", "/")
    is_ours = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return path if is_ours else "/"


ROUTES: Final = (
    Route(PATH, sign_in_page, methods=["GET"]),
    Route(PATH, sign_in, methods=["POST"]),
    Route("/sandbox/sign-out", sign_out_page, methods=["GET"]),
    Route("/sandbox/sign-out", sign_out, methods=["POST"]),
)
