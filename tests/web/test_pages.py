"""The pages: who may see them, in which language, and what a browser may do with them."""

import pytest
from sqlalchemy import select

from oauth_app.db import reading, transaction
from oauth_app.factory import create_app
from oauth_app.hub import Hub
from oauth_app.models import Consent, TopUp, User
from oauth_app.services.operators import grant_operator
from tests.fixtures.grants import grant
from tests.fixtures.hub import Sandbox, make_partner
from tests.fixtures.live import Browser, LiveHub

ALICE = "alice@example.com"


def connect_site(live: LiveHub, email: str) -> str:
    """Connect a site to the user, and return its access token."""
    shop = make_partner(live.hub.engine)
    with reading(live.hub.engine) as session:
        user_id = session.scalars(select(User.id).where(User.email == email)).one()
    return grant(live.hub.engine, user_id, shop.client_id)


def test_every_blueprint_names_its_guard(hub: Hub) -> None:
    """A new blueprint that forgets to say who may call it fails here."""
    app = create_app(hub)
    assert app.blueprints.keys() - app.before_request_funcs.keys() == set()


@pytest.mark.parametrize("path", ["/account", "/account/top-up", "/admin", "/admin/users"])
def test_guarded_pages_ask_to_sign_in(browser: Browser, path: str) -> None:
    """Nobody sees an account or the operation without signing in."""
    answer = browser.get(path, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (302, "/login")


def test_users_are_not_operators(browser: Browser) -> None:
    """A signed-in user who is no operator is refused."""
    browser.sign_in(ALICE)
    assert browser.get("/admin").status_code == 403


@pytest.mark.parametrize("name", ["", "/users", "/partners", "/charges", "/top-ups", "/calls"])
def test_an_operator_sees_the_operation(browser: Browser, live_hub: LiveHub, name: str) -> None:
    """Who was granted the right by e-mail opens every page of the operation."""
    with transaction(live_hub.hub.engine) as session:
        grant_operator(session, "Admin@Example.com ")
    browser.sign_in("admin@example.com")
    assert browser.get(f"/admin{name}").status_code == 200


@pytest.mark.parametrize("mark", ["0", "9" * 40, "-1", "x' OR 1=1", "\u0663"])
def test_a_strange_page_mark_is_harmless(browser: Browser, live_hub: LiveHub, mark: str) -> None:
    """Whatever stands after ``before=`` gives a page."""
    with transaction(live_hub.hub.engine) as session:
        grant_operator(session, ALICE)
    browser.sign_in(ALICE)
    for name in ("calls", "charges"):
        assert browser.get(f"/admin/{name}", params={"before": mark}).status_code == 200


def test_unknown_lists_are_not_found(browser: Browser, live_hub: LiveHub) -> None:
    """A list that does not exist is a page that says so."""
    with transaction(live_hub.hub.engine) as session:
        grant_operator(session, ALICE)
    browser.sign_in(ALICE)
    assert browser.get("/admin/secrets").status_code == 404


def test_a_connected_site_is_shown(browser: Browser, live_hub: LiveHub) -> None:
    """The account page names the site, what it may do, and the limits."""
    browser.sign_in(ALICE)
    connect_site(live_hub, ALICE)
    page = browser.get("/account").text
    for words in ("Shop", "Use AI models at your expense", "20.00 CNY per charge", "100.00 CNY per month"):
        assert words in page


def test_disconnecting_kills_tokens_at_once(browser: Browser, live_hub: LiveHub) -> None:
    """After the button is pressed, the very next call with the site's token is refused."""
    browser.sign_in(ALICE)
    headers = {"Authorization": f"Bearer {connect_site(live_hub, ALICE)}"}
    assert browser.get("/v1/models", headers=headers).status_code == 200
    with reading(live_hub.hub.engine) as session:
        consent_id = session.scalars(select(Consent.id)).one()
    browser.submit(browser.get(f"/account/sites/{consent_id}/disconnect"), "disconnect")
    assert browser.get("/v1/models", headers=headers).status_code == 401
    assert browser.get("/hub/v1/me", headers=headers).status_code == 401


def test_a_site_of_another_is_not_there(browser: Browser, live_hub: LiveHub) -> None:
    """Nobody can disconnect, or even see, what another user has connected."""
    browser.sign_in(ALICE)
    connect_site(live_hub, ALICE)
    with reading(live_hub.hub.engine) as session:
        consent_id = session.scalars(select(Consent.id)).one()
    other = Browser(url=live_hub.url)
    other.sign_in("bob@example.com")
    assert other.get(f"/account/sites/{consent_id}/disconnect").status_code == 404


def test_topping_up_leads_to_the_payment_page(browser: Browser, sandbox: Sandbox) -> None:
    """The form opens an order, leads to its page, and the order is shown as paid afterwards."""
    browser.sign_in("bob@example.com")
    answer = browser.submit(browser.get("/account/top-up"), "amount", amount="12.50", kind="checkout")
    sandbox.pay(answer.headers["Location"])
    assert "12.50 CNY" in browser.get("/account").text


def test_an_order_of_another_is_not_there(browser: Browser, live_hub: LiveHub) -> None:
    """Nobody sees what another user tops up."""
    browser.sign_in("bob@example.com")
    browser.submit(browser.get("/account/top-up"), "amount", amount="12.50", kind="checkout")
    with reading(live_hub.hub.engine) as session:
        order_id = session.scalars(select(TopUp.id)).one()
    other = Browser(url=live_hub.url)
    other.sign_in(ALICE)
    assert browser.get(f"/account/top-ups/{order_id}").status_code == 200
    assert other.get(f"/account/top-ups/{order_id}").status_code == 404


@pytest.mark.parametrize("amount", ["0", "0.99", "-1", "1.005", "1e3", "", "ten", "100000.01", "9" * 30])
def test_a_wrong_amount_is_explained(browser: Browser, amount: str) -> None:
    """An amount that cannot be topped up comes back in the form, with what can."""
    browser.sign_in(ALICE)
    answer = browser.submit(browser.get("/account/top-up"), "amount", amount=amount, kind="checkout")
    assert answer.status_code == 422
    assert "100000.00" in answer.text


def test_a_lost_connection_offers_the_repair(browser: Browser, sandbox: Sandbox) -> None:
    """When OhMyGPT no longer takes our token, the page says so and how to mend it."""
    browser.sign_in(ALICE)
    sandbox.revoke_tokens(ALICE)
    assert "Sign in again to repair it" in browser.get("/account").text
    assert "100.00 CNY" in browser.sign_in(ALICE, "/login?again=1").text


def test_pages_speak_the_readers_language(browser: Browser) -> None:
    """The browser's language is taken, until the reader chooses another."""
    page = browser.get("/", headers={"Accept-Language": "zh-CN,zh;q=0.9"})
    assert 'lang="zh-CN"' in page.text
    assert "登录" in page.text
    browser.submit(page, "next", language="en")
    assert 'lang="en"' in browser.get("/", headers={"Accept-Language": "zh-CN"}).text


def test_pages_forbid_what_they_do_not_need(browser: Browser) -> None:
    """No frame, no foreign script, no guessed type, no address in a referrer."""
    headers = browser.get("/").headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert (headers["X-Content-Type-Options"], headers["Referrer-Policy"]) == ("nosniff", "same-origin")


def test_every_answer_has_an_id(browser: Browser) -> None:
    """Each answer carries a request id; a sensible one of the caller's is kept, another is not."""
    assert browser.get("/livez", headers={"X-Request-Id": "abc-123"}).headers["X-Request-Id"] == "abc-123"
    assert browser.get("/livez", headers={"X-Request-Id": "a b<c>"}).headers["X-Request-Id"].startswith("req_")


def test_an_unknown_page_says_so(browser: Browser) -> None:
    """A wrong address is a page with the request's id, not a trace."""
    page = browser.get("/nothing/here")
    assert page.status_code == 404
    assert page.headers["X-Request-Id"] in page.text


def test_the_hub_says_that_it_is_ready(browser: Browser) -> None:
    """Health is told without signing in."""
    assert (browser.get("/livez").json(), browser.get("/readyz").json()) == ({"status": "ok"}, {"status": "ok"})
