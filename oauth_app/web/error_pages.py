"""Errors as pages: what happened, what to do, and an id to ask about. Never a trace, never a foreign body."""

import logging
from dataclasses import dataclass

from flask import Flask, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from oauth_app.services.connections import ConnectionLostError
from oauth_app.services.self_service import NotYoursError
from oauth_app.services.sign_in import SignInStateError, StateProblem
from oauth_app.upstream import UpstreamError, UpstreamGrantLostError, UpstreamRefusedError, UpstreamUnavailableError
from oauth_app.web.login_state import sign_in_url

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Message:
    """What a page says about an error."""

    status: int
    title: str
    text: str


_STATE = {
    StateProblem.UNKNOWN: _l("This sign-in was not started here, or it is long over."),
    StateProblem.EXPIRED: _l("You took more than ten minutes at OhMyGPT, so this sign-in is over."),
    StateProblem.USED: _l("This sign-in was finished before. Perhaps you went back or reloaded the page."),
    StateProblem.FOREIGN: _l("This sign-in was started in another browser."),
}

_NOT_FOUND = Message(status=404, title=_l("Not found"), text=_l("There is nothing at this address."))

#: Error class -> what the page says. The first class that fits counts.
MESSAGE_OF_ERROR: tuple[tuple[type[Exception], Message], ...] = (
    (NotYoursError, _NOT_FOUND),  # what belongs to somebody else is not there
    (
        UpstreamUnavailableError,
        Message(
            status=503,
            title=_l("OhMyGPT does not answer"),
            text=_l("Nothing was changed. Please try again in a moment."),
        ),
    ),
    (
        UpstreamRefusedError,
        Message(
            status=400,
            title=_l("OhMyGPT did not accept the code"),
            text=_l("A code works once and for a short time. Please sign in again."),
        ),
    ),
    (
        UpstreamGrantLostError,
        Message(
            status=403,
            title=_l("OhMyGPT does not know this sign-in any more"),
            text=_l("Please sign in again."),
        ),
    ),
    (
        ConnectionLostError,
        Message(
            status=403,
            title=_l("Your connection to OhMyGPT is lost"),
            text=_l("Please sign in again to repair it."),
        ),
    ),
    (
        UpstreamError,
        Message(
            status=502,
            title=_l("OhMyGPT answered something unexpected"),
            text=_l("Nothing was changed. Please try again in a moment."),
        ),
    ),
    (
        CSRFError,
        Message(
            status=400,
            title=_l("This form is out of date"),
            text=_l("Please go back, reload the page and try again."),
        ),
    ),
)

_HTTP = {
    403: Message(status=403, title=_l("Not allowed"), text=_l("Your account may not open this page.")),
    404: _NOT_FOUND,
    405: Message(status=405, title=_l("Not possible"), text=_l("This address cannot be used that way.")),
}
_OTHER = Message(status=400, title=_l("The request could not be understood"), text=_l("Please go back and try again."))
_OURS = Message(
    status=500,
    title=_l("Something went wrong on our side"),
    text=_l("It has been noted. If it happens again, tell us the id below."),
)


def register_error_pages(app: Flask) -> None:
    """Answer every error that no other part has answered with a page."""
    app.register_error_handler(SignInStateError, _state_page)
    for error_class, message in MESSAGE_OF_ERROR:
        app.register_error_handler(error_class, lambda _error, message=message: _page(message))
    app.register_error_handler(HTTPException, _http_page)
    app.register_error_handler(Exception, _our_fault)


def _state_page(error: SignInStateError) -> ResponseReturnValue:
    message = Message(status=400, title=_l("This sign-in cannot be finished"), text=_STATE[error.problem])
    return _page(message, again=sign_in_url(error.return_to or "/account"))


def _http_page(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.code < 400:
        return error.get_response(request.environ)
    if error.code >= 500:
        return _page(_OURS)
    known = _HTTP.get(error.code, _OTHER)
    return _page(Message(status=error.code, title=known.title, text=known.text))


def _our_fault(error: Exception) -> ResponseReturnValue:
    _log.error("unexpected error in request %s", g.get("request_id"), exc_info=error)
    return _page(_OURS)


def _page(message: Message, *, again: str | None = None) -> ResponseReturnValue:
    page = render_template("error.html", message=message, again=again, request_id=g.get("request_id"))
    return page, message.status
