"""What all pages of one site begin with: that it is the reader's own, and which page this is."""

from datetime import timedelta
from typing import Any

from flask import redirect, render_template
from flask.typing import ResponseReturnValue

from oauth_app import clock
from oauth_app.db import reading
from oauth_app.hub import current_hub
from oauth_app.models import Partner
from oauth_app.services.developer_sites import get_own_site
from oauth_app.web.login_state import current_login, sign_in_url, user_id

#: How long after a sign-in somebody may handle secrets without signing in once more.
RECENT = timedelta(minutes=15)


def own_site(partner_id: str) -> Partner:
    """Return the reader's own site, detached.

    Raises:
        NotYoursError: it is not theirs, or there is none.
    """
    with reading(current_hub().engine) as session:
        return get_own_site(session, user_id(), partner_id)


def site_path(partner_id: str, page: str = "") -> str:
    """Return the address of one of a site's pages."""
    return f"/developers/sites/{partner_id}/{page}".rstrip("/")


def site_page(template: str, partner: Partner, **values: Any) -> str:  # noqa: ANN401 - what a template takes
    """Return a page of the site."""
    return render_template(f"developers/{template}.html", site=partner, path=site_path(partner.id), **values)


def step_up(return_to: str) -> ResponseReturnValue | None:
    """Return where to sign in once more, if the last time is too long ago for what comes now; else None."""
    login = current_login()
    if login is not None and login.signed_in_at > clock.now() - RECENT:
        return None
    return redirect(sign_in_url(return_to, again=True))
