"""Signing out: by the button on our pages, or because a partner sends the browser here for it."""

from urllib.parse import urlencode

from flask import Blueprint, g, redirect, render_template, request
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from oauth_app.db import reading, transaction
from oauth_app.hub import current_hub
from oauth_app.provider.end_session import LogoutProblem, LogoutRequest, LogoutRequestError, read_logout_request
from oauth_app.services.browser_sessions import Login, end_session
from oauth_app.services.issuer import load_issuer
from oauth_app.services.partner_sessions import EndedSessions, forget_callers, is_session_of
from oauth_app.web.guards import public
from oauth_app.web.language import prefer_languages
from oauth_app.web.login_state import current_login, forget_login, session_token

bp = Blueprint("logout", __name__)
bp.before_request(public)

_PATH = "/oauth/logout"
_CONFIRM_PATH = "/oauth/logout/confirm"

_PROBLEMS = {
    LogoutProblem.REPEATED: _l("The site's request says the same thing twice."),
    LogoutProblem.UNTRUSTED_HINT: _l("The site's request names a sign-in that did not happen here, or long ago."),
    LogoutProblem.OTHER_CLIENT: _l("The site's request names the sign-in of another site."),
    LogoutProblem.UNKNOWN_CLIENT: _l("We do not know the site that sent you here."),
    LogoutProblem.UNREGISTERED_ADDRESS: _l("The site wants you to go on to an address that it has not registered."),
}


@bp.post("/logout")
def leave() -> ResponseReturnValue:
    """End the session of this browser."""
    return left_page(_end_session())


@bp.get(_PATH)
def ask() -> ResponseReturnValue:
    """Sign out at once whom the partner has proven to mean, and ask everybody else (RP-Initiated Logout 2).

    Without that question, any site could sign our users out by a link (OWASP ASVS 10.6.2).
    """
    login, wish = current_login(), _read_wish()
    if login is None:
        return redirect(wish.return_to) if wish.return_to and wish.hint else left_page(EndedSessions(), wish)
    if not _is_meant(wish, login):
        g.csp_form_action = None  # the answer to the form leads to the partner
        return render_template("logout.html", wish=wish, login=login, action=_address(_CONFIRM_PATH))
    ended = _end_session()
    return redirect(wish.return_to) if wish.return_to else left_page(ended)


@bp.post(_PATH)
def ask_posted() -> ResponseReturnValue:
    """RP-Initiated Logout 2: the request may be posted. It changes nothing yet, and needs no CSRF token.

    The browser repeats it as a GET: only that one brings the cookies, when another site sends it here.
    """
    return redirect(f"{_PATH}?{urlencode(list(request.form.items(multi=True)))}", 303)


@bp.record_once
def _need_no_csrf_token(state: BlueprintSetupState) -> None:
    state.app.extensions["csrf"].exempt(ask_posted)


@bp.post(_CONFIRM_PATH)
def confirm() -> ResponseReturnValue:
    """Take the answer of the person who was asked; the CSRF token binds it to the browser."""
    login, wish = current_login(), _read_wish()
    if login is None or request.form.get("user") != login.user_id:
        return redirect(_address(_PATH))
    if request.form.get("decision") != "leave":
        return redirect(wish.return_to or "/account")
    ended = _end_session()
    return redirect(wish.return_to) if wish.return_to else left_page(ended)


@bp.errorhandler(LogoutRequestError)
def not_taken(error: LogoutRequestError) -> ResponseReturnValue:
    """RP-Initiated Logout 4: nobody is sent on; who wants to sign out still can."""
    words = _PROBLEMS[error.problem]
    return render_template("logout_error.html", words=words, request_id=g.get("request_id")), 400


def left_page(ended: EndedSessions, wish: LogoutRequest | None = None) -> ResponseReturnValue:
    """Return the page that says that this browser is signed out, and which sites are told."""
    return render_template("signed_out.html", told=ended.told, return_to=wish.return_to if wish else None)


def _read_wish() -> LogoutRequest:
    hub = current_hub()
    issuer = load_issuer(hub)
    with reading(hub.engine) as session:
        wish = read_logout_request(session, issuer)
    prefer_languages(wish.ui_locales)
    return wish


def _is_meant(wish: LogoutRequest, login: Login) -> bool:
    """Tell whether the hint names the very session of this browser."""
    if wish.hint is None or wish.hint.partner_session_id is None:
        return False
    with reading(current_hub().engine) as session:
        return is_session_of(session, wish.hint.partner_session_id, login.session_id)


def _end_session() -> EndedSessions:
    hub, ended = current_hub(), EndedSessions()
    if token := session_token():
        with transaction(hub.engine) as session:
            ended = end_session(session, token)
        forget_callers(hub, ended)
    forget_login()
    return ended


def _address(path: str) -> str:
    """Return the path with the query of the present request."""
    return f"{path}?{urlencode(list(request.args.items(multi=True)))}"
