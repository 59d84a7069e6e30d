"""Test and live: a site that is being built lets only its owner in."""

from enum import StrEnum

from oauth_app import clock
from oauth_app.models import Partner
from oauth_app.services.browser_sessions import Login


class Mode(StrEnum):
    """Who can sign in to a site."""

    TEST = "test"
    LIVE = "live"


def may_sign_in(partner: Partner, login: Login) -> bool:
    """Tell whether the site lets this person in: everybody when it is live, else only who owns it."""
    return partner.mode == Mode.LIVE or partner.owner_id == login.user_id


def ask_to_go_live(partner: Partner, *, needs_approval: bool) -> None:
    """Open the site to everybody, or note that its owner wants to and the operator decides. The caller commits.

    Asking twice keeps the first moment: who asks again does not go to the end of the queue.
    """
    if partner.mode == Mode.LIVE:
        return
    partner.live_wanted_at = partner.live_wanted_at or clock.now()
    if not needs_approval:
        go_live(partner)


def go_live(partner: Partner) -> None:
    """Let everybody sign in from now on. The caller commits."""
    partner.mode = Mode.LIVE
    partner.live_wanted_at = None


def switch_off(partner: Partner) -> None:
    """Let nobody sign in any more; its tokens and secrets stop working. The caller commits."""
    partner.disabled_at = partner.disabled_at or clock.now()


def switch_on(partner: Partner) -> None:
    """Take the switching off back; its secrets work again, as far as they have not run out. The caller commits."""
    partner.disabled_at = None
