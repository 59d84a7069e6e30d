"""What the operator's lists and timelines ask of the database, on each of them."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from oauth_app import clock
from oauth_app.db import reading
from oauth_app.hub import Hub
from oauth_app.models import Charge, Hold, Refund, TopUp, Transfer
from oauth_app.services import oversight_money, oversight_timelines
from oauth_app.services.access import Access
from oauth_app.services.hold_capturing import CaptureWish, capture
from oauth_app.services.oversight_money import Narrowing
from tests.services.money_story import fund, give_back, pay, reserve
from tests.services.webhooks import make_endpoint


@pytest.fixture
def told(hub_there: Hub, access_there: Access) -> Hub:
    """Let a shop charge, give back, hold and capture."""
    hub, access = hub_there, access_there
    make_endpoint(hub, access.partner_id)
    fund(hub, access.user_id, 20_00, "CNY")
    bought = pay(hub, access, "order-1", amount=10_01, asset="CNY")
    give_back(hub, access, bought.id, 4_00, "back-1")
    fund(hub, access.user_id, 2_00)
    hold_id = reserve(hub, access, 2_00, "hold-1")
    capture(hub, access, CaptureWish(hold_id=hold_id, idempotency_key="order-2", amount=1_00))
    return hub


def test_every_list_narrows(told: Hub, access_there: Access) -> None:
    """By everything at once; by somebody else, nothing is left."""
    day = clock.now().date()
    days = {"since": day - timedelta(days=1), "until": day}  # it may be midnight just now
    own = {"partner": access_there.partner_id, "user": "Alice@Example.com", "before": "zzz", **days}
    own_top_ups = {name: value for name, value in own.items() if name != "partner"}
    lists = [
        (oversight_money.list_charges, own | {"state": "succeeded"}, 2),
        (oversight_money.list_holds, own | {"state": "captured"}, 1),
        (oversight_money.list_refunds, own, 1),
        (oversight_money.list_top_ups, own_top_ups | {"state": "paid"}, 2),
        (oversight_money.list_transfers, own | {"state": "refund"}, 1),
    ]
    with reading(told.engine) as session:
        for read, wanted, count in lists:
            assert len(read(session, Narrowing(**wanted))) == count
            assert read(session, Narrowing(user="nobody@example.com")) == []
            assert read(session, Narrowing(until=day - timedelta(days=2))) == []


def test_every_timeline_is_told(told: Hub) -> None:
    """Rows, books and events come together in order, on each database."""
    with reading(told.engine) as session:
        charge = session.scalars(select(Charge).where(Charge.asset == "CNY")).one()
        charged = oversight_timelines.charge_timeline(session, charge)
        held = oversight_timelines.hold_timeline(session, session.scalars(select(Hold)).one())
        refunded = oversight_timelines.refund_timeline(session, session.scalars(select(Refund)).one())
        topped_up = oversight_timelines.top_up_timeline(session, session.scalars(select(TopUp)).all()[0])
        transfers = session.scalars(select(Transfer)).all()
        moved = oversight_timelines.movements_of(session, [transfer.id for transfer in transfers])
    assert {moment.what for moment in charged} == {
        *("created", "charge", "succeeded", "charge.succeeded", "refund", "charge.refunded")
    }
    assert [(moment.sent, moment.taken) for moment in charged if moment.source == "told"] == [(1, 0), (1, 0)]
    assert {"hold_placed", "hold_captured", "hold_released", "hold.captured"} <= {moment.what for moment in held}
    assert [moment.what for moment in refunded] == ["created", "refund", "charge.refunded"]
    assert {"created", "paid", "top_up"} == {moment.what for moment in topped_up}
    assert [moment.at for moment in charged] == sorted(moment.at for moment in charged)
    assert sum(part.amount for part in moved[next(one.id for one in transfers if one.kind == "charge")]) == 10_01
