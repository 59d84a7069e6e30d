"""DPoP at the token endpoint (RFC 9449 4, 5, 8 and 10): whose key a token is bound to, and what proves that."""

import time
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey
from werkzeug.test import TestResponse

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import Partner, TokenRow
from oauth_app.provider.dpop_nonces import Nonces
from oauth_app.provider.jws import ACCEPTED
from tests.provider.browser import Browser
from tests.provider.partner import TOKEN, PartnerSite
from tests.provider.prover import Prover

KEYS: dict[str, Key] = {
    "ES256": ECKey.generate_key("P-256"),
    "RS256": RSAKey.generate_key(2048),
    "PS256": RSAKey.generate_key(2048),
    "EdDSA": OKPKey.generate_key("Ed25519"),
    "Ed25519": OKPKey.generate_key("Ed25519"),
}


@pytest.fixture
def prover(app: Flask) -> Prover:
    """A client with a key, which has asked before."""
    prover = Prover(app)
    prover.learn_nonce()
    return prover


def error_of(answer: TestResponse) -> tuple[int, str]:
    """Return status and error."""
    return answer.status_code, answer.get_json()["error"]


def test_every_announced_algorithm_is_tested() -> None:
    """What is announced can do it, and nothing else."""
    assert set(ACCEPTED) == set(KEYS)


@pytest.mark.parametrize("algorithm", KEYS)
def test_tokens_are_bound_to_the_key(hub: Hub, app: Flask, browser: Browser, site: PartnerSite, algorithm: str) -> None:
    """RFC 9449 5: with a proof the answer is of type DPoP, and the access token names the key."""
    prover = Prover(app, key=KEYS[algorithm], algorithm=algorithm)
    prover.learn_nonce()

    tokens = prover.ask_token(site.good_exchange(site.code(browser))).get_json()
    assert tokens["token_type"] == "DPoP"
    with reading(hub.engine) as session:
        rows = {row.kind: row.dpop_thumbprint for row in session.query(TokenRow)}
    assert rows == {"access": prover.thumbprint, "refresh": None}


def test_without_a_proof_it_is_a_bearer_token(browser: Browser, site: PartnerSite) -> None:
    """Who proves nothing gets what everybody gets."""
    assert site.tokens(browser)["token_type"] == "Bearer"


def test_the_first_request_is_told_a_nonce(app: Flask, browser: Browser, site: PartnerSite) -> None:
    """RFC 9449 8: without a nonce it is ``use_dpop_nonce``; with the one handed out the same code is good."""
    prover, form = Prover(app), site.good_exchange(site.code(browser))

    refusal = prover.ask_token(form, nonce=None)
    assert error_of(refusal) == (400, "use_dpop_nonce")
    prover.nonce = refusal.headers["DPoP-Nonce"]
    assert prover.ask_token(form).status_code == 200


@pytest.mark.parametrize("foreign", ["", "x", "AAAA", "\u00e9", Nonces("another hub's secret, of some length").make()])
def test_a_foreign_nonce_is_refused(prover: Prover, browser: Browser, site: PartnerSite, foreign: str) -> None:
    """A nonce counts only if this hub made it."""
    answer = prover.ask_token(site.good_exchange(site.code(browser)), nonce=foreign)
    assert error_of(answer) == (400, "use_dpop_nonce")


def test_an_old_nonce_is_refused(prover: Prover, browser: Browser, site: PartnerSite) -> None:
    """What was made in advance is of no use later."""
    with clock.moved(timedelta(minutes=6)):
        answer = prover.ask_token(site.good_exchange(site.code(browser)), iat=int(clock.now().timestamp()))
    assert error_of(answer) == (400, "use_dpop_nonce")


WRONG: dict[str, dict[str, Any]] = {
    "another method": {"htm": "GET"},
    "a method in small letters": {"htm": "post"},
    "no method": {"htm": None},
    "another path": {"htu": TOKEN + "/x"},
    "another host": {"htu": "http://hub.example/oauth/token"},
    "another scheme": {"htu": TOKEN.replace("http:", "https:")},
    "another port": {"htu": TOKEN.replace(":8000", ":8001")},
    "a port that is none": {"htu": TOKEN.replace(":8000", ":x")},
    "no address": {"htu": None},
    "a list of addresses": {"htu": [TOKEN]},
    "no jti": {"jti": None},
    "an empty jti": {"jti": ""},
    "a number as jti": {"jti": 1},
    "an unprintable jti": {"jti": "\ud800"},
    "no iat": {"iat": None},
    "a text as iat": {"iat": "now"},
    "truth as iat": {"iat": True},
    "an endless iat": {"iat": 1e400},
    "a huge iat": {"iat": 10**400},
    "an iat of long ago": {"iat": int(clock.now().timestamp()) - 400},
    "an iat to come": {"iat": int(clock.now().timestamp()) + 86_400},
    "another typ": {"header": {"typ": "JWT"}},
    "no key": {"header": {"jwk": "none"}},
    "an unknown critical header": {"header": {"crit": ["x"], "x": 1}},
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_proof_is_refused(prover: Prover, browser: Browser, site: PartnerSite, case: str) -> None:
    """RFC 9449 4.3: each of its checks; and the code is not used up by trying."""
    form = site.good_exchange(site.code(browser))

    assert error_of(prover.ask_token(form, **WRONG[case])) == (400, "invalid_dpop_proof")
    assert prover.ask_token(form).status_code == 200


def test_a_clock_may_be_a_little_wrong(prover: Prover, browser: Browser, site: PartnerSite) -> None:
    """A client's clock half a minute ahead still signs what counts."""
    answer = prover.ask_token(site.good_exchange(site.code(browser)), iat=time.time() + 30)
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "written", [TOKEN + "?a=b#c", TOKEN.replace("http", "HTTP"), TOKEN.replace("token", "t%6Fken")]
)
def test_an_address_may_be_written_otherwise(prover: Prover, browser: Browser, site: PartnerSite, written: str) -> None:
    """RFC 9449 4.3: query and fragment do not count, and equal addresses are equal however they are written."""
    assert prover.ask_token(site.good_exchange(site.code(browser)), htu=written).status_code == 200


def test_the_host_header_does_not_count(prover: Prover, browser: Browser, site: PartnerSite) -> None:
    """A proof made for another site does not become ours by a header that says so."""
    form = site.good_exchange(site.code(browser))
    proof = prover.proof("POST", "http://evil.example/oauth/token")
    headers = {"DPoP": proof, "Host": "evil.example"}

    answer = prover.app.test_client().post("/oauth/token", data=form, headers=headers)
    assert error_of(answer) == (400, "invalid_dpop_proof")


@pytest.mark.parametrize(
    "jwk",
    [
        KEYS["ES256"].as_dict(private=True),
        OctKey.generate_key(256).as_dict(),
        KEYS["RS256"].as_dict(private=False),
        {},
        {"kty": "EC"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
    ],
)
def test_only_a_public_key_in_the_header_counts(
    prover: Prover, browser: Browser, site: PartnerSite, jwk: dict[str, str]
) -> None:
    """RFC 9449 4.3: a private key that is sent about, a shared secret, another kind of key, or none at all."""
    answer = prover.ask_token(site.good_exchange(site.code(browser)), header={"jwk": jwk})
    assert error_of(answer) == (400, "invalid_dpop_proof")


def test_the_signature_is_by_the_key_in_the_header(prover: Prover, browser: Browser, site: PartnerSite) -> None:
    """Somebody else's public key is no proof of holding it."""
    other = ECKey.generate_key("P-256").as_dict(private=False)

    answer = prover.ask_token(site.good_exchange(site.code(browser)), header={"jwk": other})
    assert error_of(answer) == (400, "invalid_dpop_proof")


@pytest.mark.parametrize("algorithm", ["none", "HS256", "ES384", ""])
def test_an_algorithm_that_is_not_listed_is_refused(
    prover: Prover, browser: Browser, site: PartnerSite, algorithm: str
) -> None:
    """RFC 9449 4.3: never ``none``, never a symmetric one."""
    form = site.good_exchange(site.code(browser))
    header = {"alg": algorithm}
    unsigned = prover.proof("POST", TOKEN, header=header).rpartition(".")[0] + "."

    for proof in (unsigned, prover.proof("POST", TOKEN, header=header)):
        answer = prover.app.test_client().post("/oauth/token", data=form, headers={"DPoP": proof})
        assert error_of(answer) == (400, "invalid_dpop_proof")


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "..", "é" * 9, "e30.e30.e30", "a" * 5000])
def test_what_is_no_proof_is_refused(prover: Prover, browser: Browser, site: PartnerSite, text: str) -> None:
    """Whatever a stranger sends, the answer is the same error."""
    form = site.good_exchange(site.code(browser))
    answer = prover.app.test_client().post("/oauth/token", data=form, headers={"DPoP": text.encode().decode("latin-1")})
    assert error_of(answer) == (400, "invalid_dpop_proof")


def test_two_proofs_are_none(prover: Prover, browser: Browser, site: PartnerSite) -> None:
    """RFC 9449 4.3: one header."""
    headers = [("DPoP", prover.proof("POST", TOKEN)), ("DPoP", prover.proof("POST", TOKEN))]
    answer = prover.app.test_client().post("/oauth/token", data=site.good_exchange(site.code(browser)), headers=headers)
    assert error_of(answer) == (400, "invalid_dpop_proof")


def test_a_proof_counts_once(prover: Prover, browser: Browser, site: PartnerSite) -> None:
    """RFC 9449 11.1: who saw it pass cannot use it again, for whatever."""
    first, second = (site.good_exchange(site.code(browser)) for _ in range(2))

    assert prover.ask_token(first, jti="the same").status_code == 200
    assert error_of(prover.ask_token(second, jti="the same")) == (400, "invalid_dpop_proof")


def test_two_keys_may_use_one_jti(app: Flask, prover: Prover, browser: Browser, site: PartnerSite) -> None:
    """Nobody can use up the proofs of another."""
    other = Prover(app, nonce=prover.nonce)
    for one in (prover, other):
        assert one.ask_token(site.good_exchange(site.code(browser)), jti="the same").status_code == 200


def test_a_public_client_refreshes_with_its_key_only(
    app: Flask, prover: Prover, browser: Browser, public_site: PartnerSite
) -> None:
    """RFC 9449 5: a stolen refresh token without its key is worth nothing, and trying it ends nothing."""
    first = prover.ask_token(public_site.good_exchange(public_site.code(browser))).get_json()
    thief = Prover(app, nonce=prover.nonce)
    form = {"client_id": public_site.id, "grant_type": "refresh_token", "refresh_token": first["refresh_token"]}

    assert public_site.refresh(first["refresh_token"]).get_json()["error"] == "invalid_grant"
    assert thief.ask_token(form).get_json()["error"] == "invalid_grant"
    second = prover.ask_token(form).get_json()
    with clock.moved(timedelta(seconds=30)):
        assert thief.ask_token(form, nonce=prover.nonce).get_json()["error"] == "invalid_grant"
        assert prover.userinfo(second["access_token"]).status_code == 200


def test_a_client_with_a_secret_may_change_its_key(
    app: Flask, prover: Prover, browser: Browser, site: PartnerSite
) -> None:
    """RFC 9449 5: its refresh token is bound to the client already; the new access token is to the new key."""
    first = prover.ask_token(site.good_exchange(site.code(browser))).get_json()
    other = Prover(app, nonce=prover.nonce)
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}

    second = other.ask_token(form | {"client_id": site.id, "client_secret": site.secret}).get_json()
    assert other.userinfo(second["access_token"]).status_code == 200


def test_some_clients_get_no_bearer_token(hub: Hub, prover: Prover, browser: Browser, site: PartnerSite) -> None:
    """RFC 9449 5.2: who is registered for DPoP alone is refused without, and the code is still good."""
    with transaction(hub.engine) as session:
        session.get_one(Partner, site.id).requires_dpop = True
    code = site.code(browser)

    assert error_of(site.exchange(code)) == (400, "invalid_request")
    assert prover.ask_token(site.good_exchange(code)).status_code == 200
