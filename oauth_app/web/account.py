"""The user's own pages: balance, connected sites, charges, top-ups."""

from flask import Blueprint, g, redirect, render_template
from flask.typing import ResponseReturnValue

from oauth_app.db import reading, transaction
from oauth_app.hub import current_hub
from oauth_app.provider.authorization_details import limits_of_consent
from oauth_app.services import self_service
from oauth_app.services.browser_sessions import list_sessions
from oauth_app.services.connections import ConnectionLostError
from oauth_app.services.consent import revoke_consent
from oauth_app.services.exchange import rates_of
from oauth_app.services.upstream_calls import ask_for_user
from oauth_app.upstream import UpstreamBalance, UpstreamError
from oauth_app.web.browser_words import browser_words
from oauth_app.web.call_words import call_words
from oauth_app.web.guards import signed_in
from oauth_app.web.login_state import user_id
from oauth_app.web.scope_words import scope_words

bp = Blueprint("account", __name__, url_prefix="/account")
bp.before_request(signed_in)


@bp.get("")
def front() -> ResponseReturnValue:
    """Show the balance, the connected sites and the latest charges and top-ups."""
    g.csp_form_action = None  # the top-up form's answer leads to a payment page on another site
    balance, problem = _balance()
    with reading(current_hub().engine) as session:
        return render_template(
            "account/front.html",
            balance=balance,
            problem=problem,
            sites=self_service.connected_sites(session, user_id(), rates_of(current_hub())),
            charges=self_service.recent_charges(session, user_id()),
            refunds=self_service.recent_refunds(session, user_id()),
            holds=self_service.open_holds(session, user_id()),
            top_ups=self_service.recent_top_ups(session, user_id()),
            scope_words=scope_words(),
            call_words=call_words,
            limits_of_consent=limits_of_consent,
            sessions=list_sessions(session, user_id()),
            browser_words=browser_words,
        )


@bp.get("/sites/<consent_id>/disconnect")
def ask_disconnect(consent_id: str) -> ResponseReturnValue:
    """Say what disconnecting does, and ask."""
    with reading(current_hub().engine) as session:
        site = self_service.get_site(session, user_id(), consent_id, rates_of(current_hub()))
    return render_template("account/disconnect.html", site=site)


@bp.post("/sites/<consent_id>/disconnect")
def disconnect(consent_id: str) -> ResponseReturnValue:
    """Take the consent back; the site's tokens die at once."""
    hub = current_hub()
    with transaction(hub.engine) as session:
        site = self_service.get_site(session, user_id(), consent_id, rates_of(hub))
        revoke_consent(session, site.consent.id)
    hub.callers.forget_consent(consent_id)
    return redirect("/account")


def _balance() -> tuple[UpstreamBalance | None, str | None]:
    """Return the balance, or None and which trouble there is: the page is of use without it."""
    try:
        hub = current_hub()
        return ask_for_user(hub, user_id(), hub.upstream.balance, reason="account_page"), None
    except ConnectionLostError:
        return None, "lost"
    except UpstreamError:
        return None, "unavailable"
