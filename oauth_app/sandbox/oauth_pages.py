"""The authorization page and the page that shows a code."""

from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from oauth_app.sandbox import authorization, sessions, sign_in
from oauth_app.sandbox.authorization import AuthorizationRequest
from oauth_app.sandbox.clock import now_s
from oauth_app.sandbox.context import origin_of, sandbox_of
from oauth_app.sandbox.errors import PageError
from oauth_app.sandbox.identifiers import make_code
from oauth_app.sandbox.pages import page

PATH: Final = "/next/v1/oauth"


async def authorize_page(request: Request) -> Response:
    """Ask the person whether the application may act for them; sign in first when needed."""
    wish = _checked(request)
    session = sessions.find(request)
    sign_in_path = _sign_in_path(request)
    if session is None or session.account is None:
        return RedirectResponse(sign_in_path, 303)
    return page(
        "authorize.html",
        app_name=sandbox_of(request).config.app_name,
        host=wish.host,
        session=session,
        switch_path=sign_in_path,
    )


async def decide(request: Request) -> Response:
    """Send the person back with a code, or with ``access_denied``."""
    wish = _checked(request)
    form = await sign_in.read_form(request)
    session = sessions.check_csrf(request, form)
    if session.account is None:
        return RedirectResponse(_sign_in_path(request), 303)
    if form.get("decision") != "approve":
        return RedirectResponse(wish.denied(), 303)
    return RedirectResponse(wish.granted(_issue_code(request, session.account.id)), 303)


async def code_page(request: Request) -> Response:
    """Show a code for the person to copy into an application without a callback."""
    code = request.query_params.get("code", "")
    error = request.query_params.get("error", "")
    if not code and not error:
        raise PageError(400, "No code", "This page shows the code of a finished authorization; the address has none.")
    return page("code.html", code=code, error=error, state=request.query_params.get("state", ""))


def _checked(request: Request) -> AuthorizationRequest:
    return authorization.check(request.query_params, sandbox_of(request).config, origin=origin_of(request))


def _sign_in_path(request: Request) -> str:
    return f"{sign_in.PATH}?{urlencode({'next': f'{PATH}?{request.url.query}'})}"


def _issue_code(request: Request, account_id: int) -> str:
    sandbox = sandbox_of(request)
    code = make_code()
    sandbox.store.run(
        "INSERT INTO code (code, account_id, expires_at_s) VALUES (?, ?, ?)",
        code,
        account_id,
        now_s() + sandbox.config.code_lifetime_s,
    )
    return code


ROUTES: Final = (
    Route(PATH, authorize_page, methods=["GET"]),
    Route(PATH, decide, methods=["POST"]),
    Route(authorization.CODE_PAGE, code_page, methods=["GET"]),
)
