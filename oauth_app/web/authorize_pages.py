"""The pages on a person's way through the authorization endpoint."""

from urllib.parse import urlsplit

from flask import redirect, render_template
from flask.typing import ResponseReturnValue

from oauth_app import clock
from oauth_app.models import Consent
from oauth_app.provider.authorization import Authorization, moment_of
from oauth_app.provider.authorization_checks import SIGNED_IN_SINCE
from oauth_app.provider.demands import Step
from oauth_app.provider.errors import Asker
from oauth_app.services.browser_sessions import Login
from oauth_app.web.authorize_address import AUTHORIZE_PATH, CANCEL_PATH, CONSENT_PATH, address_of
from oauth_app.web.consent_page import ConsentAsk, show_consent, show_test_site
from oauth_app.web.failure_log import note_failure
from oauth_app.web.login_state import sign_in_url


def show_sign_in(authorization: Authorization, login: Login | None) -> ResponseReturnValue:
    """Send the person to sign in, and back to this request."""
    fresh = {SIGNED_IN_SINCE: moment_of(clock.now())} if authorization.demands.wants_fresh_sign_in else {}
    return redirect(sign_in_url(address_of(AUTHORIZE_PATH, **fresh), again=login is not None))


def show_switch(authorization: Authorization, login: Login) -> ResponseReturnValue:
    """Tell a person that the site expects another one, and let them choose; whom it expects is not told."""
    stay = address_of(AUTHORIZE_PATH, **{SIGNED_IN_SINCE: moment_of(login.signed_in_at)})
    return render_template(
        "authorize_switch.html",
        partner=authorization.partner,
        login=login,
        other_account=_other_account(),
        # Where the site will have nobody else, staying would only lead back to it with an error.
        stay=stay if authorization.demands.subject is None else None,
        give_up=address_of(CANCEL_PATH),
    )


def show_consent_page(
    authorization: Authorization, login: Login, consent: Consent | None, *, wrong: bool = False
) -> ResponseReturnValue:
    """Ask the person; ``wrong`` shows the limits that were just sent once more."""
    return show_consent(
        consent_ask(authorization, consent),
        login,
        # Whether the sign-in was fresh is judged now, not when the page is answered.
        action=address_of(CONSENT_PATH, **{SIGNED_IN_SINCE: moment_of(login.signed_in_at)}),
        other_account=_other_account(),
        wrong=wrong,
    )


def consent_ask(authorization: Authorization, consent: Consent | None) -> ConsentAsk:
    """Return what is asked, for the consent page."""
    return ConsentAsk(
        partner=authorization.partner,
        scopes=authorization.scopes,
        return_host=urlsplit(authorization.address.redirect_uri).hostname,
        consent=consent,
        details=authorization.details,
    )


def show_test_site_page(authorization: Authorization, login: Login) -> ResponseReturnValue:
    """Tell a person that only the site's owner can sign in yet.

    Raises:
        RefusedError: nobody would see a page; the partner hears of it.
    """
    if "none" in authorization.demands.prompts:
        raise authorization.refusal(Step.ACCESS_DENIED)
    return show_test_site(
        authorization.partner,
        login,
        other_account=_other_account(),
        give_up=address_of(CANCEL_PATH),
        failure_id=note_failure("test_mode", Asker.of(authorization.partner)),
    )


def _other_account() -> str:
    """Return where somebody signs in anew; whoever comes back from there has chosen to be who they are."""
    return sign_in_url(address_of(AUTHORIZE_PATH, **{SIGNED_IN_SINCE: moment_of(clock.now())}), again=True)
