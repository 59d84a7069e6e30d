"""Codes for tokens, and everything that must not become a token."""

import base64
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from oauth_app import clock
from oauth_app.db import transaction
from oauth_app.hub import Hub
from oauth_app.services.partners import disable_partner, rotate_secret
from tests.provider.browser import Browser
from tests.provider.partner import CALLBACK, PartnerSite


def test_a_second_use_of_a_code_revokes_what_came_of_the_first(browser: Browser, site: PartnerSite) -> None:
    """RFC 6749 4.1.2: two who know one code are one too many, so neither keeps a token."""
    code = site.code(browser)
    tokens = site.exchange(code).get_json()

    again = site.exchange(code)
    assert (again.status_code, again.get_json()["error"]) == (400, "invalid_grant")
    assert site.userinfo(tokens["access_token"]).status_code == 401
    assert site.refresh(tokens["refresh_token"]).status_code == 400


def test_a_late_second_use_revokes_too(browser: Browser, site: PartnerSite) -> None:
    """A code that was used is known again when its minute is long over."""
    code = site.code(browser)
    tokens = site.exchange(code).get_json()

    with clock.moved(timedelta(minutes=30)):
        site.exchange(code)
        assert site.userinfo(tokens["access_token"]).status_code == 401


def test_another_partner_cannot_revoke_by_replay(browser: Browser, site: PartnerSite, other_site: PartnerSite) -> None:
    """A code is nothing to a partner that it was not made for."""
    code = site.code(browser)
    tokens = site.exchange(code).get_json()

    assert other_site.exchange(code).get_json()["error"] == "invalid_grant"
    assert site.userinfo(tokens["access_token"]).status_code == 200


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_verifier": ""}, "invalid_request"),
        ({"code_verifier": "x"}, "invalid_request"),
        ({"code_verifier": "x" * 43}, "invalid_grant"),
        ({"redirect_uri": "https://shop.example/callback/"}, "invalid_grant"),
        ({"redirect_uri": ""}, "invalid_grant"),
        ({"code": ""}, "invalid_request"),
        ({"code": "omc_ac_unknown"}, "invalid_grant"),
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, "unauthorized_client"),
        ({"client_id": "ptn_unknown"}, "invalid_client"),
        ({"client_secret": ""}, "invalid_client"),
        ({"client_secret": "wrong"}, "invalid_client"),
    ],
)
def test_a_bad_exchange_gives_nothing(browser: Browser, site: PartnerSite, changes: dict[str, str], error: str) -> None:
    """Each part must be right; and the code is still good for who has them all."""
    code = site.code(browser)

    assert site.exchange(**({"code": code} | changes)).get_json()["error"] == error
    assert site.exchange(code).status_code == 200


def test_the_challenge_itself_is_no_verifier(browser: Browser, site: PartnerSite) -> None:
    """Who has seen the request in the browser knows the challenge, and nothing by it."""
    code = site.code(browser)

    assert site.exchange(code, code_verifier=site.challenge).get_json()["error"] == "invalid_grant"


def test_a_public_client_needs_the_verifier(browser: Browser, public_site: PartnerSite) -> None:
    """Without a secret, the verifier is all there is."""
    assert public_site.exchange(public_site.code(browser), code_verifier="").status_code == 400


def test_a_code_lives_a_minute(browser: Browser, site: PartnerSite) -> None:
    """What lies about is soon worth nothing."""
    code = site.code(browser)

    with clock.moved(timedelta(seconds=61)):
        assert site.exchange(code).get_json()["error"] == "invalid_grant"


def test_a_partner_switched_off_gets_nothing(hub: Hub, browser: Browser, site: PartnerSite) -> None:
    """A code made just before does not help."""
    code = site.code(browser)
    with transaction(hub.engine) as session:
        disable_partner(session, site.id)

    assert site.exchange(code).get_json()["error"] == "invalid_client"


def test_two_secrets_overlap_while_one_replaces_the_other(hub: Hub, browser: Browser, site: PartnerSite) -> None:
    """A partner rolls out its new secret without a gap, and a day later the old one is void."""
    with transaction(hub.engine) as session:
        rotate_secret(session, site.id)

    assert site.exchange(site.code(browser)).status_code == 200
    with clock.moved(timedelta(hours=25)):
        assert site.exchange(site.code(browser)).get_json()["error"] == "invalid_client"


@pytest.mark.parametrize(
    "header", ["Basic ???", f"Basic {base64.b64encode(bytes([255, 254])).decode()}", "Basic", "Basic cHRuOnNlY3JldA=="]
)
def test_a_wrong_header_is_answered_with_a_challenge(client: FlaskClient, header: str) -> None:
    """RFC 6749 5.2: who tried the header learns which scheme is meant, whatever stands in it."""
    answer = client.post("/oauth/token", data={"grant_type": "refresh_token"}, headers={"Authorization": header})

    assert (answer.status_code, answer.get_json()["error"]) == (401, "invalid_client")
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


def test_a_client_shows_its_secret_once(browser: Browser, client: FlaskClient, site: PartnerSite) -> None:
    """RFC 6749 2.3: header and body together are one way too many."""
    answer = client.post("/oauth/token", data=site.good_exchange(site.code(browser)), auth=(site.id, site.secret))

    assert answer.get_json()["error"] == "invalid_request"


def test_the_token_endpoint_reads_no_address(browser: Browser, client: FlaskClient, site: PartnerSite) -> None:
    """RFC 6749 2.3.1: a secret in the address stands in every log on the way."""
    answer = client.post("/oauth/token", query_string=site.good_exchange(site.code(browser)))

    assert answer.status_code == 400


def test_a_repeated_field_is_refused(browser: Browser, client: FlaskClient, site: PartnerSite) -> None:
    """RFC 6749 3.2: what stands twice could be read in two ways."""
    good = site.good_exchange(site.code(browser))
    answer = client.post("/oauth/token", data=good | {"redirect_uri": [CALLBACK, "https://evil.example"]})

    assert answer.get_json()["error"] == "invalid_request"
