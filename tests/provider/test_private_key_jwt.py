"""A partner proves itself by its own key (RFC 7523, OpenID Connect Core 9)."""

import base64
import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey
from sqlalchemy import select

from oauth_app import clock
from oauth_app.db import reading
from oauth_app.hub import Hub
from oauth_app.models import AuthorizationFailure
from oauth_app.services.partner_errors import InvalidRegistrationError
from tests.fixtures.hub import make_partner
from tests.provider.browser import Browser
from tests.provider.key_holder import KeyHolder, make_key, public_jwks
from tests.provider.partner import CALLBACK, ISSUER, PartnerSite

GRANTS = ["authorization_code", "refresh_token", "client_credentials"]


def make_holder(app: Flask, hub: Hub, key: Key, algorithm: str = "ES256") -> KeyHolder:
    """Register a partner with this key."""
    wishes = {"redirect_uris": [CALLBACK], "jwks": public_jwks(key), "grant_types": GRANTS}
    credentials = make_partner(hub.engine, **wishes)
    assert credentials.client_secret is None
    return KeyHolder(app, credentials.client_id, key, algorithm)


@pytest.fixture
def holder(app: Flask, hub: Hub) -> KeyHolder:
    """Register a partner with a key."""
    return make_holder(app, hub, make_key())


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        ("ES256", ECKey.generate_key("P-256")),
        ("RS256", RSAKey.generate_key(2048)),
        ("PS256", RSAKey.generate_key(2048)),
        ("EdDSA", OKPKey.generate_key("Ed25519")),
        ("Ed25519", OKPKey.generate_key("Ed25519")),
    ],
)
def test_every_announced_algorithm_is_taken(app: Flask, hub: Hub, algorithm: str, key: Key) -> None:
    """What the metadata lists works, and the key needs no name where there is only one."""
    key.ensure_kid()
    metadata = app.test_client().get("/.well-known/openid-configuration").get_json()
    assert algorithm in metadata["token_endpoint_auth_signing_alg_values_supported"]
    assert make_holder(app, hub, key, algorithm).is_proven()


def test_a_code_is_exchanged_by_key(holder: KeyHolder, browser: Browser, site: PartnerSite) -> None:
    """A sign-in of such a partner ends as every other."""
    site.id, site.secret = holder.client_id, ""
    form = site.good_exchange(site.code(browser))

    assert holder.ask(**form).get_json().keys() >= {"access_token", "id_token", "refresh_token"}


def test_revocation_and_introspection_take_it(holder: KeyHolder) -> None:
    """One way to prove oneself at every endpoint."""
    token = holder.ask().get_json()["access_token"]

    assert holder.ask(path="/oauth/introspect", token=token).get_json()["active"] is True
    assert holder.ask(path="/oauth/revoke", token=token).status_code == 200
    assert holder.ask(path="/oauth/introspect", token=token).get_json() == {"active": False}


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "ptn_other"},
        {"iss": None},
        {"aud": "https://evil.example"},
        {"aud": [ISSUER, "https://evil.example"]},
        {"aud": []},
        {"aud": None},
        {"exp": None},
        {"exp": "soon"},
        {"exp": float("inf")},
        {"exp": int(time.time()) - 1},
        {"exp": int(time.time()) + 3600, "iat": None},
        {"iat": int(time.time()) + 3600, "exp": int(time.time()) + 7200},
        {"iat": int(time.time()) - 3600, "exp": int(time.time()) + 3600},
        {"nbf": int(time.time()) + 3600},
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
        {"jti": "j" * 201},
    ],
)
def test_a_claim_that_is_off_proves_nothing(holder: KeyHolder, changes: dict[str, Any]) -> None:
    """Who, for whom, when and which: each must be right."""
    assert not holder.is_proven(holder.assertion(**changes))


@pytest.mark.parametrize("audience", [ISSUER, f"{ISSUER}/oauth/token", [ISSUER]])
def test_our_names_are_taken(holder: KeyHolder, audience: str | list[str]) -> None:
    """The issuer, or the token endpoint, as older libraries write it."""
    assert holder.is_proven(holder.assertion(aud=audience))


def test_an_hour_of_validity_counts_for_minutes(holder: KeyHolder) -> None:
    """Some libraries write an hour; it is taken, and yet it proves nothing six minutes later."""
    long = {"iat": int(time.time()), "exp": int(time.time()) + 3600}

    assert holder.is_proven(holder.assertion(**long))
    with clock.moved(timedelta(minutes=6)):
        assert not holder.is_proven(holder.assertion(**long))


def test_an_assertion_counts_once(hub: Hub, holder: KeyHolder) -> None:
    """Who reads it on its way can do nothing with it; and the partner can see that somebody tried."""
    assertion = holder.assertion()

    assert holder.is_proven(assertion)
    assert not holder.is_proven(assertion)
    with reading(hub.engine) as session:
        failure = session.scalars(select(AuthorizationFailure)).one()
    assert (failure.partner_id, failure.code) == (holder.client_id, "client_assertion_used_before")
    assert assertion not in str(failure.details)


def test_of_ten_uses_at_once_one_counts(holder: KeyHolder) -> None:
    """The database decides, and not who looks first."""
    assertion = holder.assertion()
    with ThreadPoolExecutor(10) as pool:
        proven = list(pool.map(holder.is_proven, [assertion] * 10))

    assert sorted(proven) == [False] * 9 + [True]


def test_another_key_proves_nothing(holder: KeyHolder) -> None:
    """A key by the same name is not the same key."""
    holder.key = make_key()
    assert not holder.is_proven()


def test_a_key_in_the_header_is_not_believed(holder: KeyHolder) -> None:
    """The registered keys count, and never what an assertion brings along."""
    holder.key = make_key()
    holder.header = {"jwk": holder.key.as_dict(private=False)}
    assert not holder.is_proven()


def test_no_signature_proves_nothing(holder: KeyHolder) -> None:
    """``alg: none`` is the oldest trick."""
    claims = holder.assertion().split(".")[1]
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).rstrip(b"=").decode()
    assert not holder.is_proven(f"{header}.{claims}.")


def test_a_public_key_is_no_secret(holder: KeyHolder) -> None:
    """HS256 with the public key as the secret: the algorithms are a list of ours."""
    secret = OctKey.import_key(json.dumps(public_jwks(holder.key)).encode())
    payload = {
        "sub": holder.client_id,
        "iss": holder.client_id,
        "aud": ISSUER,
        "exp": int(time.time()) + 60,
        "jti": "1",
    }
    signed = _hs256(secret, payload)
    assert not holder.is_proven(signed)


@pytest.mark.parametrize("nonsense", ["x", "a.b.c", "..", "e30.e30.", "é.é.é", "a" * 9000])
def test_nonsense_is_not_proven(holder: KeyHolder, nonsense: str) -> None:
    """What cannot be read is an answer like every other, and no error of ours."""
    assert not holder.is_proven(nonsense)


def test_the_type_must_be_named(holder: KeyHolder) -> None:
    """RFC 7521 4.2: other kinds of assertions are not taken for this one."""
    assert not holder.is_proven(client_assertion_type="urn:ietf:params:oauth:client-assertion-type:saml2-bearer")


def test_a_client_with_a_secret_has_no_keys(app: Flask, site: PartnerSite) -> None:
    """Each client has its one way; an assertion in the name of another client is nothing."""
    assert not KeyHolder(app, site.id, make_key()).is_proven()


def test_a_client_with_keys_has_no_secret(holder: KeyHolder) -> None:
    """Nor does its id alone open anything."""
    asked = {"grant_type": "client_credentials", "client_id": holder.client_id}
    post = holder.app.test_client().post
    assert post("/oauth/token", data=asked | {"client_secret": "omc_sk_guess"}).status_code == 401
    assert post("/oauth/token", data=asked).status_code == 401


def test_two_ways_at_once_are_refused(holder: KeyHolder) -> None:
    """RFC 6749 2.3: one of them could be somebody else's."""
    assert holder.ask(client_secret="x").get_json()["error"] == "invalid_request"


def test_the_form_cannot_name_another_client(holder: KeyHolder, site: PartnerSite) -> None:
    """RFC 7521 4.2: ``client_id`` beside an assertion must be the same client."""
    assert holder.is_proven(client_id=holder.client_id)
    assert not holder.is_proven(client_id=site.id)


@pytest.mark.parametrize(
    "jwks",
    [
        {},
        {"keys": []},
        {"keys": "k"},
        {"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}]},
        {"keys": [dict(ECKey.generate_key("P-256").as_dict(private=True))]},
        {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]},
        public_jwks(ECKey.generate_key("P-384")),
    ],
)
def test_unusable_keys_are_refused_at_registration(hub: Hub, jwks: dict[str, Any]) -> None:
    """Weak, private, symmetric or none: better said at once than at the first exchange."""
    with pytest.raises(InvalidRegistrationError, match="jwks"):
        make_partner(hub.engine, jwks=jwks)


def _hs256(secret: OctKey, claims: dict[str, Any]) -> str:
    from joserfc import jwt  # noqa: PLC0415 - with the library's own list of algorithms, not with ours

    return jwt.encode({"alg": "HS256"}, claims, secret, ["HS256"])
