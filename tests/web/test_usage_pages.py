"""The pages about AI calls: the user's own, a site's for its owner, and all for the operator."""

import csv

import pytest
from sqlalchemy import select

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.models import Consent, Partner, User
from oauth_app.services.access import Access, find_access
from oauth_app.services.operators import grant_operator
from oauth_app.services.statement_months import Month
from oauth_app.services.usage_rolling import roll_up_usage
from tests.fixtures.grants import grant
from tests.fixtures.hub import make_partner
from tests.fixtures.live import Browser, LiveHub
from tests.services.calls import make_usage

ALICE, BOB = "alice@example.com", "bob@example.com"
CNY = 3_400_000


@pytest.fixture
def access(browser: Browser, live_hub: LiveHub) -> Access:
    """Alice, signed in, with calls through a shop behind her, some of them rolled up."""
    browser.sign_in(ALICE)
    hub = live_hub.hub
    shop = make_partner(hub.engine, name="Sticker Shop")
    with reading(hub.engine) as session:
        user_id = session.scalars(select(User.id)).one()
    token = grant(hub.engine, user_id, shop.client_id)
    with reading(hub.engine) as session:
        access = find_access(session, token)
    now = clock.now()
    with transaction(hub.engine) as session:
        session.get_one(Partner, access.partner_id).owner_id = user_id
        session.get_one(Consent, access.consent_id).ai_spend_per_day = 4 * CNY
        session.add(make_usage(access, model="gpt-4o", estimated_cost=CNY, input_tokens=1_200, started_at=now))
        session.add(make_usage(access, model="=cmd()", status=500, started_at=now))
    roll_up_usage(hub)
    with transaction(hub.engine) as session:
        session.add(make_usage(access, model="gpt-4o", estimated_cost=2 * CNY, started_at=now))
        session.add(make_usage(access, consent_id="con_else", user_id="usr_else", model="secret-model"))
    return access


def test_the_account_shows_what_calls_cost_against_the_limits(browser: Browser, access: Access) -> None:
    """Today and this month, with the limit where there is one."""
    assert access
    page = browser.get("/account").text

    assert "3.00 CNY of 4.00 CNY" in page
    assert "Last AI call:" in page


def test_a_month_of_ones_own(browser: Browser, access: Access) -> None:
    """By model, site, kind and day; nothing of others."""
    page = browser.get("/account/usage").text

    assert all(words in page for words in ("gpt-4o", "Sticker Shop", "Chat and text", "3.00 CNY", "1,200"))
    assert "secret-model" not in page
    assert "gpt-4o" in browser.get(f"/account/usage?site={access.consent_id}").text
    assert "No AI calls in this month." in browser.get(f"/account/usage?month={Month.of(clock.now()).before}").text


@pytest.mark.parametrize("query", ["site=con_else", "month=2099-01", "month=x", "month="])
def test_there_is_no_other_such_page(browser: Browser, access: Access, query: str) -> None:
    """Somebody else's site, and what is no month."""
    assert access
    assert browser.get(f"/account/usage?{query}").status_code == 404


def test_a_month_for_a_spreadsheet(browser: Browser, access: Access) -> None:
    """Each day, site, model and outcome; a model's name is no formula."""
    assert access
    answer = browser.get("/account/usage.csv")
    rows = list(csv.DictReader(answer.text.splitlines()))

    assert [(row["model"], row["outcome"], row["calls"], row["estimated_cost"]) for row in rows] == [
        ("'=cmd()", "failed", "1", "0.00"),
        ("gpt-4o", "ok", "2", "102000.00"),
    ]
    assert rows[0]["site"] == "Sticker Shop"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Disposition"].startswith("attachment")


def test_an_owner_sees_all_users_of_the_site(browser: Browser, access: Access) -> None:
    """The calls of all its users together; the console of somebody else's site is not there."""
    page = browser.get(f"/developers/sites/{access.partner_id}/usage").text
    assert "secret-model" in page
    assert "usr_" not in page

    other = Browser(url=browser.url)
    other.sign_in(BOB)
    assert other.get(f"/developers/sites/{access.partner_id}/usage").status_code == 404


def test_the_operator_sees_everything(browser: Browser, live_hub: LiveHub, access: Access) -> None:
    """The whole month, and the last day in the overview; nobody else."""
    assert access
    assert browser.get("/admin/usage").status_code == 403
    with transaction(live_hub.hub.engine) as session:
        grant_operator(session, ALICE)
    page = browser.get("/admin/usage").text

    assert all(words in page for words in ("gpt-4o", "secret-model", "Sticker Shop"))
    assert "1 of them failed · 3.00 CNY" in browser.get("/admin").text


def test_nobody_looks_without_signing_in(live_hub: LiveHub, access: Access) -> None:
    """Each page is somebody's own."""
    stranger = Browser(url=live_hub.url)
    for path in (
        "/account/usage",
        "/account/usage.csv",
        f"/developers/sites/{access.partner_id}/usage",
        "/admin/usage",
    ):
        assert stranger.get(path, allow_redirects=False).status_code in {302, 401, 403}, path


def test_the_operator_limits_a_site(browser: Browser, live_hub: LiveHub, access: Access) -> None:
    """The whole site and each of its tokens; the relay finds it at the next look, and empty is no limit."""
    with transaction(live_hub.hub.engine) as session:
        grant_operator(session, ALICE)
    path = f"/admin/partners/{access.partner_id}"
    wish = {"site_spend_per_day": "50.00", "site_calls_at_once": "200", "token_calls_per_minute": "30"}
    generation = live_hub.hub.callers.generation
    assert browser.submit(browser.get(path), *wish, **wish).status_code == 302

    with reading(live_hub.hub.engine) as session:
        row = session.get_one(Partner, access.partner_id)
        assert (row.site_spend_per_day, row.site_calls_at_once, row.token_calls_per_minute) == (50 * CNY, 200, 30)
        assert row.site_spend_per_month is None
    assert live_hub.hub.callers.generation > generation
    assert browser.submit(browser.get(path), *wish, **dict.fromkeys(wish, "")).status_code == 302
    with reading(live_hub.hub.engine) as session:
        assert session.get_one(Partner, access.partner_id).site_spend_per_day is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"site_spend_per_day": "0"},
        {"site_spend_per_day": "-1"},
        {"token_spend_per_day": "99999999999"},
        {"token_calls_at_once": "1.5"},
        {"site_calls_per_minute": "many"},
    ],
)
def test_wrong_limits_of_a_site_change_nothing(
    browser: Browser, live_hub: LiveHub, access: Access, wrong: dict[str, str]
) -> None:
    """The page comes again with what was sent."""
    with transaction(live_hub.hub.engine) as session:
        grant_operator(session, ALICE)
    answer = browser.submit(browser.get(f"/admin/partners/{access.partner_id}"), *wrong, **wrong)

    assert answer.status_code == 422
    assert f'value="{next(iter(wrong.values()))}"' in answer.text
    with reading(live_hub.hub.engine) as session:
        assert getattr(session.get_one(Partner, access.partner_id), next(iter(wrong))) is None
