"""A partner's server that acts alone."""

from datetime import timedelta

import pytest

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import Partner
from oauth_app.services.access import Access, find_access
from oauth_app.services.client_access import (
    InvalidClientError,
    UnknownUserError,
    authenticate_client,
    find_access_of_client,
)
from oauth_app.services.consent import revoke_consent
from oauth_app.services.partners import SECRET_OVERLAP, Credentials, disable_partner, rotate_secret
from tests.fixtures.grants import grant
from tests.fixtures.hub import Person, make_partner


def authenticate(hub: Hub, client_id: str, secret: str | None) -> Partner:
    """Prove a client, in a transaction of its own."""
    with reading(hub.engine) as session:
        return authenticate_client(session, client_id, secret or "")


def test_the_secret_proves_the_partner(hub: Hub, shop: Credentials) -> None:
    """Id and secret belong together."""
    assert authenticate(hub, shop.client_id, shop.client_secret).id == shop.client_id


def test_a_secret_of_another_proves_nothing(hub: Hub, shop: Credentials) -> None:
    """Neither a foreign secret, nor an empty one, nor an unknown partner gets in."""
    other = make_partner(hub.engine)

    for client_id, secret in ((shop.client_id, other.client_secret), (shop.client_id, ""), ("ptn_0", "x")):
        with pytest.raises(InvalidClientError):
            authenticate(hub, client_id, secret)


def test_two_secrets_overlap_while_they_rotate(hub: Hub, shop: Credentials) -> None:
    """The old secret works for another day beside the new one, and then no more."""
    with transaction(hub.engine) as session:
        fresh = rotate_secret(session, shop.client_id)

    assert authenticate(hub, shop.client_id, shop.client_secret)
    with clock.moved(SECRET_OVERLAP + timedelta(minutes=1)):
        assert authenticate(hub, shop.client_id, fresh.client_secret)
        with pytest.raises(InvalidClientError):
            authenticate(hub, shop.client_id, shop.client_secret)


def test_a_partner_that_is_switched_off_is_not_proven(hub: Hub, shop: Credentials) -> None:
    """A right secret does not help a disabled partner."""
    with transaction(hub.engine) as session:
        disable_partner(session, shop.client_id)

    with pytest.raises(InvalidClientError):
        authenticate(hub, shop.client_id, shop.client_secret)


def test_a_standing_consent_lets_the_server_act(hub: Hub, shop: Credentials, access: Access) -> None:
    """With ``offline_access`` the server may do what the user allowed, within the same limits."""
    partner = authenticate(hub, shop.client_id, shop.client_secret)

    with reading(hub.engine) as session:
        found = find_access_of_client(session, partner, access.subject)
    assert (found.user_id, found.scopes, found.limit_per_charge) == (
        access.user_id,
        access.scopes,
        access.limit_per_charge,
    )


def test_without_offline_access_the_user_must_be_there(hub: Hub, shop: Credentials, bob: Person) -> None:
    """A user who did not allow it is not found."""
    token = grant(hub.engine, bob.user_id, shop.client_id, ["openid", "charges:write"])
    partner = authenticate(hub, shop.client_id, shop.client_secret)

    with reading(hub.engine) as session:
        subject = find_access(session, token).subject
        with pytest.raises(UnknownUserError):
            find_access_of_client(session, partner, subject)


def test_a_revoked_consent_stands_no_more(hub: Hub, shop: Credentials, access: Access) -> None:
    """A user who disconnected the partner is not found."""
    with transaction(hub.engine) as session:
        revoke_consent(session, access.consent_id)
    partner = authenticate(hub, shop.client_id, shop.client_secret)

    with reading(hub.engine) as session, pytest.raises(UnknownUserError):
        find_access_of_client(session, partner, access.subject)


def test_users_of_another_partner_are_unknown(hub: Hub, access: Access) -> None:
    """The sub of one partner names nobody at another."""
    other = make_partner(hub.engine)
    partner = authenticate(hub, other.client_id, other.client_secret)

    with reading(hub.engine) as session, pytest.raises(UnknownUserError):
        find_access_of_client(session, partner, access.subject)
