"""Events: written with their fact, for the partner it concerns, and sent to who asked for them."""

from contextlib import suppress

from sqlalchemy import select

from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import Consent, Delivery, Event
from oauth_app.services.access import Access
from oauth_app.services.connections import mark_lost
from oauth_app.services.consent import revoke_consent
from oauth_app.services.events import EventType, record_event
from oauth_app.services.partners import Credentials
from oauth_app.services.webhook_endpoints import get_endpoint, switch_endpoint
from tests.fixtures.grants import grant
from tests.fixtures.hub import Person, make_partner
from tests.services.webhooks import event_types, happen, make_endpoint, told


class _TroubleError(Exception):
    pass


def test_an_endpoint_is_told_what_it_asked_for(hub: Hub, shop: Credentials) -> None:
    """One that named types gets those; one that named none gets all."""
    some = make_endpoint(hub, shop.client_id, event_types=["charge.refunded"]).endpoint.id
    every = make_endpoint(hub, shop.client_id).endpoint.id
    happen(hub, shop.client_id, EventType.CHARGE_SUCCEEDED)
    happen(hub, shop.client_id, EventType.CHARGE_REFUNDED)
    assert told(hub, some) == ["charge.refunded"]
    assert told(hub, every) == ["charge.succeeded", "charge.refunded"]


def test_a_partner_is_not_told_of_anothers(hub: Hub, shop: Credentials) -> None:
    """What happens to one partner goes to none of another's endpoints."""
    other = make_partner(hub.engine, name="Other")
    endpoint = make_endpoint(hub, other.client_id).endpoint
    happen(hub, shop.client_id)
    assert told(hub, endpoint.id) == []


def test_a_disabled_endpoint_is_told_nothing(hub: Hub, shop: Credentials) -> None:
    """While it is switched off, nothing is even kept for it."""
    endpoint_id = make_endpoint(hub, shop.client_id).endpoint.id
    with transaction(hub.engine) as session:
        switch_endpoint(get_endpoint(session, shop.client_id, endpoint_id), is_enabled=False)
    happen(hub, shop.client_id)
    assert told(hub, endpoint_id) == []


def test_an_event_and_its_deliveries_are_one_with_the_fact(hub: Hub, shop: Credentials) -> None:
    """If the fact is rolled back, nobody is ever told of it."""
    make_endpoint(hub, shop.client_id)
    with suppress(_TroubleError), transaction(hub.engine) as session:
        record_event(session, shop.client_id, EventType.CHARGE_SUCCEEDED, "ch_1", {"id": "ch_1"})
        raise _TroubleError
    with reading(hub.engine) as session:
        assert session.scalars(select(Event)).all() == []
        assert session.scalars(select(Delivery)).all() == []


def test_each_partner_hears_once_of_a_lost_connection(hub: Hub, alice: Person, shop: Credentials) -> None:
    """Each whom the user lets in, by their own sub; one that was disconnected hears nothing of it."""
    friend, former = (make_partner(hub.engine, name=name) for name in ("Friend", "Former"))
    for partner in (shop, friend, former):
        grant(hub.engine, alice.user_id, partner.client_id)
    with transaction(hub.engine) as session:
        consents = {row.partner_id: row for row in session.scalars(select(Consent))}
        revoke_consent(session, consents[former.client_id].id)
    for _ in range(2):
        with transaction(hub.engine) as session:
            mark_lost(session, hub.vault, alice.user_id, refused=alice.upstream_token)
    assert event_types(hub, shop.client_id) == ["connection.lost"]
    assert event_types(hub, friend.client_id) == ["connection.lost"]
    assert event_types(hub, former.client_id) == ["consent.revoked"]
    with reading(hub.engine) as session:
        data = session.scalars(select(Event.data).where(Event.partner_id == shop.client_id)).one()
    assert data == {"object": "user", "sub": consents[shop.client_id].subject}


def test_a_refusal_of_an_older_token_is_no_news(hub: Hub, access: Access, alice: Person) -> None:
    """The connection that a sign-in has repaired in the meantime is not lost."""
    with transaction(hub.engine) as session:
        mark_lost(session, hub.vault, alice.user_id, refused="an older token")
    assert event_types(hub, access.partner_id) == []


def test_a_revoked_consent_is_told_once(hub: Hub, access: Access) -> None:
    """Disconnecting twice is disconnecting once."""
    for _ in range(2):
        with transaction(hub.engine) as session:
            revoke_consent(session, access.consent_id)
    assert event_types(hub, access.partner_id) == ["consent.revoked"]
