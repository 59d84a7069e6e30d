"""Errors as pages: what happened, what to do, and an id to ask about. Never a trace, never a foreign body."""

import logging
from dataclasses import dataclass

from flask import Flask, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from oauth_app.services.connections import ConnectionLostError
from oauth_app.services.partner_errors import UnknownPartnerError
from oauth_app.services.partner_sessions import SessionEndedError
from oauth_app.services.self_service import NotYoursError
from oauth_app.services.statement_months import UnknownMonthError
from oauth_app.services.webhook_errors import UnknownDeliveryError, UnknownEndpointError, UnknownEventError
from oauth_app.upstream import UpstreamError, UpstreamGrantLostError, UpstreamRefusedError, UpstreamUnavailableError
from oauth_app.web.login_state import sign_in_url

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Message:
    """What a page says about an error."""

    status: int
    title: str
    text: str
    offers_sign_in: bool = False


_NOT_FOUND = Message(404, _l("Not found"), _l("There is nothing at this address."))

_LATER = _l("Nothing was changed. Please try again in a moment.")
_AGAIN = _l("Please sign in again.")

#: Error class -> what the page says; Flask takes the nearest class.
MESSAGE_OF_ERROR: dict[type[Exception], Message] = {
    NotYoursError: _NOT_FOUND,  # what belongs to somebody else is not there
    SessionEndedError: Message(
        403, _l("You are signed out"), _l("You signed out in the meantime. Please sign in again."), offers_sign_in=True
    ),
    UnknownPartnerError: _NOT_FOUND,
    UnknownMonthError: _NOT_FOUND,
    UnknownEndpointError: _NOT_FOUND,
    UnknownEventError: _NOT_FOUND,
    UnknownDeliveryError: _NOT_FOUND,
    ConnectionLostError: Message(
        403, _l("Your connection to OhMyGPT is lost"), _l("Please sign in again to repair it."), offers_sign_in=True
    ),
    UpstreamUnavailableError: Message(503, _l("OhMyGPT does not answer"), _LATER),
    UpstreamGrantLostError: Message(403, _l("OhMyGPT does not know this sign-in any more"), _AGAIN),
    UpstreamRefusedError: Message(
        400, _l("OhMyGPT did not accept the code"), _l("A code works once and for a short time. Please sign in again.")
    ),
    UpstreamError: Message(502, _l("OhMyGPT answered something unexpected"), _LATER),
    CSRFError: Message(400, _l("This form is out of date"), _l("Please go back, reload the page and try again.")),
}

_HTTP = {
    403: Message(403, _l("Not allowed"), _l("Your account may not open this page.")),
    404: _NOT_FOUND,
    405: Message(405, _l("Not possible"), _l("This address cannot be used that way.")),
}
_OTHER = Message(400, _l("The request could not be understood"), _l("Please go back and try again."))
_OURS = Message(
    500,
    _l("Something went wrong on our side"),
    _l("It has been noted. If it happens again, tell us the id below."),
)


def register_error_pages(app: Flask) -> None:
    """Answer every error that no other part has answered with a page."""
    for error_class, message in MESSAGE_OF_ERROR.items():
        app.register_error_handler(error_class, lambda _error, message=message: _page(message))
    app.register_error_handler(HTTPException, _http_page)
    app.register_error_handler(Exception, _our_fault)


def _http_page(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.code < 400:
        return error.get_response(request.environ)
    if error.code >= 500:
        return _page(_OURS)
    known = _HTTP.get(error.code, _OTHER)
    return _page(Message(error.code, known.title, known.text))


def _our_fault(error: Exception) -> ResponseReturnValue:
    _log.error("unexpected error in request %s", g.get("request_id"), exc_info=error)
    return _page(_OURS)


def _page(message: Message) -> ResponseReturnValue:
    again = sign_in_url("/account", again=True) if message.offers_sign_in else None
    page = render_template("error.html", message=message, again=again, request_id=g.get("request_id"))
    return page, message.status
