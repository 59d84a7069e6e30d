"""Top-up orders, paid on the hosted pages of the Stripe double."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
import requests

from oauth_app.sandbox import accounts
from oauth_app.sandbox.config import DUMMY_STRIPE_KEY
from oauth_app.sandbox.payments import credit_order
from oauth_app.sandbox.store import Store
from tests.sandbox.emulator import Emulator

SUCCESS = "http://127.0.0.1:8000/done?a=1"
CANCEL = "http://127.0.0.1:8000/cancelled"
KINDS = pytest.mark.parametrize("kind", ["checkout", "invoice"])


def test_paying_a_checkout_credits_and_returns(sandbox: Emulator, token: str) -> None:
    """Paying 20.00 CNY credits 680 000 units and sends the person to success_url."""
    answer = _press(_open(sandbox, token), "pay")
    assert (answer.status_code, answer.headers["location"]) == (303, SUCCESS)
    assert sandbox.account()["balance"] == "4080000.00"


@KINDS
def test_paying_again_credits_nothing(sandbox: Emulator, token: str, kind: str) -> None:
    """Ten payments at once of one order credit it once, and each is answered in the same way."""
    url = _open(sandbox, token, kind)
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: _press(url, "pay").headers["location"], range(10)))
    assert len(set(answers)) == 1
    assert (sandbox.account()["topped_up"], sandbox.account()["top_ups"]) == ("680000.00", 1)


def test_a_payment_that_is_told_twice_credits_once() -> None:
    """Should Stripe's side ever report a payment again, the order that is paid credits nothing more."""
    with closing(Store(":memory:")) as store:
        store.run(
            "INSERT INTO pay_order (order_id, stripe_id, account_id, kind, amount_fen, created_at_s) "
            "VALUES ('o1', 'cs_1', 889, 'checkout', 2000, 0)"
        )
        credit_order(store, {"id": "cs_1"})
        credit_order(store, {"id": "cs_1"})
        assert accounts.get_by_id(store, 889).paid_cents == 68_000_000


def test_a_cancelled_checkout_can_still_be_paid(sandbox: Emulator, token: str) -> None:
    """Cancelling only leads back; as at Stripe the order stays open."""
    url = _open(sandbox, token)
    assert f'href="{CANCEL}"' in requests.get(url, timeout=10).text
    assert _press(url, "pay").headers["location"] == SUCCESS


def test_an_invoice_stays_and_shows_the_receipt(sandbox: Emulator, token: str) -> None:
    """A paid invoice is a receipt at the same address."""
    url = _open(sandbox, token, "invoice", amount="12.34")
    page = requests.get(url, timeout=10).text
    assert [text for text in ("Amount due", "12.34 CNY", "419,560.00", "alice@example.com") if text not in page] == []
    assert "Invoice paid" in requests.post(f"{url}/pay", timeout=10).text
    assert sandbox.account()["topped_up"] == "419560.00"


@KINDS
def test_a_declined_card_credits_nothing(sandbox: Emulator, token: str, kind: str) -> None:
    """After a declined card the order is still open, and the next card pays it."""
    url = _open(sandbox, token, kind)
    _press(url, "fail")
    assert "declined" in requests.get(url, timeout=10).text
    assert sandbox.account()["top_ups"] == 0
    _press(url, "pay")
    assert sandbox.account()["top_ups"] == 1


@KINDS
@pytest.mark.parametrize(("outcome", "top_ups"), [("arrive", 1), ("bounce", 0)])
def test_a_later_payment_credits_when_it_arrives(
    sandbox: Emulator, token: str, kind: str, outcome: str, top_ups: int
) -> None:
    """While the bank is silent nothing is credited; its answer on the page decides, once."""
    url = _open(sandbox, token, kind)
    _press(url, "later")
    assert sandbox.account()["top_ups"] == 0
    _press(url, outcome)
    _press(url, outcome)
    assert sandbox.account()["top_ups"] == top_ups


@KINDS
def test_a_control_lets_a_later_payment_arrive(sandbox: Emulator, token: str, kind: str) -> None:
    """Without the page, too, the money of a bank arrives once."""
    _press(_open(sandbox, token, kind), "later")
    [payment] = sandbox.control("GET", "stripe/payments").json()
    answers = [sandbox.control("POST", f"stripe/payments/{payment['id']}", {}).status_code for _ in range(2)]
    assert (answers, payment["description"][:14]) == ([200, 400], "OhMyGPT top-up")
    assert sandbox.account()["topped_up"] == "680000.00"


def test_an_expired_checkout_credits_nothing(sandbox: Emulator, token: str) -> None:
    """A session that was closed cannot be paid any more."""
    url = _open(sandbox, token)
    session_id = url.rpartition("/")[2]
    _stripe(sandbox, "POST", f"checkout/sessions/{session_id}/expire")
    _press(url, "pay")
    assert sandbox.account()["top_ups"] == 0


@KINDS
def test_orders_are_not_in_the_operators_account(sandbox: Emulator, token: str, kind: str) -> None:
    """Nothing of a paid order is in a list of the operator's API, and no event tells of it."""
    _press(_open(sandbox, token, kind), "fail")
    _press(_open(sandbox, token, kind), "pay")
    lists = ("customers", "checkout/sessions", "payment_intents", "charges", "invoices", "invoiceitems", "events")
    found = {name: _stripe(sandbox, "GET", name)["data"] for name in (*lists, "invoice_payments")}
    assert [name for name, items in found.items() if items] == []


def test_a_session_names_its_order(sandbox: Emulator, token: str) -> None:
    """The session of an order is in CNY and has the order's id in its metadata."""
    fields = {"amount": "20.00", "success_url": SUCCESS, "cancel_url": CANCEL}
    order = sandbox.app("create-stripe-checkout-order", token, **fields).json()["data"]
    session = _stripe(sandbox, "GET", f"checkout/sessions/{order['url'].rpartition('/')[2]}")
    assert (session["amount_total"], session["currency"]) == (20_00, "cny")
    assert session["metadata"] == {"order_id": order["order_id"]}


def test_an_operators_payment_credits_nobody(sandbox: Emulator, token: str) -> None:
    """A session of the operator that names a provider's order is none of it."""
    sandbox.app("create-stripe-invoice-order", token, amount="5")
    [payment] = sandbox.control("GET", "stripe/payments").json()
    form = {"mode": "payment", "success_url": SUCCESS, "metadata[order_id]": payment["description"].split()[-1]}
    price = {"currency": "cny", "unit_amount": "500", "product_data][name": "Units"}
    items = {f"line_items[0][price_data][{name}]": value for name, value in price.items()}
    session = _stripe(sandbox, "POST", "checkout/sessions", form | items | {"line_items[0][quantity]": "1"})
    assert _press(session["url"], "pay").status_code == 303
    assert sandbox.account()["top_ups"] == 0


@pytest.mark.parametrize(
    "change",
    [{"amount": "0"}, {"amount": ""}, {"amount": "1000000"}, {"success_url": "/done"}, {"cancel_url": "ftp://x"}],
)
def test_a_bad_order_is_refused(sandbox: Emulator, token: str, change: dict[str, str]) -> None:
    """Amount and addresses are checked before an order is made."""
    fields = {"amount": "20.00", "success_url": SUCCESS, "cancel_url": CANCEL} | change
    assert sandbox.app("create-stripe-checkout-order", token, **fields).json()["statusCode"] == 400


@KINDS
@pytest.mark.parametrize("amount", ["0.01", "999999.99"])
def test_the_smallest_and_the_largest_order_open(sandbox: Emulator, token: str, kind: str, amount: str) -> None:
    """What the provider takes Stripe takes as well."""
    assert requests.get(_open(sandbox, token, kind, amount=amount), timeout=10).status_code == 200


@pytest.mark.parametrize("path", ["stripe/c/pay/guess", "stripe/i/guess", "sandbox/pay/invoice/guess"])
def test_an_unknown_order_is_a_page(sandbox: Emulator, path: str) -> None:
    """A guessed address shows nothing."""
    assert requests.get(f"{sandbox.url}/{path}", timeout=10).status_code == 404


def _open(sandbox: Emulator, token: str, kind: str = "checkout", amount: str = "20.00") -> str:
    addresses = {"success_url": SUCCESS, "cancel_url": CANCEL} if kind == "checkout" else {}
    return str(sandbox.app(f"create-stripe-{kind}-order", token, amount=amount, **addresses).json()["data"]["url"])


def _press(url: str, button: str) -> requests.Response:
    return requests.post(f"{url}/{button}", allow_redirects=False, timeout=10)


def _stripe(sandbox: Emulator, method: str, path: str, form: dict[str, str] | None = None) -> Any:  # noqa: ANN401 - JSON
    headers = {"Authorization": f"Bearer {DUMMY_STRIPE_KEY}"}
    answer = requests.request(method, f"{sandbox.url}/stripe/v1/{path}", data=form, headers=headers, timeout=10)
    answer.raise_for_status()
    return answer.json()
