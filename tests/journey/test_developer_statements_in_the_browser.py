"""A partner reads what it earned, in a real browser, and prints it."""

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from oauth_app import clock
from oauth_app.db import reading
from oauth_app.models import Partner
from oauth_app.services.statement_months import Month
from tests.fixtures.demo import Visitors, photograph
from tests.fixtures.hub import Sandbox, make_person
from tests.fixtures.live import LiveHub
from tests.journey.test_developers_in_the_browser import begin, create
from tests.services.money_story import allow, tell_last_month, tell_this_month

pytestmark = pytest.mark.browser


def test_a_partner_reads_and_prints_its_month(module_hub: LiveHub, visitors: Visitors, sandbox: Sandbox) -> None:
    """From the site's page to the month, to paper without the console around it, and to a spreadsheet."""
    page = visitors.visit()
    begin(page, module_hub)
    create(page, module_hub, name="Bookshop")
    with reading(module_hub.hub.engine) as session:
        site = session.scalars(select(Partner).where(Partner.name == "Bookshop")).one()
    carol = make_person(module_hub.hub, sandbox, "carol@example.com")
    access = allow(module_hub.hub, carol.user_id, site.id)
    tell_last_month(module_hub.hub, access)
    tell_this_month(module_hub.hub, access)

    page.get_by_role("link", name="Statements").click()
    photograph(page, "37-developers-statements")
    page.get_by_role("link", name=str(Month.of(clock.now())), exact=True).click()
    expect(page.get_by_text("Earnings at the end").first).to_be_visible()
    photograph(page, "38-developers-statement")
    with page.expect_download() as downloading:
        page.get_by_role("link", name="CSV").click()
    assert downloading.value.suggested_filename == f"statement-{Month.of(clock.now())}.csv"

    page.emulate_media(media="print")
    expect(page.get_by_role("link", name="Webhooks")).to_be_hidden()
    expect(page.get_by_text("captured hold").first).to_be_visible()
    photograph(page, "39-developers-statement-on-paper")
