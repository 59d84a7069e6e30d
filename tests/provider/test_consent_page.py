"""The page where the user decides."""

import pytest
from sqlalchemy import select

from oauth_app.db import reading
from oauth_app.hub import Hub
from oauth_app.models import Consent
from tests.fixtures.hub import Person
from tests.fixtures.provider_pages import form_with
from tests.provider.browser import Browser, query_of
from tests.provider.partner import CALLBACK, ISSUER, PartnerSite

CNY = 3_400_000


def consent_in(hub: Hub) -> Consent:
    """Return the one consent there is."""
    with reading(hub.engine) as session:
        return session.scalars(select(Consent)).one()


def test_the_page_says_who_asks_for_what(browser: Browser, site: PartnerSite, alice: Person) -> None:
    """The partner, the user, and every scope in words."""
    page = browser.open(site.link(scope="openid email charges:write")).text

    for words in ("Shop", "shop.example", alice.email, "Know your e-mail address", "Charge you"):
        assert words in page


def test_the_page_may_send_the_browser_away(browser: Browser, site: PartnerSite) -> None:
    """Browsers would hold ``form-action`` against the redirect to the partner."""
    policy = browser.open(site.link()).headers["Content-Security-Policy"]

    assert "form-action" not in policy
    assert "frame-ancestors 'none'" in policy


def test_cancel_tells_the_partner(browser: Browser, site: PartnerSite) -> None:
    """No is an answer, with state and issuer, and leaves no trace."""
    back = browser.decide(browser.open(site.link()), "cancel").location

    assert back.startswith(f"{CALLBACK}?")
    answer = query_of(back)
    assert (answer["error"], answer["state"], answer["iss"]) == ("access_denied", "s1", ISSUER)


def test_the_offered_limits_are_twenty_and_a_hundred(hub: Hub, browser: Browser, site: PartnerSite) -> None:
    """Who just agrees agrees to 20 CNY a purchase and 100 CNY a month."""
    browser.decide(browser.open(site.link(scope="charges:write")))

    consent = consent_in(hub)
    assert (consent.limit_per_charge, consent.limit_per_month) == (20 * CNY, 100 * CNY)


def test_the_user_lowers_the_limits(hub: Hub, browser: Browser, site: PartnerSite) -> None:
    """What the user writes is what counts, to the hundredth of a CNY."""
    page = browser.open(site.link(scope="charges:write"))
    browser.decide(page, limit_per_charge="1.05", limit_per_month="2")

    consent = consent_in(hub)
    assert (consent.limit_per_charge, consent.limit_per_month) == (105 * CNY // 100, 2 * CNY)


def test_the_lowered_limits_are_shown_again(browser: Browser, site: PartnerSite) -> None:
    """Asked once more, the user finds what was chosen before."""
    browser.decide(browser.open(site.link(scope="charges:write")), limit_per_charge="1.05", limit_per_month="2")

    _, fields = form_with(browser.open(site.link(scope="charges:write", prompt="consent")).text, "user")
    assert (fields["limit_per_charge"], fields["limit_per_month"]) == ("1.05", "2.00")


@pytest.mark.parametrize(
    ("per_charge", "per_month"),
    [
        ("", "100"),
        ("20", ""),
        ("0", "100"),
        ("-1", "100"),
        ("20.01", "100"),
        ("20", "100.01"),
        ("10", "5"),
        ("1e1", "100"),
        ("1.001", "100"),
        ("lots", "100"),
    ],
)
def test_wrong_limits_are_shown_again(browser: Browser, site: PartnerSite, per_charge: str, per_month: str) -> None:
    """Nothing is agreed to by a number that is none, or more than was offered."""
    page = browser.open(site.link(scope="charges:write"))
    answer = browser.decide(page, limit_per_charge=per_charge, limit_per_month=per_month)

    assert answer.status_code == 422
    assert "Give two amounts above zero" in answer.text


def test_limits_left_out_are_refused(browser: Browser, site: PartnerSite) -> None:
    """A form without the fields is not a consent without limits."""
    action, fields = form_with(browser.open(site.link(scope="charges:write")).text, "user")
    bare = {"decision": "agree", "user": fields["user"], "csrf_token": fields["csrf_token"]}

    assert browser.post(action, bare).status_code == 422


def test_a_forged_answer_is_refused(browser: Browser, site: PartnerSite) -> None:
    """Another site cannot press the button: it lacks the CSRF token."""
    action, fields = form_with(browser.open(site.link()).text, "user")

    assert browser.post(action, {"user": fields["user"], "decision": "agree"}).status_code == 400


def test_what_alice_saw_bob_does_not_answer(browser: Browser, site: PartnerSite, bob: Person) -> None:
    """Signed in as somebody else in another tab, the page is shown anew."""
    page = browser.open(site.link())
    browser.sign_in(bob)

    answer = browser.decide(page)
    assert answer.location.startswith("/oauth/authorize?")
    assert bob.email in browser.open(answer.location).text


def test_agreeing_again_adds(hub: Hub, browser: Browser, site: PartnerSite) -> None:
    """A partner that asks for another thing keeps the first."""
    site.tokens(browser, scope="openid email")
    site.tokens(browser, scope="openid api")

    assert set(consent_in(hub).scopes) == {"openid", "email", "api"}
