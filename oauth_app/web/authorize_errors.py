"""What is answered when an authorization request cannot be granted: to the partner if it is proven, else on a page."""

from dataclasses import dataclass

from flask import Blueprint, g, redirect, render_template
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError

from oauth_app.db import transaction
from oauth_app.hub import current_hub
from oauth_app.provider.errors import (
    Asker,
    GoneReason,
    PushedRequestGoneError,
    RefusedError,
    UnprovenRequestError,
    WrongRedirectUriError,
)
from oauth_app.provider.pushed_requests import use_up
from oauth_app.services.authorization_failures import Failure, record_failure
from oauth_app.services.partner_sessions import SessionEndedError
from oauth_app.web.authorize_address import AUTHORIZE_PATH, address_of
from oauth_app.web.failure_log import note_failure
from oauth_app.web.send_back import send_back


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """What a page says: what happened, and what the site's developer should look at."""

    title: str
    text: str
    for_developer: str | None = None


_UNKNOWN_CLIENT = Explanation(
    title=_l("This link does not work"),
    text=_l("A site has sent you here that we do not know, or that is switched off."),
    for_developer=_l("If this is your site: check client_id."),
)
_WRONG_REDIRECT_URI = Explanation(
    title=_l("This link does not work"),
    text=_l(
        "A site has sent you here, but the address it wants you sent back to is not one that it has registered. "
        "So we do not send you there."
    ),
    for_developer=_l("If this is your site: redirect_uri must be the registered address, letter for letter."),
)
_GONE = {
    GoneReason.UNKNOWN: Explanation(
        title=_l("This link does not work"),
        text=_l("The site has sent you here with a request that we do not know, or that is long over."),
        for_developer=_l("If this is your site: request_uri is good once, and only for the client that has pushed it."),
    ),
    GoneReason.EXPIRED: Explanation(
        title=_l("This sign-in is over"),
        text=_l("Too much time has passed since the site sent you here. Please start again there."),
    ),
    GoneReason.USED: Explanation(
        title=_l("This sign-in is finished"),
        text=_l("You have been here before: perhaps you went back, or opened the page a second time."),
    ),
}
_OUT_OF_DATE = Explanation(
    title=_l("This page is out of date"),
    text=_l("You have signed out or in since it was shown, or cookies are switched off. Nothing was agreed to."),
)


def register_authorize_errors(bp: Blueprint) -> None:
    """Answer what can go wrong at the endpoints of the blueprint."""
    bp.register_error_handler(RefusedError, _refused)
    bp.register_error_handler(UnprovenRequestError, _unproven)
    bp.register_error_handler(CSRFError, _out_of_date)
    bp.register_error_handler(SessionEndedError, _signed_out)


def _refused(error: RefusedError) -> ResponseReturnValue:
    """Who asked is proven, so the answer goes back there, with the id under which the partner finds it."""
    failure = Failure(
        code=error.code,
        partner_id=error.address.partner_id,
        details={"redirect_uri": error.address.redirect_uri, "description": error.description or ""},
        request_id=g.get("request_id", ""),
    )
    with transaction(current_hub().engine) as session:
        failure_id = record_failure(session, failure)
        if error.address.pushed_digest is not None:
            use_up(session, error.address.pushed_digest)
    description = f"{error.description or error.code} ({failure_id})"
    return send_back(error.address.answer(error=error.code, error_description=description))


def _unproven(error: UnprovenRequestError) -> ResponseReturnValue:
    """Nobody is proven, or nothing is left to answer, so the browser stays here."""
    return _page(_explain(error), note_failure(error.code, error.asker, error.details), error.asker)


def _out_of_date(_error: CSRFError) -> ResponseReturnValue:
    """The form's token does not fit the browser's session: another site's forgery, or an old page."""
    return _page(_OUT_OF_DATE, note_failure("form_out_of_date", None), again=address_of(AUTHORIZE_PATH))


def _signed_out(_error: SessionEndedError) -> ResponseReturnValue:
    """Signed out in another tab at this very moment: the same request asks to sign in."""
    return redirect(address_of(AUTHORIZE_PATH))


def _explain(error: UnprovenRequestError) -> Explanation:
    if isinstance(error, PushedRequestGoneError):
        return _GONE[error.reason]
    return _WRONG_REDIRECT_URI if isinstance(error, WrongRedirectUriError) else _UNKNOWN_CLIENT


def _page(
    explanation: Explanation, failure_id: str, asker: Asker | None = None, *, again: str | None = None
) -> ResponseReturnValue:
    page = render_template(
        "authorize_error.html", explanation=explanation, failure_id=failure_id, asker=asker, again=again
    )
    return page, 400
