"""Every sign-in that fails leaves a note, under the id that the person or the partner is shown."""

import re
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import select

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import AuthorizationFailure, Partner
from oauth_app.services.authorization_failures import find_failure
from tests.provider.browser import Browser, query_of
from tests.provider.partner import CALLBACK, PartnerSite


def failures(hub: Hub) -> Sequence[AuthorizationFailure]:
    """Return all that was noted."""
    with reading(hub.engine) as session:
        return session.scalars(select(AuthorizationFailure).order_by(AuthorizationFailure.id)).all()


def id_in(text: str) -> str:
    """Return the id that is shown."""
    found = re.search(r"err_[0-9a-z]{26}", text)
    assert found is not None, text
    return found[0]


def test_a_wrong_address_is_explained(hub: Hub, browser: Browser, site: PartnerSite) -> None:
    """The partner sees what was sent, what is registered, and the first character that differs."""
    page = browser.open(site.link(redirect_uri=f"{CALLBACK}/"))

    with reading(hub.engine) as session:
        failure = find_failure(session, site.id, id_in(page.text))
    assert failure is not None
    assert failure.code == "wrong_redirect_uri"
    assert failure.details == {
        "sent": f"{CALLBACK}/",
        "registered": CALLBACK,
        "first_difference": str(len(CALLBACK) + 1),
        "sent_from_there": "/",
        "registered_from_there": "",
    }


def test_an_unknown_client_is_nobodys(hub: Hub, browser: Browser, site: PartnerSite) -> None:
    """It is noted, and no partner sees it."""
    site.id = "ptn_unknown"
    page = browser.open(site.link())

    (failure,) = failures(hub)
    assert (failure.id, failure.partner_id) == (id_in(page.text), None)
    assert failure.details == {"client_id": "ptn_unknown"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"max_age": "x"}, "invalid_request"),
        ({"prompt": "none"}, "consent_required"),
        ({"scope": "x"}, "invalid_scope"),
    ],
)
def test_a_refusal_tells_its_id(
    hub: Hub, browser: Browser, site: PartnerSite, changes: dict[str, str], code: str
) -> None:
    """The error that the partner is sent carries the id under which it finds more."""
    answer = query_of(browser.request(query_of(site.link()) | changes).location)

    (failure,) = failures(hub)
    assert (failure.code, failure.partner_id) == (code, site.id)
    assert failure.id == id_in(answer["error_description"])


def test_a_no_is_noted(hub: Hub, browser: Browser, site: PartnerSite) -> None:
    """The user's own refusal, too, without a word about who it was."""
    browser.decide(browser.open(site.link()), "cancel")

    (failure,) = failures(hub)
    assert failure.code == "access_denied"
    assert "alice" not in str(failure.details)


def test_a_stranger_at_a_site_that_is_being_tested_is_shown_an_id(
    hub: Hub, browser: Browser, site: PartnerSite
) -> None:
    """The page says that only the owner may come in, and names the id under which the site finds it."""
    with transaction(hub.engine) as session:
        session.get_one(Partner, site.id).mode = "test"

    page = browser.open(site.link())
    assert page.status_code == 403
    assert [(row.id, row.code) for row in failures(hub)] == [(id_in(page.text), "test_mode")]


def test_a_sign_in_that_goes_well_is_not_noted(hub: Hub, browser: Browser, site: PartnerSite) -> None:
    """The log is of failures."""
    site.tokens(browser)

    assert not failures(hub)


def test_what_a_stranger_sends_is_cut(hub: Hub, browser: Browser, site: PartnerSite) -> None:
    """No row is longer than a screen."""
    browser.open(site.link(redirect_uri="https://evil.example/" + "x" * 5000))

    assert len(str(failures(hub)[0].details)) < 2000


def test_hammering_fills_a_minutes_share(
    hub: Hub, browser: Browser, site: PartnerSite, other_site: PartnerSite
) -> None:
    """A flood is answered but not written down, hides no other partner's failures, and is over in a minute."""
    link = site.link(redirect_uri="https://evil.example")
    answers = {browser.open(link).status_code for _ in range(130)}
    browser.open(other_site.link(redirect_uri="https://evil.example"))

    assert answers == {400}
    assert len(failures(hub)) == 121
    with clock.moved(timedelta(seconds=61)):
        browser.open(link)
    assert len(failures(hub)) == 122


def test_the_page_shows_the_way_on(browser: Browser, homely_site: PartnerSite) -> None:
    """A partner that is known by name can be gone back to by its registered homepage."""
    page = browser.open(homely_site.link(redirect_uri="https://evil.example"))

    assert 'href="https://shop.example/"' in page.text
    assert 'href="https://evil' not in page.text
