"""Changing what a connected site may do at one's expense."""

from flask import Blueprint, redirect, render_template
from flask.typing import ResponseReturnValue

from oauth_app.db import reading, transaction
from oauth_app.hub import current_hub
from oauth_app.models import Consent
from oauth_app.services import self_service
from oauth_app.services.consent import Agreement, InvalidLimitsError, change_limits
from oauth_app.services.exchange import rates_of
from oauth_app.web.call_limits_form import MOST, read_call_limits
from oauth_app.web.call_words import endpoint_words
from oauth_app.web.consent_form import (
    LIVES,
    MOST_PER_CHARGE,
    MOST_PER_MONTH,
    Most,
    limit_fields,
    read_end,
    read_limits,
    sent_fields,
)
from oauth_app.web.guards import signed_in
from oauth_app.web.login_state import user_id

bp = Blueprint("account_limits", __name__, url_prefix="/account/sites/<consent_id>/limits")
bp.before_request(signed_in)

_MOST = Most(per_charge=MOST_PER_CHARGE, per_month=MOST_PER_MONTH, calls=MOST)


@bp.get("")
def ask(consent_id: str) -> ResponseReturnValue:
    """Show the limits."""
    return _page(consent_id)


@bp.post("")
def change(consent_id: str) -> ResponseReturnValue:
    """Change the limits, from the next call on; what cannot be taken is shown again."""
    hub = current_hub()
    try:
        with transaction(hub.engine) as session:
            consent = self_service.get_site(session, user_id(), consent_id, rates_of(current_hub())).consent
            change_limits(session, _wish(consent))
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
        limits=read_limits(scopes, _MOST),
        calls=read_call_limits(scopes, _MOST.calls),
        expires_at=read_end(consent.expires_at),
    )


def _page(consent_id: str, *, wrong: bool = False) -> str:
    with reading(current_hub().engine) as session:
        site = self_service.get_site(session, user_id(), consent_id, rates_of(current_hub()))
    return render_template(
        "account/limits.html",
        site=site,
        limits=sent_fields(_MOST) if wrong else limit_fields(site.consent, _MOST),
        endpoint_words=endpoint_words(),
        lives=list(LIVES),
        limits_are_wrong=wrong,
    )
