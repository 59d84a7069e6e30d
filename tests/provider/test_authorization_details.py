"""Rich authorization requests (RFC 9396): a site that asks for some AI calls only, and is allowed no others."""

import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from oauth_app.db import reading
from oauth_app.hub import Hub
from oauth_app.services.access import Access, find_access
from tests.provider.browser import Browser, query_of
from tests.provider.partner import PartnerSite
from tests.provider.test_consent_choices import lower
from tests.provider.test_consent_page import CNY, consent_in

AI = "openid api offline_access"
TYPE = "ohmygpt_ai"


def details(**limits: Any) -> str:  # noqa: ANN401 - JSON
    """Return the parameter for one wish."""
    return json.dumps([{"type": TYPE, **limits}])


def wish(**limits: Any) -> dict[str, str]:  # noqa: ANN401 - JSON
    """Return the parameters of a request for AI calls with these limits."""
    return {"scope": AI, "authorization_details": details(**limits)}


def access_of(hub: Hub, tokens: dict[str, Any]) -> Access:
    """Return what the hub makes of the access token."""
    with reading(hub.engine) as session:
        return find_access(session, tokens["access_token"])


def test_the_type_is_announced(client: FlaskClient) -> None:
    """RFC 9396 10: a site finds out what it can ask."""
    told = client.get("/.well-known/openid-configuration").get_json()

    assert told["authorization_details_types_supported"] == [TYPE]


def test_what_was_asked_is_granted_and_told(hub: Hub, browser: Browser, site: PartnerSite) -> None:
    """RFC 9396 7: the answer has the details as granted; where the user set a limit, with that limit."""
    tokens = site.tokens(browser, **wish(models=["gpt-4o-mini", "claude-*"], endpoints=["chat"], spend_per_month=CNY))
    (granted,) = tokens["authorization_details"]

    assert granted["models"] == ["gpt-4o-mini", "claude-*"]
    assert (granted["endpoints"], granted["spend_per_month"]) == (["chat"], CNY)
    assert granted["spend_per_day"] == 20 * CNY
    consent = consent_in(hub)
    assert (consent.allowed_models, consent.ai_spend_per_month) == (["gpt-4o-mini", "claude-*"], CNY)


def test_the_page_says_what_is_asked(browser: Browser, site: PartnerSite) -> None:
    """In words and money, before the user agrees."""
    page = browser.open(site.link(**wish(models=["gpt-4o-mini"], endpoints=["images"], spend_per_day=3 * CNY))).text

    assert "only these models: gpt-4o-mini" in page
    assert "only these calls: Pictures" in page
    assert "AI calls up to 3.00 CNY a day" in page


def test_a_site_that_asks_for_much_is_offered_as_much_as_all(hub: Hub, browser: Browser, site: PartnerSite) -> None:
    """More than the usual offer is for the user to write in; who just agrees allows what is offered to all."""
    page = browser.open(site.link(**wish(spend_per_month=500 * CNY)))
    assert "AI calls up to 500.00 CNY a month" in page.text
    browser.decide(page)
    assert consent_in(hub).ai_spend_per_month == 100 * CNY

    browser.decide(browser.open(site.link(**wish(spend_per_month=500 * CNY), prompt="consent")), spend_per_month="500")
    assert consent_in(hub).ai_spend_per_month == 500 * CNY


def test_the_user_lowers_what_is_asked(hub: Hub, browser: Browser, site: PartnerSite) -> None:
    """What the user grants is what the token is worth, and the site is told."""
    page = browser.open(site.link(**wish(models=["gpt-*"], spend_per_month=9 * CNY)))
    code = query_of(browser.decide(page, models="gpt-4o", spend_per_month="2").location)["code"]
    tokens = site.exchange(code).get_json()

    assert tokens["authorization_details"][0]["models"] == ["gpt-4o"]
    assert access_of(hub, tokens).user_calls.spend_per_month == 2 * CNY


def test_the_relay_finds_the_narrower_of_both(hub: Hub, browser: Browser, site: PartnerSite) -> None:
    """A token of a modest request is worth no more than that, though the user once allowed everything."""
    everything = site.tokens(browser, scope=AI)
    modest = site.tokens(browser, **wish(models=["gpt-4o"], endpoints=["chat"], calls_per_minute=5))

    assert access_of(hub, everything).user_calls.models is None
    assert "authorization_details" not in everything
    limits = access_of(hub, modest).user_calls
    assert (limits.models, limits.endpoints, limits.calls_per_minute) == (("gpt-4o",), ("chat",), 5)
    assert limits.calls_at_once == 10


def test_a_refreshed_token_is_worth_no_more(hub: Hub, browser: Browser, site: PartnerSite) -> None:
    """The details stay with the family, and are told again."""
    tokens = site.tokens(browser, **wish(models=["gpt-4o"]))
    renewed = site.refresh(tokens["refresh_token"]).get_json()

    assert renewed["authorization_details"] == tokens["authorization_details"]
    assert access_of(hub, renewed).user_calls.models == ("gpt-4o",)


def test_what_the_user_lowers_later_holds_at_once(hub: Hub, browser: Browser, site: PartnerSite) -> None:
    """The token that is out there is worth less from then on, and its introspection says so."""
    tokens = site.tokens(browser, **wish(models=["gpt-*"]))
    lower(hub, browser, models="gpt-4o", endpoint_images="yes")

    assert access_of(hub, tokens).user_calls.models == ("gpt-4o",)


def test_introspection_tells(app: Flask, browser: Browser, site: PartnerSite) -> None:
    """RFC 9396 9.2."""
    tokens = site.tokens(browser, **wish(endpoints=["audio"]))
    asked = {"client_id": site.id, "client_secret": site.secret, "token": tokens["access_token"]}
    told = app.test_client().post("/oauth/introspect", data=asked).get_json()

    assert told["authorization_details"] == tokens["authorization_details"]


def test_pushed_details_count(hub: Hub, browser: Browser, site: PartnerSite) -> None:
    """RFC 9396 5: they can be pushed, and what is wrong is refused there and then."""
    answer = site.push(scope=AI, authorization_details=details(color="red"))
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_authorization_details")

    code = query_of(browser.allow(site.pushed_link(**wish(models=["gpt-4o"]))))["code"]
    assert access_of(hub, site.exchange(code).get_json()).user_calls.models == ("gpt-4o",)


@pytest.mark.parametrize(
    ("earlier", "now", "asks"),
    [
        ({"models": ["gpt-*"]}, {"models": ["gpt-4o"]}, False),
        ({"models": ["gpt-4o"]}, {"models": ["gpt-4o", "claude-*"]}, True),
        ({"models": ["gpt-4o"]}, {"models": ["gpt-*"]}, True),
        ({"endpoints": ["chat"]}, {"endpoints": ["chat", "images"]}, True),
        ({"endpoints": ["chat", "images"]}, {"endpoints": ["images"]}, False),
        ({"spend_per_month": 2 * CNY}, {"spend_per_month": CNY}, False),
        ({"spend_per_month": CNY}, {"spend_per_month": 2 * CNY}, True),
        # It was asked for before, and the user allowed less.
        ({"spend_per_month": 500 * CNY}, {"spend_per_month": 500 * CNY}, False),
        ({"spend_per_month": 500 * CNY}, {"spend_per_month": 501 * CNY}, True),
        ({"spend_per_day": CNY}, {"calls_per_minute": 61}, True),
        ({"calls_per_minute": 10}, {}, False),
    ],
)
def test_only_more_than_before_is_asked_again(
    browser: Browser, site: PartnerSite, earlier: dict[str, Any], now: dict[str, Any], *, asks: bool
) -> None:
    """What the user has answered once stays answered, until the site asks for more."""
    site.tokens(browser, **wish(**earlier))
    answer = browser.open(site.link(**wish(**now), prompt="none"))

    assert query_of(answer.location).get("error") == ("consent_required" if asks else None)


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "{}",
        "[]",
        "null",
        '["ohmygpt_ai"]',
        '[{"type": "payment_initiation"}]',
        '[{"models": ["gpt-4o"]}]',
        details(models=[]),
        details(models="gpt-4o"),
        details(models=["*"]),
        details(models=["a b"]),
        details(models=["gpt-4o"] * 51),
        details(endpoints=["models"]),
        details(endpoints=["kitchen"]),
        details(endpoints=[]),
        details(spend_per_month=0),
        details(spend_per_month="5"),
        details(spend_per_month=1.5),
        details(spend_per_day=10**18),
        details(calls_at_once=True),
        details(locations=["https://x.example"]),
        f'[{{"type": "{TYPE}"}}, {{"type": "{TYPE}"}}]',
        details(models=["m" * 100] * 45),
        "[" * 1000,
    ],
)
def test_what_is_not_understood_is_refused(browser: Browser, site: PartnerSite, text: str) -> None:
    """RFC 9396 5: an unknown type or field is never ignored, for it may have been meant as a limit."""
    answer = browser.open(site.link(scope=AI, authorization_details=text))

    assert query_of(answer.location)["error"] == "invalid_authorization_details"


def test_details_need_the_scope(browser: Browser, site: PartnerSite) -> None:
    """Limits of what is not asked for at all are a mistake of the site's."""
    answer = browser.open(site.link(scope="openid", authorization_details=details(models=["gpt-4o"])))

    assert query_of(answer.location)["error"] == "invalid_authorization_details"


def test_a_refusal_repeats_nothing(browser: Browser, site: PartnerSite) -> None:
    """The description names the field, in ASCII, and not what was sent."""
    answer = browser.open(site.link(scope=AI, authorization_details=details(models=["<b>é</b>"])))
    told = query_of(answer.location)["error_description"]

    assert told.startswith("authorization_details[0].models[0] is not valid (err_")


def test_details_elsewhere_are_refused(browser: Browser, site: PartnerSite) -> None:
    """A refresh that asks for less would be taken for heard, were it not refused; the token stays unused."""
    tokens = site.tokens(browser, scope=AI)
    answer = site.refresh(tokens["refresh_token"], authorization_details=details(models=["gpt-4o"]))

    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_authorization_details")
    assert site.refresh(tokens["refresh_token"]).status_code == 200
