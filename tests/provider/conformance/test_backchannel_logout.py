"""OpenID Connect Back-Channel Logout: the certification plan's modules, with a receiver that listens on a port."""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import KeySet

from oauth_app import clock
from oauth_app.hub import Hub
from oauth_app.provider.logout_token import EVENT
from oauth_app.services.deliveries import send_due
from tests.conftest import ROOT
from tests.fixtures.hub import make_partner
from tests.fixtures.provider_pages import form_with
from tests.fixtures.receiver import Receiver
from tests.provider.browser import Browser
from tests.provider.partner import CALLBACK, ISSUER, PartnerSite


def register(app: Flask, hub: Hub, receiver: Receiver, **wishes: Any) -> PartnerSite:  # noqa: ANN401 - a Registration's
    """Register a site that listens for logouts."""
    known = {"redirect_uris": [CALLBACK], "backchannel_logout_uri": receiver.url}
    return PartnerSite(app, make_partner(hub.engine, **(known | wishes)))


@pytest.fixture
def rp(app: Flask, hub: Hub, receiver: Receiver) -> PartnerSite:
    """Register one site."""
    return register(app, hub, receiver)


def read_logout_token(client: FlaskClient, token: str, algorithm: str = "ES256") -> jwt.Token:
    """Return the token, its signature checked as a partner does."""
    keys = KeySet.import_key_set(client.get("/.well-known/jwks.json").get_json())
    return jwt.decode(token, keys, [algorithm])


def claims_of(token: str) -> dict[str, Any]:
    """Return what a JWT says, its signature not looked at."""
    body = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return claims


def log_out(browser: Browser, id_token: str) -> None:
    """Let the site sign the person out."""
    assert "You are signed out" in browser.open(f"/oauth/logout?id_token_hint={id_token}").text


def test_oidcc_backchannel_logout_discovery_endpoint_verification(client: FlaskClient) -> None:
    """oidcc-backchannel-logout-discovery-endpoint-verification: it is announced, with sessions."""
    metadata = client.get("/.well-known/openid-configuration").get_json()

    assert metadata["backchannel_logout_supported"] is True
    assert metadata["backchannel_logout_session_supported"] is True
    assert "sid" in metadata["claims_supported"]


def test_oidcc_backchannel_rp_initiated_logout(
    hub: Hub, browser: Browser, client: FlaskClient, rp: PartnerSite, receiver: Receiver
) -> None:
    """oidcc-backchannel-rp-initiated-logout: the logout token is as Back-Channel Logout 2.4 to 2.6 want it."""
    id_token = rp.tokens(browser)["id_token"]
    signed_in = claims_of(id_token)

    log_out(browser, id_token)
    send_due(hub)

    assert receiver.content_types == ["application/x-www-form-urlencoded"]
    assert receiver.got[0].keys() == {"logout_token"}
    token = read_logout_token(client, receiver.got[0]["logout_token"])
    claims = token.claims
    assert (token.header["typ"], token.header["alg"]) == ("logout+jwt", "ES256")
    assert (claims["iss"], claims["aud"]) == (ISSUER, rp.id)
    assert (claims["sub"], claims["sid"]) == (signed_in["sub"], signed_in["sid"])
    assert claims["events"] == {EVENT: {}}
    assert abs(claims["iat"] - clock.now().timestamp()) < 10
    assert 0 < claims["exp"] - claims["iat"] <= 120
    assert claims["jti"]
    assert "nonce" not in claims


def test_an_op_initiated_logout_is_told_too(
    hub: Hub, browser: Browser, client: FlaskClient, rp: PartnerSite, receiver: Receiver
) -> None:
    """As above, but the person signs out on our own page."""
    sid = claims_of(rp.tokens(browser)["id_token"])["sid"]

    action, values = form_with(browser.open("/account/sites/none/disconnect").text, "csrf_token")
    assert action == "/logout"
    page = browser.post(action, values)
    send_due(hub)

    assert "Shop" in page.text
    assert read_logout_token(client, receiver.got[0]["logout_token"]).claims["sid"] == sid


def test_every_site_of_the_session_is_told(
    app: Flask, hub: Hub, browser: Browser, rp: PartnerSite, receiver: Receiver
) -> None:
    """Each by its own name for the session and the user: two partners cannot join their users by a logout."""
    other = register(app, hub, receiver, name="Other")
    id_token = rp.tokens(browser)["id_token"]
    other.tokens(browser)

    log_out(browser, id_token)
    send_due(hub)

    told = [claims_of(got["logout_token"]) for got in receiver.got]
    assert {claims["aud"] for claims in told} == {rp.id, other.id}
    assert len({claims["sid"] for claims in told}) == 2
    assert len({claims["sub"] for claims in told}) == 2


@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "EdDSA"])
@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_it_is_signed_as_the_partners_id_tokens(
    app: Flask, hub: Hub, browser: Browser, client: FlaskClient, receiver: Receiver, algorithm: str
) -> None:
    """Back-Channel Logout 2.4: the algorithm that the partner has registered."""
    rp = register(app, hub, receiver, id_token_algorithm=algorithm)

    log_out(browser, rp.tokens(browser)["id_token"])
    send_due(hub)

    token = read_logout_token(client, receiver.got[0]["logout_token"], algorithm)
    assert token.header["typ"] == "logout+jwt"


def test_a_refresh_names_the_same_session(browser: Browser, rp: PartnerSite) -> None:
    """OIDC Core 12.2: the id_token of a refresh has the sid of the sign-in."""
    tokens = rp.tokens(browser)

    again = rp.refresh(tokens["refresh_token"]).get_json()["id_token"]

    assert claims_of(again)["sid"] == claims_of(tokens["id_token"])["sid"]


def test_a_second_sign_in_is_the_same_session(browser: Browser, rp: PartnerSite) -> None:
    """The sid names the browser's session at the site, however often the site asks."""
    first, second = (claims_of(rp.tokens(browser)["id_token"]) for _ in range(2))

    assert first["sid"] == second["sid"]


def test_a_session_after_a_logout_is_another(browser: Browser, rp: PartnerSite) -> None:
    """A logout token that arrives late does not end the session that was begun since."""
    id_token = rp.tokens(browser)["id_token"]
    consent_page = browser.open("/account").text
    consent_id = consent_page.split("/account/sites/")[1].split("/")[0]
    _, values = form_with(browser.open(f"/account/sites/{consent_id}/disconnect").text, "disconnect")
    browser.post(f"/account/sites/{consent_id}/disconnect", values)

    assert claims_of(rp.tokens(browser)["id_token"])["sid"] != claims_of(id_token)["sid"]


def test_tokens_without_offline_access_end_with_the_session(browser: Browser, rp: PartnerSite) -> None:
    """Back-Channel Logout 2.7: such an access token lives by the session."""
    tokens = rp.tokens(browser, scope="openid email")

    log_out(browser, tokens["id_token"])

    assert rp.userinfo(tokens["access_token"]).status_code == 401


def test_tokens_with_offline_access_stay(browser: Browser, rp: PartnerSite) -> None:
    """Back-Channel Logout 2.7: what the user allowed for the time without them goes on, until a disconnect."""
    tokens = rp.tokens(browser)

    log_out(browser, tokens["id_token"])

    assert rp.userinfo(tokens["access_token"]).status_code == 200
    assert rp.refresh(tokens["refresh_token"]).status_code == 200


def test_a_code_under_way_ends_with_the_session(browser: Browser, rp: PartnerSite) -> None:
    """Who signs out before the site has exchanged its code leaves nothing behind."""
    id_token = rp.tokens(browser)["id_token"]
    code = rp.code(browser)

    log_out(browser, id_token)

    assert rp.exchange(code).get_json()["error"] == "invalid_grant"


def test_a_token_that_was_not_taken_comes_again(
    hub: Hub, browser: Browser, rp: PartnerSite, receiver: Receiver
) -> None:
    """It is signed anew, since it lives two minutes, under the same jti, by which the receiver knows it."""
    receiver.status = 500
    log_out(browser, rp.tokens(browser)["id_token"])
    send_due(hub)
    receiver.status = 200
    with clock.moved(timedelta(seconds=7)):
        send_due(hub)

    first, second = (claims_of(got["logout_token"]) for got in receiver.got)
    assert first["jti"] == second["jti"]
    assert second["iat"] - first["iat"] >= 6


def test_the_guides_receiver_takes_it(
    hub: Hub, browser: Browser, client: FlaskClient, rp: PartnerSite, receiver: Receiver
) -> None:
    """What ``docs/logout.md`` gives to partners finds the session, and refuses an id_token."""
    guide: dict[str, Any] = {}
    exec((ROOT / "docs" / "logout.md").read_text().split("```python")[1].split("```")[0], guide)  # noqa: S102 - ours
    keys = KeySet.import_key_set(client.get("/.well-known/jwks.json").get_json())
    id_token = rp.tokens(browser)["id_token"]
    log_out(browser, id_token)
    send_due(hub)

    sid = guide["read_logout_token"](receiver.got[0]["logout_token"], keys, ISSUER, rp.id)
    assert sid == claims_of(id_token)["sid"]
    with pytest.raises(ValueError, match="not a logout token"):
        guide["read_logout_token"](id_token, keys, ISSUER, rp.id)
