"""What is said when a sign-in at OhMyGPT does not end well: what happened, the way on, and an id to ask about."""

from dataclasses import dataclass

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from oauth_app.db import reading
from oauth_app.hub import current_hub
from oauth_app.provider.errors import Asker
from oauth_app.services.sign_in import SignInStateError, StateProblem, find_destination
from oauth_app.upstream import UpstreamError
from oauth_app.web.authorize_address import asked_languages, give_up_path
from oauth_app.web.error_pages import MESSAGE_OF_ERROR, Message
from oauth_app.web.failure_log import find_asker, note_failure
from oauth_app.web.language import prefer_languages
from oauth_app.web.login_state import browser_id, current_login, sign_in_url

_TITLE = _l("This sign-in cannot be finished")
_STATE = {
    StateProblem.UNKNOWN: _l("This sign-in was not started here, or it is long over."),
    StateProblem.EXPIRED: _l("You took more than ten minutes at OhMyGPT, so this sign-in is over."),
    StateProblem.USED: _l("This sign-in was finished before. Perhaps you went back or reloaded the page."),
    StateProblem.FOREIGN: _l(
        "This sign-in was started in another browser. Please finish it there, or start again in this one."
    ),
}
_DENIED = Message(
    403,
    _l("You did not allow it"),
    _l("At OhMyGPT you chose not to sign in here, so nothing was shared and nothing was changed."),
)


@dataclass(frozen=True, kw_only=True)
class WaysOn:
    """Where a person can go from here; None where there is no such way."""

    #: Signed in already: on with what they wanted.
    go_on: str | None = None
    again: str | None = None
    give_up: str | None = None


def register_sign_in_errors(bp: Blueprint) -> None:
    """Answer what can go wrong at the pages of the blueprint."""
    bp.register_error_handler(SignInStateError, _state_page)
    bp.register_error_handler(UpstreamError, _upstream_page)


def show_denied(return_to: str) -> ResponseReturnValue:
    """Return the page for somebody who said no at OhMyGPT on the way to ``return_to``."""
    failure_id = _note("sign_in_denied", find_asker(return_to), return_to)
    return _page(_DENIED, failure_id, _ways_on(return_to), find_asker(return_to))


def _state_page(error: SignInStateError) -> ResponseReturnValue:
    asker = find_asker(error.meant_for)
    failure_id = _note(f"sign_in_{error.problem}", asker, error.meant_for)
    ways = _ways_on(error.return_to, may_go_on=True)
    return _page(Message(400, _TITLE, _STATE[error.problem]), failure_id, ways, asker)


def _upstream_page(error: UpstreamError) -> ResponseReturnValue:
    with reading(current_hub().engine) as session:
        return_to = find_destination(session, request.values.get("state", ""), browser_id())
    asker = find_asker(return_to)
    failure_id = _note("sign_in_failed", asker, return_to, reason=type(error).__name__)
    message = next(MESSAGE_OF_ERROR[known] for known in type(error).__mro__ if known in MESSAGE_OF_ERROR)
    return _page(message, failure_id, _ways_on(return_to), asker)


def _ways_on(return_to: str | None, *, may_go_on: bool = False) -> WaysOn:
    is_signed_in = may_go_on and current_login() is not None
    return WaysOn(
        go_on=return_to or "/account" if is_signed_in else None,
        again=sign_in_url(return_to or "/account", again=not may_go_on),
        give_up=give_up_path(return_to) if return_to else None,
    )


def _note(code: str, asker: Asker | None, return_to: str | None, **details: str) -> str:
    prefer_languages(asked_languages(return_to))
    return note_failure(code, asker, details)


def _page(message: Message, failure_id: str, ways: WaysOn, asker: Asker | None) -> ResponseReturnValue:
    page = render_template("sign_in_error.html", message=message, failure_id=failure_id, ways=ways, asker=asker)
    return page, message.status
