"""DPoP at what tokens open (RFC 9449 7): userinfo and the partner API, each with the same attacks."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from oauth_app.identifiers import TokenKind, new_token
from tests.provider.browser import Browser
from tests.provider.partner import ISSUER, PartnerSite
from tests.provider.prover import Prover

PATHS = ("/oauth/userinfo", "/hub/v1/me")
EVERY_PATH = pytest.mark.parametrize("path", PATHS)
Call = Callable[..., TestResponse]


@pytest.fixture
def prover(app: Flask) -> Prover:
    """A client with a key, which has asked before."""
    prover = Prover(app)
    prover.learn_nonce()
    return prover


@pytest.fixture
def token(prover: Prover, browser: Browser, site: PartnerSite) -> str:
    """An access token that is bound to the key."""
    return str(prover.ask_token(site.good_exchange(site.code(browser))).get_json()["access_token"])


@pytest.fixture
def call(client: FlaskClient, prover: Prover, token: str, path: str) -> Call:
    """Call the path as a good client does; what is given is done otherwise."""

    def call(*, scheme: str = "DPoP", by: Prover = prover, proof: str | None = None, **changes: Any) -> TestResponse:  # noqa: ANN401 - JSON
        signed = by.proof("GET", ISSUER + path, **({"token": token} | changes)) if proof is None else proof
        headers = {"Authorization": f"{scheme} {changes.get('token', token)}"} | ({"DPoP": signed} if signed else {})
        return client.get(path, headers=headers)

    return call


def refusal_of(answer: TestResponse) -> tuple[int, str, str]:
    """Return status, scheme of the challenge and its error."""
    scheme, _, told = answer.headers["WWW-Authenticate"].partition(" ")
    body = answer.get_json()
    code = body.get("code", body.get("error"))
    assert f'error="{code}"' in told
    assert scheme == "Bearer" or 'algs="ES256 RS256' in told
    return answer.status_code, scheme, code


@EVERY_PATH
def test_a_token_with_its_proof_is_good(call: Call, prover: Prover) -> None:
    """RFC 9449 7.1: and the answer hands out the nonce for the next one."""
    answer = call()
    assert answer.status_code == 200
    assert answer.headers["DPoP-Nonce"] == prover.nonce


@EVERY_PATH
def test_a_bound_token_is_no_bearer_token(call: Call) -> None:
    """RFC 9449 7.2: a thief cannot leave the proof out, nor bring one under the other name."""
    assert refusal_of(call(scheme="Bearer", proof="")) == (401, "DPoP", "invalid_token")
    assert refusal_of(call(scheme="Bearer")) == (401, "DPoP", "invalid_token")


@EVERY_PATH
def test_a_bearer_token_proves_no_key(call: Call, browser: Browser, site: PartnerSite) -> None:
    """RFC 9449 7.1: a token that is bound to nothing is not good under DPoP, whoever signs."""
    unbound = site.tokens(browser)["access_token"]
    assert refusal_of(call(token=unbound)) == (401, "DPoP", "invalid_token")


@EVERY_PATH
def test_the_key_of_another_is_refused(call: Call, app: Flask, prover: Prover) -> None:
    """A stolen token with a proof by the thief's own key is worth nothing."""
    thief = Prover(app, nonce=prover.nonce)
    assert refusal_of(call(by=thief)) == (401, "DPoP", "invalid_dpop_proof")


@EVERY_PATH
def test_a_missing_proof_is_told(call: Call) -> None:
    """The scheme alone proves nothing."""
    assert refusal_of(call(proof="")) == (401, "DPoP", "invalid_dpop_proof")


@EVERY_PATH
def test_a_proof_counts_once(call: Call) -> None:
    """RFC 9449 11.1: what was seen passing by is used up."""
    assert call(jti="the same").status_code == 200
    assert refusal_of(call(jti="the same")) == (401, "DPoP", "invalid_dpop_proof")


@EVERY_PATH
@pytest.mark.parametrize("ath", [None, "", "x", 1])
def test_the_proof_is_about_this_token(call: Call, ath: Any) -> None:  # noqa: ANN401 - JSON
    """RFC 9449 7: a proof for the token endpoint, or for another token, does not open anything."""
    assert refusal_of(call(ath=ath)) == (401, "DPoP", "invalid_dpop_proof")


@EVERY_PATH
@pytest.mark.parametrize("changes", [{"htm": "POST"}, {"htu": f"{ISSUER}/hub/v1/balance"}, {"iat": 1}])
def test_the_proof_is_about_this_request(call: Call, changes: dict[str, Any]) -> None:
    """RFC 9449 4.3: another method, another address, another time."""
    assert refusal_of(call(**changes)) == (401, "DPoP", "invalid_dpop_proof")


@EVERY_PATH
def test_the_nonce_is_ours(call: Call) -> None:
    """RFC 9449 9: with the nonce that the refusal hands out, the same call is good."""
    refusal = call(nonce=None)
    assert refusal_of(refusal) == (401, "DPoP", "use_dpop_nonce")
    assert call(nonce=refusal.headers["DPoP-Nonce"]).status_code == 200


@EVERY_PATH
def test_an_unknown_token_uses_no_proof_up(client: FlaskClient, prover: Prover, token: str, path: str) -> None:
    """Who does not know a token cannot make the hub remember proofs: the token is looked at first."""
    proof = prover.proof("GET", ISSUER + path, token=token)
    stranger = {"Authorization": f"DPoP {new_token(TokenKind.ACCESS)}", "DPoP": proof}

    assert client.get(path, headers=stranger).status_code == 401
    assert client.get(path, headers={"Authorization": f"DPoP {token}", "DPoP": proof}).status_code == 200


@EVERY_PATH
def test_a_page_of_another_origin_may_speak_dpop(client: FlaskClient, call: Call, path: str) -> None:
    """Fetch Standard: a program in a browser may send the proof, and read the nonce."""
    preflight = client.options(path, headers={"Origin": "https://shop.example"})

    assert "DPoP" in preflight.headers["Access-Control-Allow-Headers"]
    assert "DPoP-Nonce" in call().headers["Access-Control-Expose-Headers"]


def test_a_token_in_a_form_needs_no_proof_unless_it_is_bound(client: FlaskClient, token: str) -> None:
    """RFC 6750 2.2 is a way for bearer tokens; it is no way round the proof."""
    answer = client.post("/oauth/userinfo", data={"access_token": token})
    assert refusal_of(answer) == (401, "DPoP", "invalid_token")


def test_introspection_names_the_key(site: PartnerSite, client: FlaskClient, prover: Prover, token: str) -> None:
    """RFC 9449 6.2: a resource server of the partner's learns which key to ask for."""
    form = {"client_id": site.id, "client_secret": site.secret, "token": token}
    answer = client.post("/oauth/introspect", data=form).get_json()

    assert (answer["cnf"], answer["token_type"]) == ({"jkt": prover.thumbprint}, "DPoP")


def test_what_is_announced_is_done(client: FlaskClient) -> None:
    """RFC 9449 5.1 and RFC 9728 2: both documents name the algorithms that a proof may have."""
    algorithms = ["ES256", "RS256", "PS256", "Ed25519", "EdDSA"]
    provider = client.get("/.well-known/openid-configuration").get_json()
    resource = client.get("/.well-known/oauth-protected-resource").get_json()

    assert provider["dpop_signing_alg_values_supported"] == algorithms
    assert resource["dpop_signing_alg_values_supported"] == algorithms
    assert resource["dpop_bound_access_tokens_required"] is False
