"""Who the user is, as far as the scopes tell (OpenID Connect Core 5.3)."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from oauth_app import clock
from oauth_app.hub import Hub
from tests.fixtures.grants import grant
from tests.fixtures.hub import Person
from tests.provider.partner import PartnerSite


@pytest.fixture
def alice_token(hub: Hub, site: PartnerSite, alice: Person) -> str:
    """Let Alice allow everything."""
    return grant(hub.engine, alice.user_id, site.id)


@pytest.mark.parametrize(
    ("scopes", "claims"),
    [
        (("openid",), {"sub"}),
        (("openid", "email"), {"sub", "email"}),
        (("openid", "profile"), {"sub", "name", "preferred_username"}),
        (("openid", "profile", "email", "api"), {"sub", "name", "preferred_username", "email"}),
    ],
)
def test_each_scope_opens_its_claims(
    hub: Hub, site: PartnerSite, alice: Person, scopes: tuple[str, ...], claims: set[str]
) -> None:
    """A partner learns what the user allowed, and no more."""
    token = grant(hub.engine, alice.user_id, site.id, scopes)

    assert site.userinfo(token).get_json().keys() == claims


def test_the_name_is_the_local_part(site: PartnerSite, alice_token: str) -> None:
    """OhMyGPT gives no name, so the part before the @ stands in for it."""
    assert site.userinfo(alice_token).get_json()["name"] == "alice"


@pytest.mark.parametrize(
    ("method", "scheme", "field"),
    [("GET", "Bearer", ""), ("GET", "bearer", ""), ("POST", "Bearer", ""), ("POST", "", "access_token")],
)
def test_the_token_comes_in_the_header_or_a_form(
    client: FlaskClient, alice_token: str, method: str, scheme: str, field: str
) -> None:
    """RFC 6750 2.1 and 2.2, OIDC Core 5.3.1: every way that a partner may choose."""
    headers = {"Authorization": f"{scheme} {alice_token}"} if scheme else {}
    data = {field: alice_token} if field else {}

    assert client.open("/oauth/userinfo", method=method, headers=headers, data=data).status_code == 200


def test_a_token_in_the_address_is_not_read(client: FlaskClient, alice_token: str) -> None:
    """RFC 9700 4.3.2: addresses end up in logs."""
    assert client.get("/oauth/userinfo", query_string={"access_token": alice_token}).status_code == 401


def test_without_openid_nothing_is_told(hub: Hub, site: PartnerSite, alice: Person) -> None:
    """RFC 6750 3.1: a good token for something else is refused, with the scope that it lacks."""
    answer = site.userinfo(grant(hub.engine, alice.user_id, site.id, ("balance:read",)))

    assert answer.status_code == 403
    assert answer.headers["WWW-Authenticate"].startswith('Bearer error="insufficient_scope", scope="openid", ')


def test_an_old_token_is_refused(site: PartnerSite, alice_token: str) -> None:
    """An access token lives an hour."""
    with clock.moved(timedelta(minutes=61)):
        answer = site.userinfo(alice_token)

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith('Bearer error="invalid_token", ')


def test_two_partners_cannot_join_their_users(
    hub: Hub, site: PartnerSite, other_site: PartnerSite, alice: Person
) -> None:
    """OIDC Core 8.1: each partner knows the user by another name."""
    names = {
        partner.userinfo(grant(hub.engine, alice.user_id, partner.id)).get_json()["sub"]
        for partner in (site, other_site)
    }

    assert len(names) == 2
