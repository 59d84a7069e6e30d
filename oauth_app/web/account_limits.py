"""Lowering what a connected site may do at one's expense."""

from dataclasses import replace

from flask import Blueprint, redirect, render_template
from flask.typing import ResponseReturnValue

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.hub import current_hub
from oauth_app.models import Consent
from oauth_app.services import self_service
from oauth_app.services.consent import Agreement, InvalidLimitsError, lower_limits
from oauth_app.services.exchange import rates_of
from oauth_app.web.consent_form import (
    LIVES,
    limit_fields,
    read_calls_per_minute,
    read_end,
    read_limits,
    sent_fields,
)
from oauth_app.web.guards import signed_in
from oauth_app.web.login_state import user_id

bp = Blueprint("account_limits", __name__, url_prefix="/account/sites/<consent_id>/limits")
bp.before_request(signed_in)


@bp.get("")
def ask(consent_id: str) -> ResponseReturnValue:
    """Show the limits, each of which can be lowered."""
    return _page(consent_id)


@bp.post("")
def lower(consent_id: str) -> ResponseReturnValue:
    """Lower the limits; what would raise one is shown again."""
    hub = current_hub()
    try:
        with transaction(hub.engine) as session:
            consent = self_service.get_site(session, user_id(), consent_id, rates_of(current_hub())).consent
            lower_limits(session, _wish(consent))
    except InvalidLimitsError:
        return _page(consent_id, wrong=True), 422
    hub.callers.forget_consent(consent_id)
    return redirect("/account")


def _wish(consent: Consent) -> Agreement:
    scopes = tuple(consent.scopes)
    return Agreement(
        user_id=consent.user_id,
        partner_id=consent.partner_id,
        scopes=scopes,
        limits=read_limits(scopes),
        calls_per_minute=read_calls_per_minute(scopes),
        expires_at=read_end(consent.expires_at),
    )


def _page(consent_id: str, *, wrong: bool = False) -> str:
    with reading(current_hub().engine) as session:
        site = self_service.get_site(session, user_id(), consent_id, rates_of(current_hub()))
    now = limit_fields(site.consent)
    shown = sent_fields() if wrong else now
    ends_at = site.consent.expires_at
    return render_template(
        "account/limits.html",
        site=site,
        # Only less can be chosen than what holds now.
        limits=replace(
            shown,
            most_per_charge=now.per_charge,
            most_per_month=now.per_month,
            most_calls_per_minute=int(now.calls_per_minute),
        ),
        lives=[life for life, length in LIVES.items() if ends_at is None or clock.now() + length < ends_at],
        limits_are_wrong=wrong,
    )
