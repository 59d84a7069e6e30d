"""The statement pages: the user's own, and the operator's of a partner."""

import csv
import json

import pytest
from sqlalchemy import select

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.models import User
from oauth_app.services.access import Access
from oauth_app.services.operators import grant_operator
from oauth_app.services.statement_months import Month
from oauth_app.web import statement_pages
from tests.fixtures.hub import make_partner
from tests.fixtures.live import Browser, LiveHub
from tests.services.money_story import allow, tell_last_month, tell_this_month

ALICE = "alice@example.com"


def this_month() -> Month:
    """Return the present month."""
    return Month.of(clock.now())


@pytest.fixture
def access(browser: Browser, live_hub: LiveHub) -> Access:
    """Alice, signed in, with a story at the shop behind her."""
    browser.sign_in(ALICE)
    with reading(live_hub.hub.engine) as session:
        user_id = session.scalars(select(User.id).where(User.email == ALICE)).one()
    access = allow(live_hub.hub, user_id, make_partner(live_hub.hub.engine, fee_basis_points=250).client_id)
    tell_last_month(live_hub.hub, access)
    tell_this_month(live_hub.hub, access)
    return access


def test_a_user_reads_and_prints_a_month(browser: Browser, access: Access) -> None:
    """The page has the balances and the lines, and a style for paper."""
    assert access
    assert f'href="/account/statements/{this_month()}"' in browser.get("/account/statements").text
    page = browser.get(f"/account/statements/{this_month()}").text
    assert 'data-testid="closing-USD">193.96 USD<' in page
    assert "captured hold" in page
    assert 'media="print"' in page
    assert browser.get("/static/print.css").status_code == 200


def test_the_files_are_the_same_month(browser: Browser, access: Access) -> None:
    """CSV and JSON come as downloads that nobody keeps."""
    assert access
    as_csv = browser.get(f"/account/statements/{this_month()}.csv")
    as_json = browser.get(f"/account/statements/{this_month()}.json")
    assert as_csv.headers["Content-Type"].startswith("text/csv")
    assert as_csv.headers["Content-Disposition"] == f'attachment; filename="statement-{this_month()}.csv"'
    assert as_csv.headers["Cache-Control"] == as_json.headers["Cache-Control"] == "no-store"
    rows = list(csv.DictReader(as_csv.text.splitlines(keepends=True)))
    lines = json.loads(as_json.text)["lines"]
    assert [row["transfer"] for row in rows if row["transfer"]] == [line["transfer"] for line in lines]


@pytest.mark.parametrize("month", ["2099-01", "2026-13", "x", "2099-01.csv", "2026-01.exe"])
def test_there_are_no_other_months(browser: Browser, month: str) -> None:
    """What is no month, or has not begun, is not there."""
    browser.sign_in(ALICE)
    assert browser.get(f"/account/statements/{month}").status_code == 404


def test_an_operator_reads_a_partners_month(browser: Browser, live_hub: LiveHub, access: Access) -> None:
    """Gross, fee and net, with the files; a user who is no operator sees nothing of it."""
    address = f"/admin/partners/{access.partner_id}/statements"
    assert browser.get(address).status_code == 403
    with transaction(live_hub.hub.engine) as session:
        grant_operator(session, ALICE)
    page = browser.get(address)
    assert page.url.endswith(f"/statements/{this_month()}")
    assert "15.03 USD" in page.text
    assert "0.37 USD" in page.text
    assert "14.66 USD" in page.text
    assert address in browser.get("/admin/partners").text
    assert browser.get(f"{address}/{this_month()}.csv").text.startswith("at,type,")
    assert browser.get("/admin/partners/ptn_0/statements/2026-01").status_code == 404


def test_a_long_page_says_where_the_rest_is(browser: Browser, access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page has so many lines at most; the totals count all."""
    assert access
    monkeypatch.setattr(statement_pages, "PAGE_LINES", 2)
    page = browser.get(f"/account/statements/{this_month()}").text
    assert "the first 2 of 6 lines" in page
    assert "captured hold" in page
