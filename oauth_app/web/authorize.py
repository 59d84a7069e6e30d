"""The authorization endpoint: a partner sends a browser, the user decides, the browser goes back."""

from urllib.parse import urlencode, urlsplit

from flask import Blueprint, g, redirect, render_template, request
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from oauth_app import clock
from oauth_app.db import transaction
from oauth_app.hub import current_hub
from oauth_app.models import Consent
from oauth_app.provider.authorization import Authorization, Step, moment_of, read_authorization
from oauth_app.provider.authorization_checks import SIGNED_IN_SINCE
from oauth_app.provider.errors import RefusedError, UnprovenRequestError, WrongRedirectUriError
from oauth_app.provider.owner import ResourceOwner
from oauth_app.provider.server import make_server
from oauth_app.services.browser_sessions import Login
from oauth_app.services.consent import Agreement, InvalidLimitsError, agree, find_consent, needs_consent
from oauth_app.services.issuer import load_issuer
from oauth_app.web.consent_form import LimitFields, limit_fields, read_limits, sent_fields
from oauth_app.web.guards import public
from oauth_app.web.login_state import current_login, sign_in_url
from oauth_app.web.scope_words import scope_words

bp = Blueprint("authorize", __name__, url_prefix="/oauth")
bp.before_request(public)

_PATH = "/oauth/authorize"
_CONSENT_PATH = "/oauth/consent"


@bp.get("/authorize")
def ask() -> ResponseReturnValue:
    """Go as far as possible without the user: answer at once, or have them sign in, or ask them."""
    login, hub = current_login(), current_hub()
    issuer = load_issuer(hub)
    with transaction(hub.engine) as session:
        authorization = read_authorization(make_server(session, issuer))
        consent = _consent(session, authorization, login)
        step = _next_step(authorization, login, consent)
        if step is Step.APPROVE and login and consent:
            return authorization.approve(ResourceOwner(consent=consent, signed_in_at=login.signed_in_at))
    if step is Step.SIGN_IN:
        return _sign_in(authorization, login)
    if step is Step.ASK and login:
        return _consent_page(authorization, login, limit_fields(consent))
    return authorization.refuse(step)


@bp.post("/authorize")
def ask_posted() -> ResponseReturnValue:
    """OIDC Core 3.1.2.1: the request may be posted. It changes nothing yet, and needs no CSRF token.

    The browser repeats it as a GET: only that one brings the cookies, when another site sends it here.
    """
    return redirect(f"{_PATH}?{urlencode(list(request.form.items(multi=True)))}", 303)


@bp.record_once
def _need_no_csrf_token(state: BlueprintSetupState) -> None:
    state.app.extensions["csrf"].exempt(ask_posted)


@bp.post("/consent")
def decide() -> ResponseReturnValue:
    """Take the user's decision on the request in the query; the CSRF token binds it to the browser."""
    login, hub = current_login(), current_hub()
    issuer = load_issuer(hub)
    with transaction(hub.engine) as session:
        authorization = read_authorization(make_server(session, issuer))
        if login is None or request.form.get("user") != login.user_id or not _may_ask(authorization, login):
            # Signed out, somebody else, or never shown the page: what one saw must not be answered by another.
            return redirect(_address(_PATH))
        if request.form.get("decision") != "agree":
            return authorization.refuse(Step.ACCESS_DENIED)
        try:
            agreement = _agreement(authorization, login)
        except InvalidLimitsError:
            return _consent_page(authorization, login, sent_fields(), status=422)
        consent = agree(session, agreement)
        answer = authorization.approve(ResourceOwner(consent=consent, signed_in_at=login.signed_in_at))
    hub.callers.forget_consent(consent.id)  # it may have other limits now
    return answer


@bp.get("/cancel")
def give_up() -> ResponseReturnValue:
    """Tell the partner of the request in the query that the user did not want to sign in."""
    hub = current_hub()
    issuer = load_issuer(hub)
    with transaction(hub.engine) as session:
        return read_authorization(make_server(session, issuer)).refuse(Step.ACCESS_DENIED)


def give_up_path(return_to: str) -> str | None:
    """Return where to give up a sign-in that was to lead to ``return_to``; None if no partner waits for it."""
    path, _, query = return_to.partition("?")
    return f"/oauth/cancel?{query}" if path == _PATH else None


@bp.errorhandler(RefusedError)
def refused(error: RefusedError) -> ResponseReturnValue:
    """Who asked is proven, so the answer goes back there."""
    return error.response


@bp.errorhandler(UnprovenRequestError)
def unproven(error: UnprovenRequestError) -> ResponseReturnValue:
    """Nobody is proven, so the browser stays here."""
    page = render_template(
        "authorize_error.html",
        wrong_redirect_uri=isinstance(error, WrongRedirectUriError),
        request_id=g.get("request_id"),
    )
    return page, 400


def _consent(session: Session, authorization: Authorization, login: Login | None) -> Consent | None:
    return find_consent(session, login.user_id, authorization.partner.id) if login else None


def _next_step(authorization: Authorization, login: Login | None, consent: Consent | None) -> Step:
    return authorization.next_step(
        login.signed_in_at if login else None, consented=not needs_consent(consent, authorization.scopes)
    )


def _may_ask(authorization: Authorization, login: Login) -> bool:
    return _next_step(authorization, login, None) is Step.ASK


def _sign_in(authorization: Authorization, login: Login | None) -> ResponseReturnValue:
    fresh = {SIGNED_IN_SINCE: moment_of(clock.now())} if authorization.wants_fresh_sign_in else {}
    return redirect(sign_in_url(_address(_PATH, **fresh), again=login is not None))


def _consent_page(
    authorization: Authorization, login: Login, limits: LimitFields, *, status: int = 200
) -> ResponseReturnValue:
    # Browsers hold form-action against the redirect that answers the form, too, and that one leads to the partner.
    g.csp_form_action = None
    page = render_template(
        "consent.html",
        partner=authorization.partner,
        partner_host=urlsplit(authorization.partner.homepage or authorization.redirect_uri).hostname,
        words=[words for scope, words in scope_words().items() if scope in authorization.scopes],
        scopes=authorization.scopes,
        limits=limits,
        limits_are_wrong=status != 200,
        login=login,
        action=_address(_CONSENT_PATH, **{SIGNED_IN_SINCE: moment_of(login.signed_in_at)}),
        other_account=sign_in_url(_address(_PATH), again=True),
    )
    return page, status


def _agreement(authorization: Authorization, login: Login) -> Agreement:
    return Agreement(
        user_id=login.user_id,
        partner_id=authorization.partner.id,
        scopes=authorization.scopes,
        limits=read_limits(authorization.scopes),
    )


def _address(path: str, **changes: str) -> str:
    """Return the path with the query of the present request."""
    return f"{path}?{urlencode(request.args.to_dict() | changes)}"
