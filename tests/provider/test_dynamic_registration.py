"""Sites register themselves (RFC 7591) and look after their registration (RFC 7592)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import Partner
from oauth_app.services.partners import Credentials, list_partners
from oauth_app.services.permits import PermitWish, create_permit, list_permits, revoke_permit
from tests.provider.browser import Browser
from tests.provider.key_holder import KeyHolder, make_key, public_jwks
from tests.provider.partner import CALLBACK, ISSUER, PartnerSite

ENDPOINT = "/oauth/register"


@pytest.fixture
def permit(hub: Hub) -> str:
    """Give a permit for three sites."""
    with transaction(hub.engine) as session:
        return create_permit(session, PermitWish(note="Shops", uses=3)).token


def register(client: FlaskClient, permit: str, **changes: object) -> TestResponse:
    """Register a site; ``changes`` replace what it tells, and None leaves it out."""
    good = {"client_name": "Shop", "redirect_uris": [CALLBACK], "scope": "openid email offline_access"}
    told = {name: value for name, value in (good | changes).items() if value is not None}
    return client.post(ENDPOINT, json=told, headers={"Authorization": f"Bearer {permit}"})


def registered(client: FlaskClient, permit: str, **changes: object) -> dict[str, Any]:
    """Register a site, and return what it is told."""
    answer = register(client, permit, **changes)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.get_json()
    return told


def manage(client: FlaskClient, told: dict[str, Any], method: str = "GET", body: object = None) -> TestResponse:
    """Ask the registration's own address, with its own token."""
    path = urlsplit(told["registration_client_uri"]).path
    headers = {"Authorization": f"Bearer {told['registration_access_token']}"}
    return client.open(path, method=method, json=body, headers=headers)


def test_a_registered_site_is_limited_and_cannot_change_that(client: FlaskClient, hub: Hub, permit: str) -> None:
    """AI calls of a site that registered itself have the limits of the settings until the operator sets others."""
    told = registered(client, permit)
    fields = ("client_name", "redirect_uris", "scope", "client_id")
    assert manage(client, told, "PUT", {name: told[name] for name in fields}).status_code == 200

    with reading(hub.engine) as session:
        row = session.get_one(Partner, told["client_id"])
    assert (row.site_spend_per_day, row.site_calls_per_minute, row.site_calls_at_once) == (None, 600, 100)


def test_a_registered_site_signs_people_in(client: FlaskClient, browser: Browser, permit: str) -> None:
    """What it is told is all that it needs."""
    told = registered(client, permit, grant_types=["authorization_code", "refresh_token"])
    site = PartnerSite(
        client.application, Credentials(client_id=told["client_id"], client_secret=told["client_secret"])
    )

    assert site.userinfo(site.tokens(browser)["access_token"]).get_json()["email"] == "alice@example.com"


def test_the_answer_tells_everything(client: FlaskClient, permit: str) -> None:
    """RFC 7591 3.2.1: also what it did not ask for; and nothing of it is kept on the way."""
    answer = register(client, permit, unknown="ignored", application_type="web")

    told = answer.get_json()
    assert answer.headers["Cache-Control"] == "no-store"
    assert (
        told.items()
        >= {
            "client_name": "Shop",
            "redirect_uris": [CALLBACK],
            "grant_types": ["authorization_code"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "client_secret_basic",
            "id_token_signed_response_alg": "ES256",
            "client_secret_expires_at": 0,
            "registration_client_uri": f"{ISSUER}{ENDPOINT}/{told['client_id']}",
        }.items()
    )
    assert "unknown" not in told


def test_policies_are_taken(hub: Hub, client: FlaskClient, permit: str) -> None:
    """What can be asked for is what the hub keeps to."""
    told = registered(
        client,
        permit,
        id_token_signed_response_alg="RS256",
        require_pushed_authorization_requests=True,
        dpop_bound_access_tokens=True,
        backchannel_logout_uri="https://shop.example/bye",
    )

    with reading(hub.engine) as session:
        partner = session.get_one(Partner, told["client_id"])
    assert (partner.id_token_algorithm, partner.requires_par, partner.requires_dpop) == ("RS256", True, True)
    assert (partner.backchannel_logout_uri, partner.mode) == ("https://shop.example/bye", "live")


def test_a_site_with_keys_gets_no_secret(client: FlaskClient, permit: str) -> None:
    """It proves itself by its key from the first request on."""
    key = make_key()
    told = registered(
        client,
        permit,
        token_endpoint_auth_method="private_key_jwt",
        jwks=public_jwks(key),
        grant_types=["client_credentials"],
        scope="api",
    )

    assert "client_secret" not in told
    assert KeyHolder(client.application, told["client_id"], key).is_proven()


def test_a_public_site_gets_no_secret(client: FlaskClient, permit: str) -> None:
    """It could keep none."""
    assert "client_secret" not in registered(client, permit, token_endpoint_auth_method="none")


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uris": ["http://shop.example/callback"]},
        {"redirect_uris": ["https://*.shop.example/callback"]},
        {"redirect_uris": ["https://shop.example/callback#x"]},
        {"redirect_uris": ["javascript:alert(1)"]},
        {"redirect_uris": []},
        {"redirect_uris": None},
        {"redirect_uris": CALLBACK},
        {"post_logout_redirect_uris": ["http://shop.example/"]},
    ],
)
def test_bad_addresses_are_named(client: FlaskClient, permit: str, changes: dict[str, object]) -> None:
    """RFC 7591 3.2.2: this error has a name of its own."""
    answer = register(client, permit, **changes)
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_redirect_uri")


@pytest.mark.parametrize(
    "changes",
    [
        {"client_name": "x" * 121},
        {"client_name": ["Shop"]},
        {"scope": "openid everything"},
        {"grant_types": ["implicit"]},
        {"grant_types": ["password"]},
        {"response_types": ["token"]},
        {"subject_type": "public"},
        {"token_endpoint_auth_method": "client_secret_jwt"},
        {"token_endpoint_auth_method": "private_key_jwt"},
        {"token_endpoint_auth_method": "none", "grant_types": ["authorization_code", "client_credentials"]},
        {"id_token_signed_response_alg": "none"},
        {"jwks_uri": "http://shop.example/keys", "token_endpoint_auth_method": "private_key_jwt"},
        {"client_uri": "javascript:alert(1)"},
        {"require_pushed_authorization_requests": "yes"},
    ],
)
def test_bad_metadata_is_named(hub: Hub, client: FlaskClient, permit: str, changes: dict[str, object]) -> None:
    """What cannot be kept to is refused; nothing is registered, and the permit is as good as before."""
    answer = register(client, permit, **changes)

    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_client_metadata")
    with reading(hub.engine) as session:
        assert not list_partners(session)
        assert [row.uses_left for row in list_permits(session)] == [3]


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"a": 1, "a": 2}', b"\xff"])
@pytest.mark.parametrize("content_type", ["application/json", "text/plain"])
def test_what_is_no_json_is_bad_metadata(client: FlaskClient, permit: str, body: bytes, content_type: str) -> None:
    """One error for all that cannot be read."""
    headers = {"Authorization": f"Bearer {permit}"}
    answer = client.post(ENDPOINT, data=body, content_type=content_type, headers=headers)
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_client_metadata")


@pytest.mark.parametrize("authorization", [None, "Bearer ", "Bearer omc_ia_x", "Basic eDp5"])
def test_nobody_registers_without_a_permit(client: FlaskClient, authorization: str | None) -> None:
    """An open registration would let anybody show a consent page under the operator's name."""
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = client.post(ENDPOINT, json={"redirect_uris": [CALLBACK]}, headers=headers)

    assert (answer.status_code, answer.get_json()["error"]) == (401, "invalid_token")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_permit_is_for_so_many_sites(client: FlaskClient, permit: str) -> None:
    """Also when they come at once."""
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: register(client.application.test_client(), permit).status_code, range(6)))
    assert sorted(answers) == [201] * 3 + [401] * 3


def test_a_permit_ends(hub: Hub, client: FlaskClient, permit: str) -> None:
    """By time, and when the operator takes it back."""
    with clock.moved(timedelta(days=7, seconds=1)):
        assert register(client, permit).status_code == 401
    with transaction(hub.engine) as session:
        assert revoke_permit(session, list_permits(session)[0].id)
    assert register(client, permit).status_code == 401


def test_a_site_reads_its_registration(client: FlaskClient, permit: str) -> None:
    """RFC 7592 2.1: as it is, but for the secret, which the hub does not know."""
    told = registered(client, permit)
    again = manage(client, told).get_json()

    assert again == {name: value for name, value in told.items() if not name.startswith("client_secret")}


def test_a_site_changes_its_registration(hub: Hub, client: FlaskClient, permit: str) -> None:
    """RFC 7592 2.2: as a whole; what the operator decided stays."""
    told = registered(client, permit, client_uri="https://shop.example/")
    with transaction(hub.engine) as session:
        session.get_one(Partner, told["client_id"]).fee_basis_points = 250
    body = {"client_id": told["client_id"], "client_name": "Store", "redirect_uris": ["https://store.example/cb"]}

    again = manage(client, told, "PUT", body).get_json()
    assert (again["client_name"], again["redirect_uris"]) == ("Store", ["https://store.example/cb"])
    assert "client_uri" not in again
    with reading(hub.engine) as session:
        assert session.get_one(Partner, told["client_id"]).fee_basis_points == 250


def test_a_site_that_takes_a_secret_gets_one(client: FlaskClient, permit: str) -> None:
    """Otherwise it could prove itself with nothing any more; and one that needs none loses it."""
    told = registered(client, permit, token_endpoint_auth_method="none")
    body = {"client_id": told["client_id"], "redirect_uris": [CALLBACK]}

    again = manage(client, told, "PUT", body).get_json()
    assert again["client_secret"].startswith("omc_sk_")
    assert "client_secret" not in manage(client, told, "PUT", body).get_json()


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "ptn_other"},
        {"client_id": None},
        {"client_secret": "omc_sk_mine"},
        {"registration_access_token": "x"},
        {"client_secret_expires_at": 0},
        {"redirect_uris": ["http://shop.example/"]},
    ],
)
def test_a_bad_change_changes_nothing(client: FlaskClient, permit: str, changes: dict[str, object]) -> None:
    """RFC 7592 2.2: the secret and the tokens are not the site's to choose."""
    told = registered(client, permit)
    body = {"client_id": told["client_id"], "client_name": "New", "redirect_uris": [CALLBACK]} | changes

    assert manage(client, told, "PUT", body).status_code == 400
    assert manage(client, told).get_json()["client_name"] == "Shop"


def test_a_site_ends_its_registration(client: FlaskClient, permit: str) -> None:
    """RFC 7592 2.3: neither its secret nor its token works from then on."""
    told = registered(client, permit)

    assert manage(client, told, "DELETE").status_code == 204
    assert manage(client, told).status_code == 401
    form = {"client_id": told["client_id"], "client_secret": told["client_secret"], "token": "x"}
    assert client.post("/oauth/revoke", data=form).status_code == 401


def test_a_token_opens_its_own_registration_only(client: FlaskClient, permit: str, site: PartnerSite) -> None:
    """Neither another site's, nor one that the operator made, nor one that is not there."""
    told, other = registered(client, permit), registered(client, permit)
    for client_id in (other["client_id"], site.id, "ptn_0", "a-b"):
        aimed = told | {"registration_client_uri": f"{ISSUER}{ENDPOINT}/{client_id}"}
        assert {manage(client, aimed, method, {}).status_code for method in ("GET", "PUT", "DELETE")} == {401}
    assert manage(client, other).status_code == 200


def test_a_permit_opens_no_registration(client: FlaskClient, permit: str) -> None:
    """The one lets in, the other belongs to the site."""
    told = registered(client, permit)
    assert manage(client, told | {"registration_access_token": permit}).status_code == 401
    assert register(client, told["registration_access_token"]).status_code == 401
