"""One life at one partner, and the list of events that it leaves: each fact of money once, in order."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import Consent, Event
from oauth_app.services.access import Access
from oauth_app.services.approvals import expire_approvals
from oauth_app.services.charge_errors import InsufficientFundsError
from oauth_app.services.connections import mark_lost
from oauth_app.services.consent import revoke_consent
from oauth_app.services.hold_capturing import CaptureWish, capture
from oauth_app.services.holds import expire_holds, void
from oauth_app.services.partner_sight import Sight
from oauth_app.services.partners import Credentials
from oauth_app.services.stripe_looking import book_order, name_of
from oauth_app.services.top_up import open_top_up
from oauth_app.services.top_up_wishes import TopUpWish
from tests.fixtures.hub import CHARGE_PATH, Person, Sandbox
from tests.services.money_story import allow, give_back, pay, reserve

LONG = timedelta(days=40)

Told = list[tuple[str, str]]


def twice(act: Callable[[], str]) -> str:
    """Do it, and do it again as partners do whose answer was lost; both mean the same thing."""
    first = act()
    assert act() == first
    return first


def seen(hub: Hub) -> Told:
    """Return type and object of every event, oldest first."""
    with reading(hub.engine) as session:
        rows = session.execute(select(Event.type, Event.object_id).order_by(Event.created_at, Event.id))
        return [(event_type, object_id) for event_type, object_id in rows]


def chapter_of_top_ups(hub: Hub, sandbox: Sandbox, access: Access) -> Told:
    """An order is opened and paid."""
    wish = TopUpWish(
        user_id=access.user_id,
        partner_id=access.partner_id,
        idempotency_key="top-1",
        provider="stripe",
        amount=100_00,
        asset="USD",
    )
    top_up_id = twice(lambda: open_top_up(hub, wish).top_up.id)
    top_up = open_top_up(hub, wish).top_up
    sandbox.pay(top_up.url or "")
    order = name_of(top_up)
    assert order is not None
    for _ in range(2):
        book_order(hub, order)
    return [("top_up.opened", top_up_id), ("top_up.paid", top_up_id)]


def chapter_of_charges(hub: Hub, sandbox: Sandbox, access: Access) -> Told:
    """From the wallet and from OhMyGPT, given back in part, refused, and without an answer."""
    bought = twice(lambda: pay(hub, access, "order-1", amount=10_01, asset="USD").id)
    for _ in range(2):
        give_back(hub, access, bought, 4_00, "back-1")
    at_ohmygpt = twice(lambda: pay(hub, access, "order-2").id)
    declined = twice(lambda: refused(hub, access, "order-3"))
    sandbox.fail(CHARGE_PATH, "reset_after")
    unknown = pay(hub, access, "order-5").id
    return [
        ("charge.succeeded", bought),
        ("charge.refunded", bought),
        ("charge.succeeded", at_ohmygpt),
        ("charge.declined", declined),
        ("charge.unknown", unknown),
    ]


def chapter_of_holds(hub: Hub, access: Access) -> Told:
    """One is captured, one voided, one left to expire."""
    taken, voided, left = (reserve(hub, access, 5_00, f"hold-{number}") for number in range(3))
    wish = CaptureWish(hold_id=taken, idempotency_key="order-4")
    captured = twice(lambda: capture(hub, access, wish).charge.id)
    for _ in range(2):
        with transaction(hub.engine) as session:
            void(session, Sight(partner_id=access.partner_id), voided, "void-1")
    with clock.moved(LONG):
        assert (expire_holds(hub), expire_holds(hub)) == (1, 0)
    return [
        *(("hold.created", hold_id) for hold_id in (taken, voided, left)),
        ("hold.captured", taken),
        ("charge.succeeded", captured),
        ("hold.voided", voided),
        ("hold.expired", left),
    ]


def chapter_of_an_approval(hub: Hub, access: Access) -> Told:
    """The user is asked, and does not answer."""
    with transaction(hub.engine) as session:
        session.execute(update(Consent).values(step_up_above=1))
    waiting = twice(lambda: pay(hub, access, "order-6", amount=1_00, asset="USD").id)
    with clock.moved(LONG):
        for _ in range(2):
            expire_approvals(hub)
    return [("charge.approval_required", waiting), ("charge.declined", waiting)]


def chapter_of_parting(hub: Hub, access: Access, person: Person) -> Told:
    """OhMyGPT takes the token back, and the user disconnects the site."""
    for _ in range(2):
        with transaction(hub.engine) as session:
            mark_lost(session, hub.vault, person.user_id, refused=person.upstream_token)
    for _ in range(2):
        with transaction(hub.engine) as session:
            revoke_consent(session, access.consent_id)
    return [("connection.lost", access.subject), ("consent.revoked", access.subject)]


def refused(hub: Hub, access: Access, key: str) -> str:
    """Charge more than there is, and return the charge that came of it."""
    with pytest.raises(InsufficientFundsError) as refusal:
        pay(hub, access, key, amount=999_00, asset="USD")
    return str(refusal.value.charge_id)


def test_each_fact_of_money_has_one_event(hub: Hub, sandbox: Sandbox, alice: Person, shop: Credentials) -> None:
    """A whole story, every step repeated, and no event twice or missing."""
    access = allow(hub, alice.user_id, shop.client_id)
    expected = [
        *chapter_of_top_ups(hub, sandbox, access),
        *chapter_of_charges(hub, sandbox, access),
        *chapter_of_holds(hub, access),
        *chapter_of_an_approval(hub, access),
        *chapter_of_parting(hub, access, alice),
    ]
    # Not in order: part of it happened forty days later.
    assert sorted(seen(hub)) == sorted(expected)
