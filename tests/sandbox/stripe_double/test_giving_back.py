"""Refunds and disputes."""

import pytest
import stripe

from tests.sandbox.stripe_double.shop import Shop


def test_refunds_add_up_to_the_charge(shop: Shop) -> None:
    """A part, then by default the rest; the charge tells how much went back."""
    intent = shop.paid()
    part = shop.stripe.v1.refunds.create({"payment_intent": intent.id, "amount": 5_00, "metadata": {"why": "late"}})
    rest = shop.stripe.v1.refunds.create({"charge": intent.latest_charge.id, "reason": "requested_by_customer"})
    assert (part.status, part.metadata["why"], rest.amount) == ("succeeded", "late", 15_00)
    charge = shop.stripe.v1.charges.retrieve(intent.latest_charge.id, {"expand": ["refunds"]})
    assert (charge.amount_refunded, charge.refunded) == (20_00, True)
    assert [refund.id for refund in charge.refunds.data] == [rest.id, part.id]
    assert shop.event_types()[-4:] == ["refund.created", "charge.refunded"] * 2


def test_no_more_can_go_back_than_came(shop: Shop) -> None:
    """Too much is refused, and so is anything after a full refund."""
    intent = shop.paid()
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded amount"):
        shop.stripe.v1.refunds.create({"payment_intent": intent.id, "amount": 20_01})
    shop.stripe.v1.refunds.create({"payment_intent": intent.id})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        shop.stripe.v1.refunds.create({"payment_intent": intent.id, "amount": 1})
    assert refused.value.code == "charge_already_refunded"


@pytest.mark.parametrize(("outcome", "left"), [("succeeded", 20_00), ("failed", 0)])
def test_a_refund_by_bank_is_pending_first(shop: Shop, outcome: str, left: int) -> None:
    """A control lets it arrive, or fail, and then the charge counts as paid again."""
    intent = shop.paid("later")
    shop.control(f"payments/{intent.id}", {"step": "arrive"})
    refund = shop.stripe.v1.refunds.create({"payment_intent": intent.id})
    assert refund.status == "pending"
    assert shop.control(f"refunds/{refund.id}", {"outcome": outcome}).json()["status"] == outcome
    assert shop.stripe.v1.charges.retrieve(intent.latest_charge.id).amount_refunded == left
    assert "refund.updated" in shop.event_types()


def test_what_is_not_paid_cannot_be_refunded(shop: Shop) -> None:
    """A payment on its way has nothing to give back yet."""
    intent = shop.paid("later")
    with pytest.raises(stripe.InvalidRequestError, match="no successful charge"):
        shop.stripe.v1.refunds.create({"payment_intent": intent.id})


def test_a_dispute_takes_the_money_until_it_is_won(shop: Shop) -> None:
    """The bank opens it, the charge is marked, and a refund is refused meanwhile."""
    intent = shop.paid()
    opened = shop.control("disputes", {"payment_intent": intent.id, "reason": "fraudulent"}).json()
    [dispute] = shop.stripe.v1.disputes.list({"payment_intent": intent.id}).data
    assert (dispute.id, dispute.status, dispute.amount) == (opened["id"], "needs_response", 20_00)
    assert shop.stripe.v1.charges.retrieve(intent.latest_charge.id).disputed
    with pytest.raises(stripe.InvalidRequestError) as refused:
        shop.stripe.v1.refunds.create({"payment_intent": intent.id})
    assert refused.value.code == "charge_disputed"
    assert shop.control(f"disputes/{dispute.id}", {"outcome": "won"}).json()["status"] == "won"
    assert [name.removeprefix("charge.dispute.") for name in shop.event_types()[-4:]] == [
        *("created", "funds_withdrawn", "closed", "funds_reinstated"),
    ]


def test_closing_a_dispute_loses_it(shop: Shop) -> None:
    """The shop can give in, once."""
    intent = shop.paid()
    dispute = shop.control("disputes", {"charge": intent.latest_charge.id, "amount": 5_00}).json()
    assert shop.stripe.v1.disputes.close(dispute["id"]).status == "lost"
    assert shop.stripe.v1.disputes.retrieve(dispute["id"]).amount == 5_00
    with pytest.raises(stripe.InvalidRequestError, match="already closed"):
        shop.stripe.v1.disputes.close(dispute["id"])
