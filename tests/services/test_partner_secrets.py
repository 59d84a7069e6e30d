"""A registration changes as a whole, and secrets come and go one by one."""

from dataclasses import replace
from datetime import timedelta

import pytest
from joserfc.jwk import ECKey

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.services.client_access import InvalidClientError, authenticate_client
from oauth_app.services.partner_errors import InvalidRegistrationError
from oauth_app.services.partners import (
    MAX_SECRETS,
    SECRET_OVERLAP,
    Credentials,
    add_secret,
    get_partner,
    list_secrets,
    registration_of,
    revoke_secret,
    rotate_secret,
    update_partner,
)
from oauth_app.services.registration import Registration
from tests.fixtures.hub import make_partner


def works(hub: Hub, credentials: Credentials) -> bool:
    """Tell whether the partner API takes the secret."""
    try:
        with reading(hub.engine) as session:
            authenticate_client(session, credentials.client_id, credentials.client_secret or "")
    except InvalidClientError:
        return False
    return True


def change(hub: Hub, credentials: Credentials, **changes: object) -> Registration:
    """Change some fields, and return what the partner is registered with afterwards."""
    with transaction(hub.engine) as session:
        before = registration_of(get_partner(session, credentials.client_id))
        update_partner(session, credentials.client_id, replace(before, **changes))
    with reading(hub.engine) as session:
        return registration_of(get_partner(session, credentials.client_id))


def test_a_change_keeps_the_rest(hub: Hub) -> None:
    """What is not named stays as it was registered."""
    shop = make_partner(hub.engine, homepage="https://shop.example/", fee_basis_points=250, scopes=["openid"])
    after = change(hub, shop, name="Store", redirect_uris=("https://store.example/cb",))

    assert (after.name, after.redirect_uris) == ("Store", ["https://store.example/cb"])
    assert (after.homepage, after.fee_basis_points, after.scopes) == ("https://shop.example/", 250, ["openid"])
    assert works(hub, shop)


@pytest.mark.parametrize(
    "changes",
    [
        {"redirect_uris": ["http://shop.example/"]},
        {"name": ""},
        {"fee_basis_points": 10_001},
        {"redirect_uris": [f"https://shop.example/{number}" for number in range(51)]},
        {"is_public": True, "grant_types": ["client_credentials"]},
        {"jwks": {"keys": []}},
    ],
)
def test_a_change_is_checked_as_a_whole(hub: Hub, changes: dict[str, object]) -> None:
    """What could not be registered cannot be changed to."""
    shop = make_partner(hub.engine)
    with pytest.raises(InvalidRegistrationError):
        change(hub, shop, **changes)


def test_a_site_that_becomes_public_loses_its_secrets(hub: Hub) -> None:
    """They work at no endpoint any more, and do not come back when it changes its mind."""
    shop = make_partner(hub.engine)
    change(hub, shop, is_public=True)
    assert not works(hub, shop)
    change(hub, shop, is_public=False)
    assert not works(hub, shop)


def test_a_site_that_takes_keys_loses_its_secrets(hub: Hub) -> None:
    """A key that cannot be copied is of no use while a secret opens the same door."""
    shop = make_partner(hub.engine)
    change(hub, shop, jwks={"keys": [dict(ECKey.generate_key("P-256").as_dict(private=False))]})

    assert not works(hub, shop)
    with pytest.raises(InvalidRegistrationError, match="keys of its own"), transaction(hub.engine) as session:
        rotate_secret(session, shop.client_id)


def test_a_secret_that_was_left_behind_opens_nothing(hub: Hub) -> None:
    """What counts is how the site is registered now, and not which rows there are."""
    shop = make_partner(hub.engine)
    with transaction(hub.engine) as session:
        get_partner(session, shop.client_id).is_public = True
    assert not works(hub, shop)


def test_secrets_are_listed_by_their_hints(hub: Hub) -> None:
    """With the times, and never with the secret itself."""
    shop = make_partner(hub.engine)
    with transaction(hub.engine) as session:
        new = rotate_secret(session, shop.client_id)
    with reading(hub.engine) as session:
        rows = list_secrets(session, shop.client_id)

    assert [row.hint for row in rows] == [(shop.client_secret or "")[-4:], (new.client_secret or "")[-4:]]
    assert [row.expires_at is None for row in rows] == [False, True]
    with clock.moved(SECRET_OVERLAP + timedelta(seconds=1)), reading(hub.engine) as session:
        assert len(list_secrets(session, shop.client_id)) == 1


def test_one_secret_is_revoked_at_once(hub: Hub) -> None:
    """The one that leaked; the other works on."""
    shop = make_partner(hub.engine)
    with transaction(hub.engine) as session:
        second = add_secret(session, shop.client_id)
        leaked = list_secrets(session, shop.client_id)[0]
        assert revoke_secret(session, shop.client_id, leaked.id)

    assert (works(hub, shop), works(hub, second)) == (False, True)


def test_a_secret_of_another_partner_is_not_revoked(hub: Hub) -> None:
    """Whatever number somebody writes into a form."""
    shop, other = make_partner(hub.engine), make_partner(hub.engine)
    with transaction(hub.engine) as session:
        theirs = list_secrets(session, other.client_id)[0]
        assert not revoke_secret(session, shop.client_id, theirs.id)
    assert works(hub, other)


def test_there_are_only_so_many_secrets(hub: Hub) -> None:
    """Who forgets to revoke does not collect them without end."""
    shop = make_partner(hub.engine)
    with transaction(hub.engine) as session:
        for _ in range(MAX_SECRETS - 1):
            add_secret(session, shop.client_id)
    with pytest.raises(InvalidRegistrationError, match="at most"), transaction(hub.engine) as session:
        add_secret(session, shop.client_id)
