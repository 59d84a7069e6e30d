"""Limits of AI calls in a real browser: agreed to for a site, seen against what was spent, changed afterwards."""

import json
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from oauth_app import clock
from oauth_app.db import transaction
from oauth_app.models import Consent, Usage
from oauth_app.services.operators import grant_operator
from oauth_app.services.partners import Credentials
from oauth_app.services.usage_rolling import roll_up_usage
from tests.fixtures.demo import Visitors, photograph
from tests.fixtures.hub import Sandbox, make_partner
from tests.fixtures.live import LiveHub, running_hub
from tests.journey.test_in_the_browser import ALICE, sign_in_at_sandbox

pytestmark = pytest.mark.browser
CNY = 3_400_000
CALLBACK = "https://shop.example/callback"
WISH = [
    {
        "type": "ohmygpt_ai",
        "models": ["gpt-4o-mini", "claude-*"],
        "endpoints": ["chat", "images"],
        "spend_per_month": 30 * CNY,
    }
]
LOOKS = {
    "en": {},
    "zh-phone-dark": {
        "locale": "zh-CN",
        "viewport": {"width": 390, "height": 844},
        "color_scheme": "dark",
    },
}
WORDS = {
    "en": ("AI calls up to 30.00 CNY a month", "Agree", "Change the limits", "7.00 CNY of 20.00 CNY"),
    "zh-phone-dark": ("AI 调用每月至多 30.00 CNY", "同意", "修改限额", "7.00 CNY，上限 20.00 CNY"),
}


def authorize(live: LiveHub, partner: Credentials) -> str:
    """Return the address behind the button of a site that asks for some AI calls only."""
    asked = {
        "client_id": partner.client_id,
        "redirect_uri": CALLBACK,
        "response_type": "code",
        "scope": "openid email charges:write api",
        "state": "s",
        "code_challenge": "a" * 43,
        "code_challenge_method": "S256",
        "authorization_details": json.dumps(WISH),
    }
    return f"{live.url}/oauth/authorize?{urlencode(asked)}"


def make_calls(live: LiveHub) -> None:
    """Let some calls be made, most of them rolled up."""
    now, models = clock.now(), ("gpt-4o-mini", "claude-sonnet-4", "gpt-image-1")
    with transaction(live.hub.engine) as session:
        consent = session.scalars(select(Consent)).one()
        ids = {"consent_id": consent.id, "user_id": consent.user_id, "partner_id": consent.partner_id}
        for number in range(60):
            call = {
                "request_id": f"req_{number}",
                "method": "POST",
                "path": "/v1/images/generations" if number % 3 == 2 else "/v1/chat/completions",
                "endpoint": "images" if number % 3 == 2 else "chat",
                "model": models[number % 3],
                "status": 429 if number == 7 else 200,
                "outcome": "complete",
                "input_tokens": 900 + number,
                "output_tokens": 300,
                "first_byte_ms": 420,
                "estimated_cost": 7 * CNY // 12,
                "started_at": now - timedelta(days=number % 5),
            }
            session.add(Usage(**ids, **call, bytes_in=1, bytes_out=1, duration_ms=900))
    roll_up_usage(live.hub)


@pytest.mark.parametrize("look", LOOKS)
def test_a_user_limits_ai_calls(
    tmp_path: Path, migrated_database: Path, sandbox: Sandbox, visitors: Visitors, look: str
) -> None:
    """Read what is asked, agree to less, see what it came to, and change it; nothing is wider than the screen."""
    with running_hub(tmp_path, migrated_database, sandbox) as live:
        partner = make_partner(live.hub.engine, name="Sticker Shop", redirect_uris=[CALLBACK])
        page = visitors.visit(**LOOKS[look])
        page.route("https://shop.example/**", lambda route: route.fulfill(body="shop"))
        page.goto(authorize(live, partner))
        agree_to_less(page, look)
        make_calls(live)
        read_what_it_came_to(page, live, look)
        change_limits(page, live, look)
        with transaction(live.hub.engine) as session:
            grant_operator(session, ALICE)
        for name, path in {
            "44-admin": "",
            "45-usage": "/usage",
            "46-partner": f"/partners/{partner.client_id}",
        }.items():
            page.goto(f"{live.url}/admin{path}")
            look_at(page, f"{name}-{look}")


def agree_to_less(page: Page, look: str) -> None:
    """Sign in, and allow fewer calls than the site asks for."""
    asked, agree, *_ = WORDS[look]
    sign_in_at_sandbox(page, ALICE)
    expect(page.locator("main")).to_contain_text(asked)
    look_at(page, f"40-consent-{look}")
    page.fill("#calls_at_once", "4")
    page.uncheck("input[name=endpoint_images]")
    page.get_by_role("button", name=agree).click()
    page.wait_for_url("https://shop.example/**")


def read_what_it_came_to(page: Page, live: LiveHub, look: str) -> None:
    """See the account and a month of calls."""
    page.goto(f"{live.url}/account")
    expect(page.get_by_test_id("ai-spend")).to_contain_text(WORDS[look][3])
    look_at(page, f"41-account-{look}")
    page.goto(f"{live.url}/account/usage")
    expect(page.locator("main")).to_contain_text("claude-sonnet-4")
    look_at(page, f"42-usage-{look}")


def change_limits(page: Page, live: LiveHub, look: str) -> None:
    """Ask for too much, be told, and ask for less; what was chosen at the site is there."""
    change = WORDS[look][2]
    page.goto(f"{live.url}/account")
    page.get_by_role("link", name=change).click()
    expect(page.locator("#calls_at_once")).to_have_value("4")
    expect(page.locator("input[name=endpoint_images]")).not_to_be_checked()
    page.fill("#spend_per_day", "2000")
    page.locator("#spend_per_day").evaluate("field => field.form.noValidate = true")
    page.get_by_role("button", name=change).click()
    expect(page.get_by_role("alert")).to_be_visible()
    look_at(page, f"43-limits-{look}")
    page.fill("#spend_per_day", "50")
    page.get_by_role("button", name=change).click()
    expect(page.get_by_test_id("ai-spend")).to_contain_text("50.00 CNY")


def look_at(page: Page, name: str) -> None:
    """Keep a picture, and see that nothing is wider than the screen."""
    photograph(page, name)
    width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert width <= 0, name
