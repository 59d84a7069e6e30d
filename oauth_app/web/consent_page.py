"""The consent page: what a site asks, in words and money, and what the user made of it."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import g, render_template
from flask.typing import ResponseReturnValue

from oauth_app.models import Consent, Partner
from oauth_app.provider.authorization_details import Details, limits_of
from oauth_app.services.browser_sessions import Login
from oauth_app.services.consent import Agreement
from oauth_app.web.call_limits_form import most_on_consent, read_call_limits
from oauth_app.web.call_words import call_words, endpoint_words
from oauth_app.web.consent_form import (
    OFFERED_PER_CHARGE,
    OFFERED_PER_MONTH,
    Most,
    limit_fields,
    read_end,
    read_limits,
    sent_fields,
)
from oauth_app.web.scope_words import scope_words


@dataclass(frozen=True, kw_only=True)
class ConsentAsk:
    """What a site asks of a user, whether through a browser or from a device."""

    partner: Partner
    scopes: tuple[str, ...]
    #: Where the browser goes afterwards; None when it stays here, as for a device.
    return_host: str | None = None
    #: What the user allows the site already.
    consent: Consent | None = None
    #: What it asks of AI calls; None if that is the user's to say.
    details: Details | None = None
    #: What the device shows, when it is one that asks.
    user_code: str | None = None

    @property
    def allowed_scopes(self) -> tuple[str, ...]:
        """Return what the user allows the site already, asked for this time or not."""
        return tuple(self.consent.scopes) if self.consent else ()

    @property
    def new_scopes(self) -> tuple[str, ...]:
        """Return what the user has not allowed yet."""
        return tuple(scope for scope in self.scopes if scope not in self.allowed_scopes)

    @property
    def most(self) -> Most:
        """Return what the user can choose here; what one has once agreed to is not lowered by a page."""
        calls = most_on_consent(self.consent, limits_of(self.details))
        return Most(per_charge=OFFERED_PER_CHARGE, per_month=OFFERED_PER_MONTH, calls=calls)


def show_consent(
    ask: ConsentAsk, login: Login, *, action: str, other_account: str, wrong: bool = False
) -> ResponseReturnValue:
    """Return the page; ``wrong`` shows the limits that were just sent once more, and says why.

    Args:
        ask: what is asked.
        login: who is asked.
        action: where the form is posted.
        other_account: where somebody goes who is somebody else.
        wrong: whether the limits that were sent cannot be taken.
    """
    # Browsers hold form-action against the redirect that answers the form, too, and that one leads to the partner.
    g.csp_form_action = None
    page = render_template(
        "consent.html",
        partner=ask.partner,
        partner_host=urlsplit(ask.partner.homepage or "").hostname or ask.return_host,
        return_host=ask.return_host,
        user_code=ask.user_code,
        wanted=_words(ask.new_scopes),
        allowed=_words(ask.allowed_scopes),
        scopes=ask.scopes,
        limits=sent_fields(ask.most) if wrong else limit_fields(ask.consent, ask.most, limits_of(ask.details)),
        asked_words=call_words(limits_of(ask.details)),
        endpoint_words=endpoint_words(),
        limits_are_wrong=wrong,
        consent=ask.consent,
        login=login,
        action=action,
        other_account=other_account,
    )
    return page, 422 if wrong else 200


def read_agreement(ask: ConsentAsk, login: Login) -> Agreement:
    """Return what the user has just agreed to.

    Raises:
        InvalidLimitsError: the limits that were sent cannot be taken; show the page again.
    """
    return Agreement(
        user_id=login.user_id,
        partner_id=ask.partner.id,
        scopes=ask.scopes,
        limits=read_limits(ask.scopes, ask.most),
        calls=read_call_limits(ask.scopes, ask.most.calls),
        asked_details=ask.details,
        expires_at=read_end(ask.consent.expires_at if ask.consent else None),
    )


def show_test_site(
    partner: Partner, login: Login, *, other_account: str, give_up: str | None = None, failure_id: str | None = None
) -> ResponseReturnValue:
    """Return the page for somebody who may not sign in yet.

    ``give_up`` leads back to the site; by ``failure_id`` the site finds it in its console.
    """
    page = render_template(
        "consent_test_site.html",
        partner=partner,
        login=login,
        other_account=other_account,
        give_up=give_up,
        failure_id=failure_id,
    )
    return page, 403


def _words(scopes: tuple[str, ...]) -> list[str]:
    return [words for scope, words in scope_words().items() if scope in scopes]
