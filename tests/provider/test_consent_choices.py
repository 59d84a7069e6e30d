"""What the user chooses on the consent page, and lowers afterwards: calls a minute, how long, how much."""

from datetime import timedelta

import pytest

from oauth_app import clock
from oauth_app.db import transaction
from oauth_app.hub import Hub
from oauth_app.models import Consent, Partner
from tests.fixtures.hub import Person
from tests.fixtures.provider_pages import form_with
from tests.provider.browser import Browser
from tests.provider.partner import PartnerSite
from tests.provider.test_consent_page import CNY, consent_in

AI, MONEY = "openid api", "openid charges:write"


def tell(hub: Hub, site: PartnerSite, **about: str) -> None:
    """Let the site be registered with something more."""
    with transaction(hub.engine) as session:
        partner = session.get(Partner, site.id)
        for name, value in about.items():
            setattr(partner, name, value)


def limits_path(hub: Hub) -> str:
    """Return the page on which the one consent there is can be lowered."""
    return f"/account/sites/{consent_in(hub).id}/limits"


def lower(hub: Hub, browser: Browser, **fields: str) -> int:
    """Send the form that lowers limits, with some of its fields changed, and return the status."""
    _, known = form_with(browser.open(limits_path(hub)).text, "csrf_token", "calls_per_minute")
    return browser.post(limits_path(hub), known | fields).status_code


def test_sixty_calls_a_minute_are_offered(hub: Hub, browser: Browser, site: PartnerSite) -> None:
    """Who just agrees allows sixty AI calls a minute."""
    browser.decide(browser.open(site.link(scope=AI)))

    assert consent_in(hub).calls_per_minute == 60


def test_the_user_allows_fewer_calls(hub: Hub, browser: Browser, site: PartnerSite) -> None:
    """What the user writes is what counts, and is shown when asked again."""
    browser.decide(browser.open(site.link(scope=AI)), calls_per_minute="3")
    _, fields = form_with(browser.open(site.link(scope=AI, prompt="consent")).text, "user")

    assert consent_in(hub).calls_per_minute == 3
    assert fields["calls_per_minute"] == "3"


@pytest.mark.parametrize("calls", ["", "0", "-1", "61", "1.5", "1e1", "many", "٣"])
def test_a_wrong_number_of_calls_is_shown_again(browser: Browser, site: PartnerSite, calls: str) -> None:
    """Nothing is agreed to by a number that is none, or more than was offered."""
    answer = browser.decide(browser.open(site.link(scope=AI)), calls_per_minute=calls)

    assert answer.status_code == 422
    assert "from 1 to 60" in answer.text


def test_without_ai_calls_there_is_no_such_field(browser: Browser, site: PartnerSite) -> None:
    """A limit is shown only for what is asked."""
    page = browser.open(site.link(scope="openid")).text

    assert "calls_per_minute" not in page
    assert "limit_per_charge" not in page


@pytest.mark.parametrize(("lasts", "days"), [("30", 30), ("90", 90), ("365", 365)])
def test_the_user_says_how_long(hub: Hub, browser: Browser, site: PartnerSite, lasts: str, days: int) -> None:
    """A consent can be for a time only."""
    browser.decide(browser.open(site.link()), lasts=lasts)

    ends_at = consent_in(hub).expires_at
    assert ends_at is not None
    assert abs(ends_at - clock.now() - timedelta(days=days)) < timedelta(minutes=1)


def test_a_consent_lasts_until_it_is_taken_back(hub: Hub, browser: Browser, site: PartnerSite) -> None:
    """Unless the user says otherwise, it does not run out."""
    browser.decide(browser.open(site.link()))

    assert consent_in(hub).expires_at is None


def test_another_length_is_refused(browser: Browser, site: PartnerSite) -> None:
    """Only what the page offers can be chosen."""
    assert browser.decide(browser.open(site.link()), lasts="9999").status_code == 422


def test_a_consent_that_ran_out_is_asked_for_again(browser: Browser, site: PartnerSite, alice: Person) -> None:
    """As if the user had never agreed: everything is asked, and nothing counts as allowed."""
    browser.decide(browser.open(site.link()), lasts="30")
    assert browser.open(site.link()).status_code == 302
    with clock.moved(timedelta(days=31)):
        browser.sign_in(alice)
        page = browser.open(site.link())

    assert page.status_code == 200
    assert "You already allow it to" not in page.text


def test_tokens_of_a_consent_that_ran_out_stay_dead(browser: Browser, site: PartnerSite, alice: Person) -> None:
    """When the user agrees anew, what was issued before does not come back to life."""
    page = browser.decide(browser.open(site.link()), lasts="30").location
    tokens = site.exchange(page.partition("code=")[2].partition("&")[0]).get_json()
    assert site.userinfo(tokens["access_token"]).status_code == 200
    with clock.moved(timedelta(days=31)):
        browser.sign_in(alice)
        browser.decide(browser.open(site.link()))
        assert site.refresh(tokens["refresh_token"]).status_code == 400


def test_the_same_person_is_known_after_it_ran_out(
    hub: Hub, browser: Browser, site: PartnerSite, alice: Person
) -> None:
    """``sub`` outlives the end of a consent."""
    browser.decide(browser.open(site.link()), lasts="30")
    before = consent_in(hub).subject
    with clock.moved(timedelta(days=31)):
        browser.sign_in(alice)
        browser.decide(browser.open(site.link()))

    assert consent_in(hub).subject == before


def test_scopes_of_a_consent_that_ran_out_are_gone(
    hub: Hub, browser: Browser, site: PartnerSite, alice: Person
) -> None:
    """Agreeing anew allows what is asked now, not what was allowed before."""
    browser.decide(browser.open(site.link(scope="openid email balance:read")), lasts="30")
    with clock.moved(timedelta(days=31)):
        browser.sign_in(alice)
        browser.decide(browser.open(site.link(scope="openid")))

    assert consent_in(hub).scopes == ["openid"]


def test_the_end_stays_when_more_is_asked(hub: Hub, browser: Browser, site: PartnerSite) -> None:
    """Who agrees to one thing more keeps the end they chose, unless they choose another."""
    browser.decide(browser.open(site.link(scope="openid")), lasts="30")
    before = consent_in(hub).expires_at
    browser.decide(browser.open(site.link(scope="openid email")), lasts="same")

    assert consent_in(hub).expires_at == before


def test_only_what_is_new_is_asked(browser: Browser, site: PartnerSite) -> None:
    """A site that wants more shows the new wish apart from what is allowed already."""
    browser.decide(browser.open(site.link(scope="openid email")))
    page = browser.open(site.link(scope="openid email balance:read")).text
    wanted, _, allowed = page.partition("You already allow it to")

    assert "See your OhMyGPT balance" in wanted
    assert "Know your e-mail address" not in wanted
    assert "Know your e-mail address" in allowed


def test_links_of_the_site_are_shown_and_not_trusted(hub: Hub, browser: Browser, site: PartnerSite) -> None:
    """Policy and terms are links with their host, which learn nothing of this page and gain nothing by it."""
    tell(
        hub,
        site,
        homepage="https://www.shop.example/",
        policy_uri="https://law.example/p",
        terms_uri="https://t.example/",
    )
    page = browser.open(site.link()).text

    for address, host in [("https://law.example/p", "law.example"), ("https://t.example/", "t.example")]:
        assert f'<a href="{address}" target="_blank" rel="noopener noreferrer nofollow">' in page
        assert f"({host})" in page
    assert "www.shop.example</a>" in page


def test_a_homepage_does_not_hide_where_the_browser_goes(hub: Hub, browser: Browser, site: PartnerSite) -> None:
    """Whatever homepage a site names, the page says where the browser goes afterwards."""
    tell(hub, site, homepage="https://bank.example/")

    assert "Afterwards you are back at shop.example." in browser.open(site.link()).text


def test_limits_are_lowered_afterwards(hub: Hub, browser: Browser, site: PartnerSite) -> None:
    """On the account page each of the limits can be lowered, and the end be set."""
    browser.decide(browser.open(site.link(scope=f"{AI} charges:write")))
    status = lower(hub, browser, limit_per_charge="1", limit_per_month="2", calls_per_minute="3", lasts="30")
    consent = consent_in(hub)

    assert status == 302
    assert (consent.limit_per_charge, consent.limit_per_month, consent.calls_per_minute) == (CNY, 2 * CNY, 3)
    assert consent.expires_at is not None


def test_limits_are_raised_afterwards(hub: Hub, browser: Browser, site: PartnerSite) -> None:
    """It is the user's own money: on the account page they may allow more than was offered."""
    chosen = {"limit_per_charge": "2", "limit_per_month": "4", "calls_per_minute": "10", "lasts": "30"}
    browser.decide(browser.open(site.link(scope=f"{AI} charges:write")), **chosen)
    raised = {"limit_per_charge": "30", "limit_per_month": "400", "calls_per_minute": "70", "lasts": ""}

    assert lower(hub, browser, **raised, spend_per_day="1000", ask_above="12.50") == 302
    consent = consent_in(hub)
    assert (consent.limit_per_charge, consent.limit_per_month) == (30 * CNY, 400 * CNY)
    assert (consent.calls_per_minute, consent.ai_spend_per_day, consent.expires_at) == (70, 1000 * CNY, None)
    assert consent.step_up_above == CNY * 25 // 2


def test_the_relay_is_told_of_other_limits(hub: Hub, browser: Browser, site: PartnerSite) -> None:
    """What the relay remembers of the user is forgotten, so that the very next call keeps to them."""
    browser.decide(browser.open(site.link(scope=AI)))
    generation = hub.callers.generation
    lower(hub, browser, spend_per_day="1")

    assert hub.callers.generation > generation


def test_a_list_is_kept(hub: Hub, browser: Browser, site: PartnerSite) -> None:
    """Models by name, with any signs between them; what is not ticked is not allowed, and all is no list."""
    page = browser.open(site.link(scope=AI))
    browser.decide(page, models=" gpt-4o-mini，claude-*; o3  gpt-4o-mini", endpoint_chat="yes")
    assert consent_in(hub).allowed_models == ["gpt-4o-mini", "claude-*", "o3"]
    assert consent_in(hub).allowed_endpoints is None

    action, fields = form_with(browser.open(limits_path(hub)).text, "endpoint_chat")
    kept = {name: value for name, value in fields.items() if not name.startswith("endpoint_")}
    assert browser.post(action or limits_path(hub), kept).status_code == 422
    assert browser.post(action or limits_path(hub), kept | {"endpoint_chat": "yes", "models": ""}).status_code == 302
    assert (consent_in(hub).allowed_models, consent_in(hub).allowed_endpoints) == (None, ["chat"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"limit_per_charge": "1000.01"},
        {"limit_per_month": "10000.01"},
        {"spend_per_day": "1000.01"},
        {"spend_per_month": "0"},
        {"calls_per_minute": "601"},
        {"calls_at_once": "101"},
        {"calls_at_once": "0"},
        {"models": "no spaces/<b>"},
        {"models": "*"},
        {"models": "m " * 51},
        {"ask_above": "-1"},
        {"ask_above": "999999999999999"},
        {"lasts": "9999"},
    ],
)
def test_wrong_limits_change_nothing(hub: Hub, browser: Browser, site: PartnerSite, wrong: dict[str, str]) -> None:
    """Beyond all reason, or no limit at all: the page comes again, and what held before holds."""
    browser.decide(browser.open(site.link(scope=f"{AI} charges:write")))
    before = columns_of(consent_in(hub))

    assert lower(hub, browser) == 302
    assert lower(hub, browser, **wrong) == 422
    assert columns_of(consent_in(hub)) == before


def columns_of(consent: Consent) -> dict[str, object]:
    """Return the row as it stands."""
    return {column.key: getattr(consent, column.key) for column in Consent.__table__.columns}


def test_nobody_lowers_the_limits_of_another(hub: Hub, browser: Browser, site: PartnerSite, bob: Person) -> None:
    """Somebody else's consent is not there."""
    browser.decide(browser.open(site.link(scope=AI)))
    path = limits_path(hub)
    browser.sign_in(bob)

    assert browser.open(path).status_code == 404
