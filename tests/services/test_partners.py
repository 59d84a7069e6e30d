"""Registering a site: which addresses it may have, and how its secret is replaced."""

from datetime import timedelta
from typing import Any

import pytest

from oauth_app import clock
from oauth_app.db import transaction
from oauth_app.hub import Hub
from oauth_app.provider.clients import find_client
from oauth_app.services.partner_errors import InvalidRegistrationError, UnknownPartnerError
from oauth_app.services.partners import SECRET_OVERLAP, disable_partner, get_partner, rotate_secret
from oauth_app.services.registration import Registration
from tests.fixtures.hub import make_partner


def registration(**changes: Any) -> Registration:  # noqa: ANN401 - any field of Registration
    """Return a registration that is fine but for the changes."""
    return Registration(**({"name": "Shop", "redirect_uris": ["https://shop.example/cb"]} | changes))


def is_secret(hub: Hub, client_id: str, secret: str | None) -> bool:
    """Tell whether the secret opens the token endpoint now."""
    with transaction(hub.engine) as session:
        client = find_client(session, client_id)
        return client is not None and client.check_client_secret(secret or "")


@pytest.mark.parametrize(
    "uri",
    [
        "https://shop.example/cb?x=1",
        "http://127.0.0.1:8002/cb",
        "http://127.0.0.1/cb",
        "http://[::1]/cb",
        "http://[::1]:1/cb",
        "http://localhost/cb",
        "com.example.app:/cb",
    ],
)
def test_good_addresses_are_taken(uri: str) -> None:
    """HTTPS anywhere, HTTP on this machine, and an app's private scheme."""
    assert registration(redirect_uris=[uri]).redirect_uris == [uri]


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "/cb",
        "shop.example/cb",
        "http://shop.example/cb",
        "http://127.0.0.1.evil.example/cb",
        "https://",
        "https:///cb",
        "https://shop.example/cb#x",
        "https://*.shop.example/cb",
        "https://shop.example@evil.example/cb",
        "https://shop.example/a/../cb",
        "https://shop.example/c b",
        "https://shop.example/c\nb",
        "https://shöp.example/cb",
        "https://shop.example\\@evil.example",
        "https://[::1/cb",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "https://shop.example/" + "a" * 2048,
    ],
)
def test_bad_addresses_are_refused(uri: str) -> None:
    """What could send a code to somebody else is refused when it is registered, not when it is too late."""
    with pytest.raises(InvalidRegistrationError, match="redirect_uri"):
        registration(redirect_uris=[uri])


@pytest.mark.parametrize(
    "changes", [{"name": " "}, {"name": "n" * 121}, {"redirect_uris": []}, {"scopes": ["openid", "everything"]}]
)
def test_half_a_registration_is_refused(changes: dict[str, object]) -> None:
    """A name, an address and known scopes are needed."""
    with pytest.raises(InvalidRegistrationError):
        registration(**changes)


def test_two_secrets_overlap_for_a_day(hub: Hub) -> None:
    """After a rotation the new secret works at once and the old one for another 24 hours."""
    old = make_partner(hub.engine)
    with transaction(hub.engine) as session:
        new = rotate_secret(session, old.client_id)
    assert is_secret(hub, old.client_id, new.client_secret)
    assert is_secret(hub, old.client_id, old.client_secret)
    with clock.moved(SECRET_OVERLAP + timedelta(seconds=1)):
        assert not is_secret(hub, old.client_id, old.client_secret)
        assert is_secret(hub, old.client_id, new.client_secret)


def test_a_secret_is_shown_once(hub: Hub) -> None:
    """Credentials that land in a log do not show the secret."""
    credentials = make_partner(hub.engine)
    assert credentials.client_secret not in repr(credentials)


def test_a_public_site_has_no_secret(hub: Hub) -> None:
    """A site that could not keep a secret gets none, and cannot rotate it."""
    public = make_partner(hub.engine, is_public=True)
    assert public.client_secret is None
    with pytest.raises(InvalidRegistrationError, match="no secret"), transaction(hub.engine) as session:
        rotate_secret(session, public.client_id)


def test_a_site_that_is_switched_off_is_no_client(hub: Hub) -> None:
    """After switching off, client id and secret open nothing."""
    shop = make_partner(hub.engine)
    with transaction(hub.engine) as session:
        disable_partner(session, shop.client_id)
    assert not is_secret(hub, shop.client_id, shop.client_secret)


def test_an_unknown_site_is_named(hub: Hub) -> None:
    """A mistyped id is an error of its own."""
    with pytest.raises(UnknownPartnerError), transaction(hub.engine) as session:
        get_partner(session, "ptn_nobody")
