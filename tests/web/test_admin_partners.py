"""Partners as the operator looks after them."""

import pytest
import requests
from sqlalchemy import select

from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import Partner
from oauth_app.services.fees import current_fee
from oauth_app.services.operators import grant_operator
from oauth_app.services.partner_modes import ask_to_go_live
from oauth_app.services.partners import Credentials, get_partner
from tests.fixtures.hub import make_partner
from tests.fixtures.live import LiveHub
from tests.web.console import CALLBACK, Developer, Site, find_value, make_developer, value_of


@pytest.fixture(scope="module")
def operator(module_hub: LiveHub) -> Developer:
    """Sign the operator in."""
    with transaction(module_hub.hub.engine) as session:
        grant_operator(session, "admin@example.com")
    return make_developer(module_hub, "admin@example.com")


def press(operator: Developer, client_id: str, action: str, **fields: str) -> requests.Response:
    """Press a button on a partner's page."""
    path = f"/admin/partners/{client_id}"
    return operator.send(path, to=f"{path}/{action}", **fields)


def row_of(live: LiveHub, client_id: str) -> Partner:
    """Return what is kept of a partner."""
    with reading(live.hub.engine) as session:
        return session.scalars(select(Partner).where(Partner.id == client_id)).one()


@pytest.fixture
def partner(module_hub: LiveHub) -> Credentials:
    """Register a shop."""
    return make_partner(module_hub.hub.engine)


def test_the_operator_registers_a_site(operator: Developer, module_hub: LiveHub) -> None:
    """It is live at once, belongs to no account, and its secret is shown this once."""
    fields = {"name": "Shop", "kind": "server", "redirect_uris": CALLBACK, "scopes": ["openid"]}
    page = operator.send("/admin/partners/new", **fields)
    client_id = page.text.partition('hub-code">')[2].partition("<")[0]
    row = row_of(module_hub, client_id)

    assert page.status_code == 201
    assert (row.mode, row.owner_id, row.redirect_uris) == ("live", None, [CALLBACK])
    secret = value_of(page.text, "client_secret")
    assert secret not in operator.browser.get(f"/admin/partners/{client_id}").text


def test_what_cannot_be_registered_is_explained(operator: Developer) -> None:
    """The form comes back with the reason and with what was written."""
    fields = {"name": "Shop", "kind": "server", "redirect_uris": "http://shop.example", "scopes": ["openid"]}
    page = operator.send("/admin/partners/new", **fields)

    assert page.status_code == 422
    assert "must begin with https://" in page.text
    assert find_value(page.text, "name") == "Shop"


@pytest.mark.parametrize("path", ["/new", "/ptn_1"])
def test_the_pages_are_the_operators(bob_at_work: Developer, path: str) -> None:
    """A user who is no operator sees none of it."""
    assert bob_at_work.browser.get(f"/admin/partners{path}").status_code == 403


@pytest.mark.parametrize("action", ["new", "{id}/approve", "{id}/disable", "{id}/enable", "{id}/fee"])
def test_the_changes_are_the_operators(
    bob_at_work: Developer, module_hub: LiveHub, partner: Credentials, action: str
) -> None:
    """A user who is no operator changes nothing, with a good CSRF token either."""
    path = f"/admin/partners/{action.format(id=partner.client_id)}"
    answer = bob_at_work.send("/developers/sites/new", to=path, fee="99", name="Mine", kind="page")

    assert answer.status_code == 403
    assert row_of(module_hub, partner.client_id).disabled_at is None
    assert row_of(module_hub, partner.client_id).fee_basis_points == 0


@pytest.mark.parametrize("action", ["approve", "disable", "enable", "fee"])
def test_another_site_presses_no_button(operator: Developer, partner: Credentials, action: str) -> None:
    """Without the page's own token nothing happens."""
    url = f"{operator.browser.url}/admin/partners/{partner.client_id}/{action}"

    assert operator.browser.http.post(url, data={"fee": "1"}, timeout=10).status_code == 400


def test_the_operator_lets_a_site_go_live(operator: Developer, site: Site) -> None:
    """A site of a developer is listed with its owner, and opens to everybody by the operator's word."""
    assert "alice@example.com" in operator.browser.get("/admin/partners").text
    press(operator, site.id, "approve")

    assert operator.row(site).mode == "live"


def test_a_site_that_is_switched_off_comes_back(operator: Developer, partner: Credentials) -> None:
    """Off, nobody can begin a sign-in there; on again, they can."""
    link = f"/oauth/authorize?client_id={partner.client_id}&redirect_uri={CALLBACK}&response_type=code&scope=openid"
    press(operator, partner.client_id, "disable")
    assert operator.browser.get(link, allow_redirects=False).status_code == 400
    press(operator, partner.client_id, "enable")
    assert operator.browser.get(link, allow_redirects=False).status_code != 400


@pytest.mark.parametrize(("percent", "points"), [("2.5", 250), ("0", 0), ("100", 10_000), ("0.05", 5), ("12", 1_200)])
def test_the_fee_is_set_in_per_cent(
    operator: Developer, module_hub: LiveHub, partner: Credentials, percent: str, points: int
) -> None:
    """The operator writes per cent with up to two decimals; no float is made of it."""
    press(operator, partner.client_id, "fee", fee=percent)

    assert row_of(module_hub, partner.client_id).fee_basis_points == points


def test_the_fee_counts_for_the_next_charge(operator: Developer, module_hub: LiveHub, partner: Credentials) -> None:
    """What the form says is what is charged by, also when something was charged before; the page shows who and when."""
    engine = module_hub.hub.engine
    with transaction(engine) as session:
        assert current_fee(session, partner.client_id).basis_points == 0
    press(operator, partner.client_id, "fee", fee="2.5")
    with reading(engine) as session:
        assert current_fee(session, partner.client_id).basis_points == 250
    page = operator.browser.get(f"/admin/partners/{partner.client_id}").text
    rows = [words for words in ("admin@example.com", "the registration", "2.50 %", "0.00 %") if words in page]
    assert len(rows) == 4


@pytest.mark.parametrize("percent", ["", "-1", "100.01", "1.005", "1e1", "٣", "ten"])
def test_a_wrong_fee_is_explained(operator: Developer, module_hub: LiveHub, partner: Credentials, percent: str) -> None:
    """What is no share changes nothing."""
    answer = press(operator, partner.client_id, "fee", fee=percent)

    assert answer.status_code == 422
    assert "A share from 0 to 100" in answer.text
    assert row_of(module_hub, partner.client_id).fee_basis_points == 0


def test_an_unknown_partner_is_not_found(operator: Developer) -> None:
    """A wrong or strange id is a page that says so."""
    for client_id in ("ptn_1", "%00"):
        assert operator.browser.get(f"/admin/partners/{client_id}").status_code == 404


def test_in_production_the_operator_decides(hub: Hub) -> None:
    """The owner's wish opens nothing, and asking again does not change when it was first asked."""
    client_id = make_partner(hub.engine, mode="test").client_id
    with transaction(hub.engine) as session:
        partner = get_partner(session, client_id)
        ask_to_go_live(partner, needs_approval=True)
        first = partner.live_wanted_at
        ask_to_go_live(partner, needs_approval=True)

        assert (partner.mode, partner.live_wanted_at) == ("test", first)
        assert first is not None
