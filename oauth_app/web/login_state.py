"""What the browser's cookie tells: which browser it is, and who has signed in with it."""

import secrets
from contextlib import suppress
from urllib.parse import urlencode

from flask import Response, abort, g, session
from sqlalchemy.exc import OperationalError

from oauth_app.db import reading, transaction
from oauth_app.hub import current_hub
from oauth_app.services.browser_sessions import Login, find_login, is_worth_noting, note_seen

_TOKEN = "login"  # noqa: S105 - the name of a field in the cookie
_BROWSER = "browser"


def current_login() -> Login | None:
    """Return who is signed in; asked of the database once a request."""
    if "login" not in g:
        token = session.get(_TOKEN)
        with reading(current_hub().engine) as database:
            g.login = find_login(database, token) if token else None
    login: Login | None = g.login
    return login


def keep_seen(response: Response) -> Response:
    """Keep that the browser was here, now that no transaction of the request is open."""
    login: Login | None = g.get("login")
    if login is not None and is_worth_noting(login):
        # The page is made; it must not be lost for a note that the next one can make.
        with suppress(OperationalError), transaction(current_hub().engine) as database:
            note_seen(database, login)
    return response


def user_id() -> str:
    """Return the signed-in user's id, behind the guard ``signed_in``."""
    login = current_login()
    if login is None:
        abort(401)
    return login.user_id


def session_token() -> str | None:
    """Return the token of the browser's session, if its cookie has one."""
    return session.get(_TOKEN)


def remember_login(token: str) -> None:
    """Put the token of a fresh session into the cookie."""
    session[_TOKEN] = token
    session.permanent = True


def forget_login() -> None:
    """Take the token out of the cookie."""
    session.pop(_TOKEN, None)
    g.pop("login", None)


def browser_id() -> str:
    """Return the random name of this browser, given at its first sign-in and kept after it.

    It is not renewed by a sign-in: the other tabs' attempts are bound to it.
    """
    if _BROWSER not in session:
        session[_BROWSER] = secrets.token_urlsafe(16)
        session.permanent = True
    return str(session[_BROWSER])


def sign_in_url(return_to: str, *, again: bool = False) -> str:
    """Return the address that signs a person in and brings them to ``return_to``, a local path.

    ``again`` asks for a new sign-in even of a person who has one.
    """
    query = {"next": return_to} | ({"again": "1"} if again else {})
    return f"/login?{urlencode(query)}"


def local_path(text: str | None, *, default: str = "/account") -> str:
    """Return ``text`` if it is a path on this site, else the default: never an open redirect."""
    if not text or not text.startswith("/") or text.startswith("//") or len(text) > 8000:
        return default
    return default if "\\" in text or any(ord(char) < 32 for char in text) else text
