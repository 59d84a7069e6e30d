"""Invoices from draft to paid, and what ties them to payments."""

from typing import Any

import pytest
import requests
import stripe

from oauth_app.sandbox import clock
from tests.sandbox.stripe_double.receiver import Receiver
from tests.sandbox.stripe_double.shop import Shop, press


def test_a_draft_counts_its_items(shop: Shop) -> None:
    """Adding and deleting items changes the lines and the sums."""
    invoice = shop.invoice(12_34)
    pieces: Any = {"quantity": 3, "unit_amount_decimal": "100", "currency": "usd"}
    item = shop.stripe.v1.invoice_items.create({"customer": invoice.customer, "invoice": invoice.id, **pieces})
    assert shop.stripe.v1.invoices.retrieve(invoice.id).amount_due == 15_34
    shop.stripe.v1.invoice_items.delete(item.id)
    draft = shop.stripe.v1.invoices.retrieve(invoice.id)
    assert (draft.status, draft.total, draft.hosted_invoice_url) == ("draft", 12_34, None)
    assert [line.description for line in draft.lines.data] == ["Units"]


def test_items_can_wait_for_their_invoice(shop: Shop) -> None:
    """An item without an invoice is pending until one takes it in."""
    customer = shop.stripe.v1.customers.create().id
    shop.stripe.v1.invoice_items.create({"customer": customer, "amount": 5_00, "currency": "usd"})
    assert len(shop.stripe.v1.invoice_items.list({"pending": True}).data) == 1
    terms: Any = {"collection_method": "send_invoice", "days_until_due": 1, "pending_invoice_items_behavior": "include"}
    assert shop.stripe.v1.invoices.create({"customer": customer, **terms}).amount_due == 5_00
    assert shop.stripe.v1.invoice_items.list({"pending": True}).data == []


def test_sending_finalizes(shop: Shop) -> None:
    """A sent invoice has a number, a page, a page to print, a due date and a payment intent."""
    sent = shop.stripe.v1.invoices.send_invoice(shop.invoice().id, {"expand": ["payments.data.payment.payment_intent"]})
    assert (sent.status, sent.amount_remaining, sent.number[-5:]) == ("open", 12_34, "-0001")
    assert "Amount due" in requests.get(str(sent.hosted_invoice_url), timeout=10).text
    assert str(sent.number) in requests.get(str(sent.invoice_pdf), timeout=10).text
    assert abs(sent.due_date - sent.created - 7 * 86_400) <= 2
    assert sent.payments.data[0].payment.payment_intent.status == "requires_payment_method"


def test_a_sent_invoice_is_paid_on_its_page(shop: Shop, receiver: Receiver) -> None:
    """A declined card counts as an attempt; then the invoice is paid, and its page is the receipt."""
    sent = shop.stripe.v1.invoices.send_invoice(shop.invoice().id)
    press(sent.hosted_invoice_url, "fail")
    press(sent.hosted_invoice_url, "pay")
    assert "Invoice paid" in requests.get(str(sent.hosted_invoice_url), timeout=10).text
    paid = shop.stripe.v1.invoices.retrieve(sent.id)
    assert (paid.status, paid.amount_paid, paid.amount_remaining, paid.attempt_count) == ("paid", 12_34, 0, 2)
    told = [name for name in receiver.wait(14) if name.startswith("invoice")]
    assert told == [
        *("invoice.created", "invoiceitem.created", "invoice.finalized", "invoice.sent", "invoice.payment_failed"),
        *("invoice_payment.paid", "invoice.paid", "invoice.payment_succeeded"),
    ]


@pytest.mark.parametrize(("button", "status"), [("arrive", "paid"), ("bounce", "open")])
def test_an_invoice_can_be_paid_later(shop: Shop, button: str, status: str) -> None:
    """It stays open until the money arrives, and after a refusal it can be paid anew."""
    sent = shop.stripe.v1.invoices.send_invoice(shop.invoice().id)
    press(sent.hosted_invoice_url, "later")
    assert shop.stripe.v1.invoices.retrieve(sent.id).status == "open"
    press(sent.hosted_invoice_url, button)
    assert shop.stripe.v1.invoices.retrieve(sent.id).status == status
    press(sent.hosted_invoice_url, "pay")
    assert shop.stripe.v1.invoices.retrieve(sent.id).amount_paid == 12_34


def test_a_payment_intent_leads_to_its_invoice(shop: Shop) -> None:
    """Since there is no ``invoice`` on an intent the invoice payments are asked."""
    sent = shop.stripe.v1.invoices.send_invoice(shop.invoice().id)
    [payment] = shop.stripe.v1.invoice_payments.list({"invoice": sent.id}).data
    intent = payment.payment.payment_intent
    wanted: Any = {"payment": {"type": "payment_intent", "payment_intent": intent}}
    [found] = shop.stripe.v1.invoice_payments.list(wanted).data
    assert (found.invoice, found.status) == (sent.id, "open")
    assert shop.stripe.v1.invoice_payments.retrieve(found.id).amount_requested == 12_34


def test_a_voided_invoice_cannot_be_paid(shop: Shop) -> None:
    """Its page has no buttons, and its payment intent is closed."""
    sent = shop.stripe.v1.invoices.send_invoice(shop.invoice().id)
    assert shop.stripe.v1.invoices.void_invoice(sent.id).status == "void"
    press(sent.hosted_invoice_url, "pay")
    assert shop.stripe.v1.invoices.retrieve(sent.id).status == "void"
    assert shop.stripe.v1.payment_intents.list().data[0].status == "canceled"
    assert "invoice.voided" in shop.event_types()


def test_the_api_pays_with_test_cards(shop: Shop) -> None:
    """A declined card is a card error whose effects stay; money from elsewhere settles the rest."""
    sent = shop.stripe.v1.invoices.finalize_invoice(shop.invoice().id)
    with pytest.raises(stripe.CardError) as declined:
        shop.stripe.v1.invoices.pay(sent.id, {"payment_method": "pm_card_chargeDeclined"})
    assert (declined.value.http_status, declined.value.code) == (402, "card_declined")
    assert shop.stripe.v1.invoices.retrieve(sent.id).attempt_count == 1
    paid = shop.stripe.v1.invoices.pay(sent.id, {"paid_out_of_band": True})
    assert (paid.status, paid.to_dict()["amount_paid_off_stripe"]) == ("paid", 12_34)
    again = shop.stripe.v1.invoices.finalize_invoice(shop.invoice().id)
    assert shop.stripe.v1.invoices.pay(again.id, {"payment_method": "pm_card_visa"}).status == "paid"


def test_an_empty_invoice_is_paid_at_once(shop: Shop) -> None:
    """Nothing to pay needs no payment."""
    invoice = shop.stripe.v1.invoices.finalize_invoice(shop.invoice(0).id)
    assert (invoice.status, invoice.amount_due) == ("paid", 0)
    assert shop.stripe.v1.payment_intents.list().data == []


def test_a_finalized_invoice_is_fixed(shop: Shop) -> None:
    """It takes no items and cannot be deleted, but metadata can change; a draft can be deleted."""
    invoice = shop.stripe.v1.invoices.finalize_invoice(shop.invoice().id)
    item: Any = {"customer": invoice.customer, "invoice": invoice.id, "amount": 1, "currency": "usd"}
    with pytest.raises(stripe.InvalidRequestError) as refused:
        shop.stripe.v1.invoice_items.create(item)
    assert refused.value.code == "invoice_not_editable"
    with pytest.raises(stripe.InvalidRequestError, match="draft"):
        shop.stripe.v1.invoices.delete(invoice.id)
    assert shop.stripe.v1.invoices.update(invoice.id, {"metadata": {"a": "1"}}).metadata["a"] == "1"
    assert shop.stripe.v1.invoices.delete(shop.invoice().id).deleted


@pytest.mark.usefixtures("_true_time")
def test_an_invoice_is_overdue_by_the_clock(shop: Shop, receiver: Receiver) -> None:
    """It is told once, a week after sending, and then the invoice can still be paid."""
    sent = shop.stripe.v1.invoices.send_invoice(shop.invoice().id)
    clock.advance(7 * 86_400 + 1)
    assert receiver.wait(7)[6:] == ["invoice.overdue"]
    press(sent.hosted_invoice_url, "pay")
    assert receiver.wait(12).count("invoice.overdue") == 1


def test_overdue_is_told_by_a_control(shop: Shop) -> None:
    """A test need not move the clock."""
    sent = shop.stripe.v1.invoices.send_invoice(shop.invoice().id)
    assert shop.control(f"invoices/{sent.id}/overdue").status_code == 200
    assert shop.event_types()[-1] == "invoice.overdue"
    shop.stripe.v1.invoices.mark_uncollectible(sent.id)
    assert shop.control(f"invoices/{sent.id}/overdue").status_code == 400


@pytest.mark.parametrize(
    "change",
    [{"days_until_due": None}, {"collection_method": "charge_automatically"}, {"due_date": 99999999999}, {"x": 1}],
)
def test_terms_that_contradict_are_refused(shop: Shop, change: dict[str, object]) -> None:
    """An invoice to send needs one due date, another none."""
    with pytest.raises(stripe.InvalidRequestError):
        shop.invoice(**change)
