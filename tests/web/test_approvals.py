"""The user decides about charges above their step-up limit."""

import pytest
from requests import Response
from sqlalchemy import select

from oauth_app.db import reading
from oauth_app.models import Charge, Consent, User
from oauth_app.services.access import Access, find_access
from oauth_app.services.charging import ChargeWish, charge
from tests.fixtures.grants import grant
from tests.fixtures.hub import Sandbox, make_partner
from tests.fixtures.live import Browser, LiveHub
from tests.fixtures.provider_pages import form_with

ALICE = "alice@example.com"


@pytest.fixture
def access(browser: Browser, live_hub: LiveHub) -> Access:
    """Let alice sign in, and connect a shop."""
    browser.sign_in(ALICE)
    hub = live_hub.hub
    shop = make_partner(hub.engine, name="Sticker Shop")
    with reading(hub.engine) as session:
        user_id = session.scalars(select(User.id)).one()
    token = grant(hub.engine, user_id, shop.client_id)
    with reading(hub.engine) as session:
        return find_access(session, token)


@pytest.fixture
def waiting(browser: Browser, live_hub: LiveHub, access: Access) -> str:
    """Let alice want to be asked above 1.00 CNY; return the path of a charge of 2.00 CNY."""
    page = browser.get(f"/account/sites/{access.consent_id}/approval-limit")
    assert browser.submit(page, "amount", amount="1.00").status_code == 302
    wish = ChargeWish(amount=6_800_000, asset="OMG", description="Gold stickers", idempotency_key="k1")
    return f"/account/approvals/{charge(live_hub.hub, access, wish).charge.id}"


def press(browser: Browser, page: Response, decision: str) -> int:
    """Press a button of the page, and return the answer's status."""
    _, values = form_with(page.text, "csrf_token")
    answer = browser.http.post(page.url, data=values | {"decision": decision}, timeout=15, allow_redirects=False)
    return answer.status_code


def status_of(live: LiveHub, path: str) -> str:
    """Return how the charge stands in the database."""
    with reading(live.hub.engine) as session:
        return session.get_one(Charge, path.rpartition("/")[2]).status


def test_the_page_says_what_it_is_about(browser: Browser, waiting: str) -> None:
    """Site, amount and purpose stand there before anything is decided, and the account leads there."""
    page = browser.get(waiting).text
    assert all(words in page for words in ("Sticker Shop", "2.00 CNY", "Gold stickers", "Approve and pay"))
    assert waiting in browser.get("/account").text


@pytest.mark.parametrize(("decision", "status", "charges"), [("approve", "succeeded", 1), ("deny", "declined", 0)])
def test_the_user_decides_once(
    browser: Browser, live_hub: LiveHub, sandbox: Sandbox, waiting: str, decision: str, status: str, charges: int
) -> None:
    """A press counts, and later presses on pages left open change nothing."""
    page = browser.get(waiting)
    for pressed in (decision, "approve", "deny"):
        press(browser, page, pressed)

    assert (status_of(live_hub, waiting), sandbox.account(ALICE)["charges"]) == (status, charges)
    assert "Approve and pay" not in browser.get(waiting).text


def test_another_decision_is_none(browser: Browser, live_hub: LiveHub, waiting: str) -> None:
    """A form without one of the two buttons decides nothing."""
    assert press(browser, browser.get(waiting), "perhaps") == 400
    assert status_of(live_hub, waiting) == "approval_required"


def test_a_press_needs_the_form(browser: Browser, live_hub: LiveHub, waiting: str) -> None:
    """Without the CSRF token nothing is decided."""
    answer = browser.http.post(f"{live_hub.url}{waiting}", data={"decision": "approve"}, timeout=10)
    assert (answer.status_code, status_of(live_hub, waiting)) == (400, "approval_required")


def test_nobody_else_sees_it(live_hub: LiveHub, waiting: str) -> None:
    """Another user finds nothing there, and somebody who is not signed in is asked to."""
    other = Browser(url=live_hub.url)
    assert "/login" in other.get(waiting, allow_redirects=False).headers["Location"]
    other.sign_in("bob@example.com")
    assert other.get(waiting).status_code == 404


@pytest.mark.parametrize("amount", ["x", "-1", "1.001", "100000.01"])
def test_a_limit_is_an_amount(browser: Browser, live_hub: LiveHub, access: Access, amount: str) -> None:
    """Anything else is shown again with what is wrong, and changes nothing."""
    page = browser.get(f"/account/sites/{access.consent_id}/approval-limit")
    assert browser.submit(page, "amount", amount=amount).status_code == 422
    with reading(live_hub.hub.engine) as session:
        assert session.get_one(Consent, access.consent_id).step_up_above is None


def test_a_limit_can_be_taken_away(browser: Browser, live_hub: LiveHub, access: Access, waiting: str) -> None:
    """An empty field is never to be asked."""
    page = browser.get(f"/account/sites/{access.consent_id}/approval-limit")
    assert 'value="1.00"' in page.text
    browser.submit(page, "amount", amount="")
    with reading(live_hub.hub.engine) as session:
        assert session.get_one(Consent, access.consent_id).step_up_above is None
    assert status_of(live_hub, waiting) == "approval_required"
