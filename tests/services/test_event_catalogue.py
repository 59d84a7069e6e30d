"""The catalogue of events: each one is really told, of the thing that docs/webhooks.md says, and no other is."""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import Consent, Event, TopUp
from oauth_app.services.access import Access
from oauth_app.services.charge_errors import ChargeError
from oauth_app.services.connections import mark_lost
from oauth_app.services.consent import revoke_consent
from oauth_app.services.events import PING, EventType, record_ping
from oauth_app.services.hold_capturing import CaptureWish, capture
from oauth_app.services.holds import expire_holds, void
from oauth_app.services.partner_sight import Sight
from oauth_app.services.partners import Credentials
from oauth_app.services.stripe_looking import book_order, name_of
from oauth_app.services.top_up import open_top_up
from oauth_app.services.top_up_errors import TopUpFailedError
from oauth_app.services.top_up_watching import close_old_top_ups, look_at_top_up
from oauth_app.services.top_up_wishes import TopUpWish
from oauth_app.services.webhook_endpoints import get_endpoint
from tests.conftest import ROOT
from tests.fixtures.hub import CHARGE_PATH, Person, Sandbox, make_test_hub
from tests.services.money_story import allow, fund, give_back, pay, reserve
from tests.services.stripe_orders import Stripe
from tests.services.webhooks import make_endpoint

ORDER_PATH = "/api/v1/user/oauth/app/create-stripe"
LONG = timedelta(days=40)
_ROW = re.compile(r"^\| `([a-z_.]+)` \| .+ \| ([a-z_]+)[^|]* \|$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Alice at a shop, with 100.00 USD in her wallet."""

    hub: Hub
    sandbox: Sandbox
    alice: Person
    access: Access
    folder: Path

    @property
    def stripe(self) -> Stripe:
        """The operator's Stripe."""
        return Stripe(self.sandbox)

    def top_up(self, **wishes: Any) -> TopUp:  # noqa: ANN401 - any field
        """Open an order for the shop, of 12.00 USD by Stripe unless told otherwise."""
        known: dict[str, Any] = {"provider": "stripe", "asset": "USD", "amount": 12_00, "idempotency_key": "top-1"}
        whose = {"user_id": self.access.user_id, "partner_id": self.access.partner_id}
        return open_top_up(self.hub, TopUpWish(**(whose | known | wishes))).top_up

    def look(self, order: TopUp) -> None:
        """Let the hub ask Stripe about an order."""
        name = name_of(order)
        assert name is not None
        book_order(self.hub, name)

    def paid(self) -> TopUp:
        """Open an order, pay it, and let the hub see it."""
        order = self.top_up()
        self.stripe.press(order, "pay")
        self.look(order)
        return order


@pytest.fixture
def stage(hub: Hub, sandbox: Sandbox, alice: Person, shop: Credentials, tmp_path: Path) -> Stage:
    """Let alice allow the shop everything."""
    access = allow(hub, alice.user_id, shop.client_id)
    fund(hub, alice.user_id, 100_00)
    return Stage(hub=hub, sandbox=sandbox, alice=alice, access=access, folder=tmp_path)


def succeed(stage: Stage) -> None:
    """Charge the wallet."""
    pay(stage.hub, stage.access, "order-1", amount=10_00, asset="USD")


def succeed_at_ohmygpt(stage: Stage) -> None:
    """Charge the balance at OhMyGPT."""
    pay(stage.hub, stage.access, "order-1")


def decline(stage: Stage) -> None:
    """Charge more than there is."""
    with suppress(ChargeError):
        pay(stage.hub, stage.access, "order-1", amount=999_00, asset="USD")


def fail(stage: Stage) -> None:
    """Charge while nobody answers at OhMyGPT's address."""
    deaf = make_test_hub(stage.folder, ohmygpt_api_base="http://127.0.0.1:1").upstream
    with suppress(ChargeError):
        pay(replace(stage.hub, upstream=deaf), stage.access, "order-1")


def lose_the_answer(stage: Stage) -> None:
    """Charge, and lose OhMyGPT's answer on the way."""
    stage.sandbox.fail(CHARGE_PATH, "reset_after")
    pay(stage.hub, stage.access, "order-1")


def charge_above_the_limit(stage: Stage) -> None:
    """Charge what the user wants to be asked about."""
    with transaction(stage.hub.engine) as session:
        session.execute(update(Consent).values(step_up_above=1))
    succeed(stage)


def give_money_back(stage: Stage) -> None:
    """Refund a part of a charge."""
    bought = pay(stage.hub, stage.access, "order-1", amount=10_00, asset="USD")
    give_back(stage.hub, stage.access, bought.id, 4_00, "back-1")


def hold(stage: Stage) -> str:
    """Reserve money."""
    return reserve(stage.hub, stage.access, 5_00, "hold-1")


def capture_it(stage: Stage) -> None:
    """Capture a hold."""
    capture(stage.hub, stage.access, CaptureWish(hold_id=hold(stage), idempotency_key="order-1"))


def void_it(stage: Stage) -> None:
    """Let a hold go."""
    hold_id = hold(stage)
    with transaction(stage.hub.engine) as session:
        void(session, Sight(partner_id=stage.access.partner_id), hold_id, "void-1")


def forget_it(stage: Stage) -> None:
    """Let a hold expire."""
    hold(stage)
    with clock.moved(LONG):
        expire_holds(stage.hub)


def order_at_ohmygpt(stage: Stage) -> TopUp:
    """Open an order that is paid at OhMyGPT."""
    return stage.top_up(provider="ohmygpt", asset="CNY", amount=10_00)


def pay_at_ohmygpt(stage: Stage) -> None:
    """Pay it there, and let the hub see the balance."""
    order = order_at_ohmygpt(stage)
    stage.sandbox.pay(order.url or "")
    look_at_top_up(stage.hub, order.id)


def let_an_order_expire(stage: Stage) -> None:
    """Pay nothing for a day."""
    order_at_ohmygpt(stage)
    with clock.moved(LONG):
        close_old_top_ups(stage.hub)


def let_a_session_expire(stage: Stage) -> None:
    """Let Stripe close the page."""
    order = stage.top_up()
    stage.stripe.call("POST", f"checkout/sessions/{order.stripe_order_id}/expire")
    stage.look(order)


def open_nothing(stage: Stage) -> None:
    """Get no usable answer from OhMyGPT."""
    stage.sandbox.fail(ORDER_PATH, "html")
    with suppress(TopUpFailedError):
        order_at_ohmygpt(stage)


def bounce(stage: Stage) -> None:
    """Let a bank not send the money after all."""
    order = stage.top_up()
    stage.stripe.press(order, "later", "bounce")
    stage.look(order)


def refund_a_payment(stage: Stage) -> None:
    """Give a payment back at Stripe, in part."""
    order = stage.paid()
    stage.stripe.refund(stage.stripe.intent_of(order), 1_00)
    stage.look(order)


def dispute_a_payment(stage: Stage) -> None:
    """Let a bank want a payment back."""
    order = stage.paid()
    stage.stripe.dispute(stage.stripe.intent_of(order))
    stage.look(order)


def lose_the_connection(stage: Stage) -> None:
    """Let OhMyGPT refuse the token."""
    with transaction(stage.hub.engine) as session:
        mark_lost(session, stage.hub.vault, stage.alice.user_id, refused=stage.alice.upstream_token)


def disconnect(stage: Stage) -> None:
    """Take the consent back."""
    with transaction(stage.hub.engine) as session:
        revoke_consent(session, stage.access.consent_id)


def ping(stage: Stage) -> None:
    """Ask for a test."""
    endpoint_id = make_endpoint(stage.hub, stage.access.partner_id).endpoint.id
    with transaction(stage.hub.engine) as session:
        record_ping(session, get_endpoint(session, stage.access.partner_id, endpoint_id))


#: Type -> each of the ways in which it comes about that differ in code.
WAYS: dict[str, tuple[Callable[[Stage], object], ...]] = {
    EventType.CHARGE_SUCCEEDED: (succeed, succeed_at_ohmygpt, capture_it),
    EventType.CHARGE_DECLINED: (decline,),
    EventType.CHARGE_FAILED: (fail,),
    EventType.CHARGE_UNKNOWN: (lose_the_answer,),
    EventType.CHARGE_APPROVAL_REQUIRED: (charge_above_the_limit,),
    EventType.CHARGE_REFUNDED: (give_money_back,),
    EventType.HOLD_CREATED: (hold,),
    EventType.HOLD_CAPTURED: (capture_it,),
    EventType.HOLD_VOIDED: (void_it,),
    EventType.HOLD_EXPIRED: (forget_it,),
    EventType.TOP_UP_OPENED: (Stage.top_up, order_at_ohmygpt),
    EventType.TOP_UP_PAID: (Stage.paid, pay_at_ohmygpt),
    EventType.TOP_UP_EXPIRED: (let_an_order_expire, let_a_session_expire),
    EventType.TOP_UP_FAILED: (open_nothing, bounce),
    EventType.TOP_UP_REFUNDED: (refund_a_payment,),
    EventType.TOP_UP_DISPUTED: (dispute_a_payment,),
    EventType.CONNECTION_LOST: (lose_the_connection,),
    EventType.CONSENT_REVOKED: (disconnect,),
    PING: (ping,),
}


def documented() -> dict[str, str]:
    """Return what docs/webhooks.md says: each type, and the kind of thing that it is about."""
    return dict(_ROW.findall((ROOT / "docs" / "webhooks.md").read_text("utf-8")))


def _name(value: object) -> str:
    return str(getattr(value, "__name__", value))


def test_every_event_is_documented() -> None:
    """What the hub can tell is what partners can read about, and what is walked through below."""
    assert documented().keys() == {*EventType, PING} == WAYS.keys()


@pytest.mark.parametrize(
    ("event_type", "way"), [(event_type, way) for event_type, ways in WAYS.items() for way in ways], ids=_name
)
def test_every_event_is_told(stage: Stage, event_type: str, way: Callable[[Stage], object]) -> None:
    """It happens for real, and the partner has one event of it, about the thing that the documentation names."""
    way(stage)
    of_type = select(Event).where(Event.partner_id == stage.access.partner_id, Event.type == event_type)
    with reading(stage.hub.engine) as session:
        event = session.scalars(of_type).one()
    assert event.data["object"] == documented()[event_type]
    assert event.object_id in {event.data.get("id"), event.data.get("sub")}
    subject = event.data.get("user") or event.data.get("sub")
    assert subject == (None if event_type == PING else stage.access.subject)
