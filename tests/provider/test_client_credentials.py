"""A partner's server in its own name (RFC 6749 4.4)."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import Consent, TokenRow
from oauth_app.services.access import InvalidTokenError, find_access
from oauth_app.services.partners import disable_partner
from tests.fixtures.grants import grant
from tests.fixtures.hub import Person, make_partner
from tests.provider.partner import PartnerSite

GRANT = "client_credentials"
ALL = "balance:read charges:write topups:write api"
CHARGES = "/hub/v1/charges"


@pytest.fixture
def server(app: Flask, hub: Hub) -> PartnerSite:
    """Register a partner's server that acts alone."""
    wishes = {"redirect_uris": ["https://shop.example/callback"], "grant_types": ["authorization_code", GRANT]}
    return PartnerSite(app, make_partner(hub.engine, **wishes))


def token_of(server: PartnerSite, scope: str = "") -> str:
    """Get a token."""
    answer = server.ask_token(grant_type=GRANT, scope=scope)
    assert answer.status_code == 200, answer.text
    token: str = answer.get_json()["access_token"]
    return token


def test_a_server_gets_a_token(hub: Hub, server: PartnerSite) -> None:
    """For an hour, without a refresh token, an id_token or a user."""
    answer = server.ask_token(grant_type=GRANT).get_json()

    assert answer.keys() == {"access_token", "token_type", "expires_in", "scope"}
    assert (answer["token_type"], answer["expires_in"], answer["scope"]) == ("Bearer", 3600, ALL)
    with reading(hub.engine) as session:
        assert session.scalars(select(TokenRow)).one().consent_id is None


@pytest.mark.parametrize("scope", ["openid", "charges:write openid", "offline_access", "email", "everything"])
def test_what_only_a_user_can_grant_is_refused(server: PartnerSite, scope: str) -> None:
    """Nobody signed in, so there is nobody to know anything about."""
    assert server.ask_token(grant_type=GRANT, scope=scope).get_json()["error"] == "invalid_scope"


def test_a_server_can_ask_for_less(server: PartnerSite) -> None:
    """Each of its programs gets what it needs."""
    assert server.ask_token(grant_type=GRANT, scope="api balance:read api").get_json()["scope"] == "api balance:read"


def test_a_partner_cannot_have_what_it_is_not_registered_for(app: Flask, hub: Hub) -> None:
    """Nor anything at all, when none of its scopes goes without a user."""
    modest = PartnerSite(app, make_partner(hub.engine, scopes=["openid", "api"], grant_types=[GRANT]))
    assert modest.ask_token(grant_type=GRANT).get_json()["scope"] == "api"
    assert modest.ask_token(grant_type=GRANT, scope="charges:write").get_json()["error"] == "invalid_scope"

    only_names = PartnerSite(app, make_partner(hub.engine, scopes=["openid"], grant_types=[GRANT]))
    assert only_names.ask_token(grant_type=GRANT).get_json()["error"] == "invalid_scope"


def test_who_is_not_registered_for_it_gets_none(site: PartnerSite, public_site: PartnerSite) -> None:
    """A site without the grant is told so; a public one has nothing to prove itself with."""
    assert site.ask_token(grant_type=GRANT).get_json()["error"] == "unauthorized_client"
    assert public_site.ask_token(grant_type=GRANT).get_json()["error"] == "invalid_client"


def test_it_is_never_a_users_token(hub: Hub, server: PartnerSite, alice: Person) -> None:
    """Not even while the partner has a user: userinfo and the relay ask for a user's token."""
    grant(hub.engine, alice.user_id, server.id)
    token = token_of(server)

    assert server.userinfo(token).status_code == 401
    with pytest.raises(InvalidTokenError), reading(hub.engine) as session:
        find_access(session, token)


def ask(app: Flask, token: str, user: str | None) -> tuple[int, str]:
    """Ask for the user's charges; return the status and the problem's code."""
    query = {} if user is None else {"user": user}
    headers = {"Authorization": f"Bearer {token}"}
    answer = app.test_client().get(CHARGES, query_string=query, headers=headers)
    return answer.status_code, answer.get_json().get("code", "")


@pytest.fixture
def subject(hub: Hub, server: PartnerSite, alice: Person) -> str:
    """Let Alice agree that the server acts for her while she is away."""
    token = grant(hub.engine, alice.user_id, server.id)
    with reading(hub.engine) as session:
        return find_access(session, token).subject


def test_it_acts_for_a_user_who_is_named(app: Flask, server: PartnerSite, subject: str) -> None:
    """As the client's secret does, under the user's standing consent."""
    token = token_of(server)

    assert ask(app, token, subject) == (200, "")
    assert ask(app, token, None) == (400, "user_required")
    assert ask(app, token, "somebody") == (404, "unknown_user")


def test_it_can_do_no_more_than_its_scope(app: Flask, server: PartnerSite, subject: str) -> None:
    """The user allows charges, and this token does not."""
    assert ask(app, token_of(server, "balance:read"), subject) == (403, "insufficient_scope")


def test_it_does_nothing_for_users_of_another_partner(app: Flask, hub: Hub, subject: str) -> None:
    """A sub is the partner's own."""
    other = PartnerSite(app, make_partner(hub.engine, name="Other", grant_types=[GRANT]))
    assert ask(app, token_of(other), subject) == (404, "unknown_user")


def test_a_users_token_never_becomes_the_servers(
    app: Flask, hub: Hub, server: PartnerSite, subject: str, bob: Person
) -> None:
    """Bob's word ran out; what is left of his token must not open Alice's account."""
    token = grant(hub.engine, bob.user_id, server.id)
    with transaction(hub.engine) as session:
        session.get_one(Consent, find_access(session, token).consent_id).expires_at = clock.now()

    assert ask(app, token, subject) == (401, "invalid_token")


def test_it_ends(app: Flask, hub: Hub, server: PartnerSite, subject: str) -> None:
    """By time, by revocation, and with the partner."""
    token, revoked = token_of(server), token_of(server)
    server.revoke(revoked)

    assert ask(app, revoked, subject) == (401, "invalid_token")
    with clock.moved(timedelta(hours=1, seconds=1)):
        assert ask(app, token, subject) == (401, "invalid_token")
    with transaction(hub.engine) as session:
        disable_partner(session, server.id)
    assert ask(app, token, subject) == (401, "invalid_token")
