"""A key that a code is bound to before there is a code (RFC 9449 10): at the authorization endpoint, and at PAR."""

from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from oauth_app.db import transaction
from oauth_app.hub import Hub
from oauth_app.models import Partner
from tests.provider.browser import Browser, query_of
from tests.provider.partner import AUTHORIZE, ISSUER, PartnerSite
from tests.provider.prover import Prover


@pytest.fixture
def prover(app: Flask) -> Prover:
    """A client with a key, which has asked before."""
    prover = Prover(app)
    prover.learn_nonce()
    return prover


def error_of(answer: TestResponse) -> tuple[int, str]:
    """Return status and error."""
    return answer.status_code, answer.get_json()["error"]


def test_a_code_can_be_bound_to_a_key(app: Flask, prover: Prover, browser: Browser, site: PartnerSite) -> None:
    """RFC 9449 10: a code that was caught is worth nothing without the key."""
    code = site.code(browser, dpop_jkt=prover.thumbprint)

    assert error_of(site.exchange(code)) == (400, "invalid_grant")
    assert error_of(Prover(app, nonce=prover.nonce).ask_token(site.good_exchange(code))) == (400, "invalid_grant")
    assert prover.ask_token(site.good_exchange(code)).status_code == 200


def test_a_thumbprint_that_is_none_is_refused(browser: Browser, site: PartnerSite) -> None:
    """RFC 9449 10: what cannot be a thumbprint binds to nothing, so it is an error."""
    address = browser.open(site.link(dpop_jkt="short")).location
    assert query_of(address)["error"] == "invalid_request"


def test_a_pushed_request_binds_its_code(prover: Prover, browser: Browser, site: PartnerSite) -> None:
    """RFC 9449 10.1: a proof beside the pushed request binds the code, as ``dpop_jkt`` does."""
    code = query_of(browser.allow(_pushed_link(prover, site)))["code"]

    assert error_of(site.exchange(code)) == (400, "invalid_grant")
    assert prover.ask_token(site.good_exchange(code)).status_code == 200


def test_a_pushed_request_names_one_key(prover: Prover, site: PartnerSite) -> None:
    """RFC 9449 10.1: the proof is by the key that ``dpop_jkt`` names."""
    assert error_of(_push(prover, site, dpop_jkt="0" * 43)) == (400, "invalid_dpop_proof")


def test_a_client_for_dpop_alone_may_push_without_a_proof(hub: Hub, prover: Prover, site: PartnerSite) -> None:
    """RFC 9449 5.2 is about tokens; a pushed request gives none."""
    with transaction(hub.engine) as session:
        session.get_one(Partner, site.id).requires_dpop = True

    form = dict(parse_qsl(urlsplit(site.link()).query)) | {"client_secret": site.secret}
    assert prover.app.test_client().post("/oauth/par", data=form).status_code == 201


def _push(prover: Prover, site: PartnerSite, **more: str) -> TestResponse:
    form = dict(parse_qsl(urlsplit(site.link()).query)) | {"client_secret": site.secret} | more
    headers = {"DPoP": prover.proof("POST", f"{ISSUER}/oauth/par")}
    return prover.app.test_client().post("/oauth/par", data=form, headers=headers)


def _pushed_link(prover: Prover, site: PartnerSite) -> str:
    request_uri = _push(prover, site).get_json()["request_uri"]
    return f"{AUTHORIZE}?{urlencode({'client_id': site.id, 'request_uri': request_uri})}"
