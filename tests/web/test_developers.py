"""The console: a partner creates a site, and looks after its own only."""

from datetime import timedelta

import pytest
import requests

from oauth_app import clock
from oauth_app.db import transaction
from oauth_app.hub import Hub
from oauth_app.identifiers import Kind, new_id
from oauth_app.models import Charge, Consent
from oauth_app.services.developer_sites import MAX_SITES, TooManySitesError, open_site
from oauth_app.services.registration import Registration
from tests.fixtures.grants import grant
from tests.fixtures.hub import Person
from tests.fixtures.live import Browser, LiveHub
from tests.web.console import CALLBACK, Developer, Site, find_value, make_developer


def ask_token(site: Site, live: LiveHub, secret: str) -> int:
    """Show a secret at the token endpoint; 400 says that it was right and the code was not."""
    form = {"grant_type": "authorization_code", "code": "none", "redirect_uri": CALLBACK, "code_verifier": "v" * 43}
    known = {"client_id": site.id, "client_secret": secret}
    return requests.post(f"{live.url}/oauth/token", data=form | known, timeout=10).status_code


def test_a_visitor_is_told_what_it_is(module_hub: LiveHub) -> None:
    """Without an account the console says what a site gains, and where to begin."""
    page = Browser(url=module_hub.url).get("/developers")

    assert page.status_code == 200
    assert "/login?next=/developers" in page.text


def test_a_new_site_is_limited(alice_at_work: Developer, site: Site) -> None:
    """Its AI calls have the limits of the settings, all users together, until the operator sets others."""
    row = alice_at_work.row(site)

    assert (row.site_calls_per_minute, row.site_calls_at_once, row.token_calls_at_once) == (600, 100, None)


@pytest.mark.parametrize("path", ["/new", "/ptn_1", "/ptn_1/settings", "/ptn_1/secrets", "/ptn_1/failures"])
def test_sites_are_for_those_who_signed_in(module_hub: LiveHub, path: str) -> None:
    """Every page but the first asks to sign in."""
    answer = Browser(url=module_hub.url).get(f"/developers/sites{path}", allow_redirects=False)

    assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (302, "/login")


def test_the_secret_is_shown_once(alice_at_work: Developer) -> None:
    """The page after the form has it, and no page after that one."""
    site = alice_at_work.created()

    assert site.secret is not None
    for page in ("", "/settings", "/secrets"):
        assert site.secret not in alice_at_work.browser.get(site.path + page).text
    assert site.secret[-4:] in alice_at_work.browser.get(f"{site.path}/secrets").text


def test_a_new_site_is_its_makers_and_in_test_mode(alice_at_work: Developer, site: Site) -> None:
    """Only who made it can sign in, and the operator takes nothing of it."""
    row = alice_at_work.row(site)

    assert (row.mode, row.owner_id, row.fee_basis_points) == ("test", alice_at_work.user_id, 0)


@pytest.mark.parametrize("kind", ["page", "native"])
def test_what_runs_at_the_users_has_no_secret(alice_at_work: Developer, kind: str) -> None:
    """A single-page app and a tool are public clients, and the console says why."""
    site = alice_at_work.created(kind=kind)

    assert site.secret is None
    assert alice_at_work.row(site).is_public
    assert "PKCE" in alice_at_work.browser.get(f"{site.path}/secrets").text


def test_a_device_needs_no_address(alice_at_work: Developer) -> None:
    """A tool that shows a code is never come back to."""
    row = alice_at_work.row(alice_at_work.created(kind="native", redirect_uris=""))

    assert "urn:ietf:params:oauth:grant-type:device_code" in row.grant_types
    assert "authorization_code" not in row.grant_types


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"redirect_uris": ""}, "at least one redirect address"),
        ({"redirect_uris": "http://shop.example/cb"}, "must begin with https://"),
        ({"redirect_uris": f"{CALLBACK}\nhttps://*.shop.example/cb"}, "https://*.shop.example/cb – No *"),
        ({"redirect_uris": f"{CALLBACK}#x"}, "a fragment is never sent"),
        ({"name": " "}, "The name needs"),
        ({"kind": "other"}, "what kind of site"),
        ({"scopes": []}, "at least one right"),
        ({"scopes": ["all"]}, "at least one right"),
        ({"homepage": "javascript:alert(1)"}, "begins with https://"),
    ],
)
def test_what_cannot_be_registered_is_explained(alice_at_work: Developer, fields: dict[str, str], words: str) -> None:
    """The form comes back with the reason."""
    answer = alice_at_work.create(**fields)

    assert answer.status_code == 422
    assert words in answer.text


def test_addresses_are_checked_while_they_are_written(alice_at_work: Developer) -> None:
    """Each line is judged by the same rules as when it is saved."""
    answer = alice_at_work.send(
        "/developers/sites/new",
        to="/developers/sites/check-addresses",
        redirect_uris=f"{CALLBACK}\nhttp://shop.example/cb",
    ).json()

    assert [one["problem"] is None for one in answer["addresses"]] == [True, False]


def test_another_site_cannot_create_one(alice_at_work: Developer) -> None:
    """Without the form's own token nothing is created."""
    answer = alice_at_work.browser.http.post(
        f"{alice_at_work.browser.url}/developers/sites", data={"name": "Evil"}, timeout=10
    )

    assert answer.status_code == 400


@pytest.mark.parametrize("page", ["", "/settings", "/secrets", "/failures", "/delete"])
def test_the_site_of_another_is_not_there(bob_at_work: Developer, site: Site, page: str) -> None:
    """Nobody sees what somebody else looks after."""
    assert bob_at_work.browser.get(site.path + page).status_code == 404


@pytest.mark.parametrize("action", ["/settings", "/logo", "/live", "/delete", "/secrets/rotate", "/secrets/1/revoke"])
def test_nobody_changes_the_site_of_another(
    alice_at_work: Developer, bob_at_work: Developer, site: Site, action: str
) -> None:
    """Every change is refused as if the site did not exist."""
    before = alice_at_work.browser.get(f"{site.path}/secrets").text.count("<tr>")
    answer = bob_at_work.send("/developers/sites/new", to=site.path + action, name="Mine", redirect_uris=CALLBACK)

    assert answer.status_code == 404
    assert alice_at_work.row(site).name == "Shop"
    assert alice_at_work.browser.get(f"{site.path}/secrets").text.count("<tr>") == before


def test_nobody_has_more_sites_than_may_be(hub: Hub, alice: Person) -> None:
    """The one after the last is refused, until one is switched off."""
    wish = Registration(name="Shop", redirect_uris=[CALLBACK])
    with transaction(hub.engine) as session:
        for _ in range(MAX_SITES):
            open_site(session, alice.user_id, wish)
        with pytest.raises(TooManySitesError):
            open_site(session, alice.user_id, wish)


def test_settings_are_saved(alice_at_work: Developer) -> None:
    """What the form says holds from then on."""
    site = alice_at_work.created()
    answer = alice_at_work.send(
        f"{site.path}/settings",
        name="Better shop",
        redirect_uris="https://shop.example/new",
        post_logout_redirect_uris="https://shop.example/bye",
        backchannel_logout_uri="https://shop.example/logout",
        policy_uri="https://shop.example/privacy",
        scopes=["openid"],
        id_token_algorithm="RS256",
        requires_par="on",
        client_credentials="on",
    )
    row = alice_at_work.row(site)

    assert answer.status_code == 302, answer.text
    assert (row.name, row.redirect_uris, row.scopes) == ("Better shop", ["https://shop.example/new"], ["openid"])
    assert (row.post_logout_redirect_uris, row.backchannel_logout_uri) == (
        ["https://shop.example/bye"],
        "https://shop.example/logout",
    )
    assert (row.id_token_algorithm, row.requires_par, row.requires_dpop) == ("RS256", True, False)
    assert "client_credentials" in row.grant_types


def test_the_form_cannot_set_what_is_the_operators(alice_at_work: Developer) -> None:
    """Fee, owner and mode are no fields of the form, whatever is sent."""
    site = alice_at_work.created(mode="live", fee_basis_points="9", owner_id="usr_1")
    fields = {"name": "Shop", "redirect_uris": CALLBACK, "scopes": ["openid"], "id_token_algorithm": "ES256"}
    alice_at_work.send(f"{site.path}/settings", **fields, mode="live", owner_id="usr_1", is_public="1")
    row = alice_at_work.row(site)

    assert (row.mode, row.owner_id, row.is_public) == ("test", alice_at_work.user_id, False)


def test_settings_that_cannot_be_taken_change_nothing(alice_at_work: Developer, site: Site) -> None:
    """The form comes back with what was written, and the site is as it was."""
    fields = {"name": "Other", "redirect_uris": "http://x.example", "scopes": ["openid"], "id_token_algorithm": "ES256"}
    answer = alice_at_work.send(f"{site.path}/settings", **fields)

    assert answer.status_code == 422
    assert find_value(answer.text, "name") == "Other"
    assert alice_at_work.row(site).redirect_uris == [CALLBACK]


def test_a_public_site_stays_careful(alice_at_work: Developer) -> None:
    """A site without a secret cannot do without PKCE, nor act for itself."""
    site = alice_at_work.created(kind="page")
    fields = {"name": "Shop", "redirect_uris": CALLBACK, "scopes": ["openid"], "id_token_algorithm": "ES256"}
    answer = alice_at_work.send(f"{site.path}/settings", **fields, is_legacy="on", client_credentials="on")
    row = alice_at_work.row(site)

    assert answer.status_code == 302  # it has no such fields, so they are not read
    assert not row.is_legacy
    assert "client_credentials" not in row.grant_types


def test_secrets_overlap_until_one_is_revoked(alice_at_work: Developer, module_hub: LiveHub) -> None:
    """After a rotation both work; a revoked one does not, from that moment on."""
    site = alice_at_work.created()
    page = alice_at_work.send(f"{site.path}/secrets", to=f"{site.path}/secrets/rotate")
    fresh = find_value(page.text, "client_secret")
    assert site.secret is not None
    assert fresh is not None

    assert [ask_token(site, module_hub, secret) for secret in (site.secret, fresh)] == [400, 400]
    first = page.text.partition(f"{site.path}/secrets/")[2].partition("/")[0]
    alice_at_work.send(f"{site.path}/secrets", to=f"{site.path}/secrets/{first}/revoke")
    assert [ask_token(site, module_hub, secret) for secret in (site.secret, fresh)] == [401, 400]


@pytest.mark.parametrize("action", ["/secrets/rotate", "/secrets/1/revoke", "/delete"])
def test_secrets_need_a_recent_sign_in(alice_at_work: Developer, site: Site, action: str) -> None:
    """A browser that somebody left open an hour ago gives no secret away, and ends none."""
    before = alice_at_work.row(site)
    with clock.moved(timedelta(minutes=16)):
        answer = alice_at_work.send(f"{site.path}/secrets", to=site.path + action)

    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/login?")
    assert "again=1" in answer.headers["Location"]
    assert alice_at_work.row(site).disabled_at == before.disabled_at


def test_the_numbers_name_nobody(alice_at_work: Developer, module_hub: LiveHub) -> None:
    """How many users and how much: yes. Who: no."""
    site, bob = alice_at_work.created(), make_developer(module_hub, "bob@example.com")
    grant(module_hub.hub.engine, bob.user_id, site.id)
    with transaction(module_hub.hub.engine) as session:
        consent = session.query(Consent).filter_by(partner_id=site.id).one()
        session.add(make_charge(consent, 3_400_000))
    page = alice_at_work.browser.get(site.path).text

    assert "1.00 CNY" in page
    assert "bob@example.com" not in page
    assert consent.subject not in page


def make_charge(consent: Consent, amount: int) -> Charge:
    """Return a charge that went well."""
    return Charge(
        id=new_id(Kind.CHARGE),
        partner_id=consent.partner_id,
        user_id=consent.user_id,
        consent_id=consent.id,
        amount=amount,
        asset="OMG",
        fee=0,
        funding="upstream",
        status="succeeded",
        description="Book",
        details={},
        idempotency_key="k",
        request_digest="d",
        created_at=clock.now(),
    )


def test_what_the_hub_sends_can_be_read_about(alice_at_work: Developer) -> None:
    """The console leads to the page about webhooks."""
    assert "Standard Webhooks" in alice_at_work.browser.get("/docs/webhooks").text
