"""The authorization endpoint: a partner sends a browser, the user decides, the browser goes back."""

from urllib.parse import urlencode

from flask import Blueprint, redirect, request
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from oauth_app.db import transaction
from oauth_app.hub import current_hub
from oauth_app.models import Consent
from oauth_app.provider.authorization import Authorization, read_authorization
from oauth_app.provider.demands import Step, Visitor
from oauth_app.provider.owner import ResourceOwner
from oauth_app.provider.server import Server, make_server
from oauth_app.services.browser_sessions import Login
from oauth_app.services.consent import InvalidLimitsError, agree, find_consent, find_subject, needs_consent
from oauth_app.services.issuer import load_issuer
from oauth_app.services.partner_modes import may_sign_in
from oauth_app.services.partner_sessions import open_partner_session
from oauth_app.web.authorize_address import AUTHORIZE_PATH, address_of
from oauth_app.web.authorize_errors import register_authorize_errors
from oauth_app.web.authorize_pages import (
    consent_ask,
    show_consent_page,
    show_sign_in,
    show_switch,
    show_test_site_page,
)
from oauth_app.web.consent_page import read_agreement
from oauth_app.web.guards import public
from oauth_app.web.language import prefer_languages
from oauth_app.web.login_state import current_login
from oauth_app.web.send_back import send_back

bp = Blueprint("authorize", __name__, url_prefix="/oauth")
bp.before_request(public)
register_authorize_errors(bp)


@bp.before_request
def speak_as_asked() -> None:
    """OIDC Core 3.1.2.1 ``ui_locales``, for the pages about requests that cannot be read, too."""
    prefer_languages(request.args.get("ui_locales", "").split())


@bp.get("/authorize")
def ask() -> ResponseReturnValue:
    """Go as far as possible without the user: answer at once, or have them sign in, or ask them."""
    login, hub = current_login(), current_hub()
    issuer = load_issuer(hub)
    with transaction(hub.engine) as session:
        authorization = _read(make_server(session, issuer))
        consent = _consent(session, authorization, login)
        step = _next_step(session, authorization, login)
        if step is Step.APPROVE and login and consent and may_sign_in(authorization.partner, login):
            return send_back(authorization.approve(_owner(session, consent, login)))
    return _go_on(authorization, login, consent, step)


@bp.post("/authorize")
def ask_posted() -> ResponseReturnValue:
    """OIDC Core 3.1.2.1: the request may be posted. It changes nothing yet, and needs no CSRF token.

    The browser repeats it as a GET: only that one brings the cookies, when another site sends it here.
    """
    return redirect(f"{AUTHORIZE_PATH}?{urlencode(list(request.form.items(multi=True)))}", 303)


@bp.record_once
def _need_no_csrf_token(state: BlueprintSetupState) -> None:
    state.app.extensions["csrf"].exempt(ask_posted)


@bp.post("/consent")
def decide() -> ResponseReturnValue:
    """Take the user's decision on the request in the query; the CSRF token binds it to the browser."""
    login, hub = current_login(), current_hub()
    issuer = load_issuer(hub)
    with transaction(hub.engine) as session:
        authorization = _read(make_server(session, issuer))
        if login is None or request.form.get("user") != login.user_id or not _may_ask(session, authorization, login):
            # Signed out, somebody else, or never shown the page: what one saw must not be answered by another.
            return redirect(address_of(AUTHORIZE_PATH), 303)
        if request.form.get("decision") != "agree":
            raise authorization.refusal(Step.ACCESS_DENIED)
        before = _consent(session, authorization, login)
        try:
            agreement = read_agreement(consent_ask(authorization, before), login)
        except InvalidLimitsError:
            return show_consent_page(authorization, login, before, wrong=True)
        consent = agree(session, agreement)
        answer = authorization.approve(_owner(session, consent, login))
    hub.callers.forget_consent(consent.id)  # it may have other limits now
    return send_back(answer)


@bp.get("/cancel")
def give_up() -> ResponseReturnValue:
    """Tell the partner of the request in the query that the user did not want to sign in."""
    hub = current_hub()
    issuer = load_issuer(hub)
    with transaction(hub.engine) as session:
        raise _read(make_server(session, issuer)).refusal(Step.ACCESS_DENIED)


def _read(server: Server) -> Authorization:
    authorization = read_authorization(server)
    prefer_languages(authorization.ui_locales)  # of a pushed request, they do not stand in the query
    return authorization


def _consent(session: Session, authorization: Authorization, login: Login | None) -> Consent | None:
    return find_consent(session, login.user_id, authorization.partner.id) if login else None


def _owner(session: Session, consent: Consent, login: Login) -> ResourceOwner:
    sid = open_partner_session(session, login.session_id, consent)
    return ResourceOwner(consent=consent, signed_in_at=login.signed_in_at, partner_session_id=sid)


def _next_step(
    session: Session, authorization: Authorization, login: Login | None, *, asked_anew: bool = False
) -> Step:
    if login is None:
        return authorization.demands.next_step(None)
    consent = None if asked_anew else _consent(session, authorization, login)
    visitor = Visitor(
        signed_in_at=login.signed_in_at,
        email=login.email,
        subject=find_subject(session, login.user_id, authorization.partner.id),
        consented=not needs_consent(consent, authorization.scopes, authorization.details),
    )
    return authorization.demands.next_step(visitor)


def _may_ask(session: Session, authorization: Authorization, login: Login) -> bool:
    step = _next_step(session, authorization, login, asked_anew=True)
    return may_sign_in(authorization.partner, login) and step is Step.ASK


def _go_on(
    authorization: Authorization, login: Login | None, consent: Consent | None, step: Step
) -> ResponseReturnValue:
    if step is Step.SIGN_IN:
        return show_sign_in(authorization, login)
    if login and step is Step.SWITCH:
        return show_switch(authorization, login)
    if login and not may_sign_in(authorization.partner, login):
        return show_test_site_page(authorization, login)
    if login and step is Step.ASK:
        return show_consent_page(authorization, login, consent)
    raise authorization.refusal(step)
