"""Top-up orders and their payment pages."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.sandbox.emulator import Emulator

SUCCESS = "http://127.0.0.1:8000/done?a=1"
CANCEL = "http://127.0.0.1:8000/cancelled"


def test_paying_a_checkout_credits_and_returns(sandbox: Emulator, token: str) -> None:
    """Paying 20.00 CNY credits 680 000 units and sends the person to success_url."""
    answer = _press(_checkout(sandbox, token), "pay")
    assert (answer.status_code, answer.headers["location"]) == (303, SUCCESS)
    assert sandbox.account()["balance"] == "4080000.00"


def test_paying_again_credits_nothing(sandbox: Emulator, token: str) -> None:
    """Ten payments at once of one order credit it once."""
    url = _checkout(sandbox, token)
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: _press(url, "pay").headers["location"], range(10)))
    assert answers == [SUCCESS] * 10
    assert sandbox.account()["topped_up"] == "680000.00"


def test_a_cancelled_checkout_can_still_be_paid(sandbox: Emulator, token: str) -> None:
    """Cancelling only leads back; as at Stripe the order stays open."""
    url = _checkout(sandbox, token)
    assert _press(url, "cancel").headers["location"] == CANCEL
    assert _press(url, "pay").headers["location"] == SUCCESS


def test_an_invoice_stays_and_shows_the_receipt(sandbox: Emulator, token: str) -> None:
    """A paid invoice is a receipt at the same address."""
    url = sandbox.app("create-stripe-invoice-order", token, amount="12.34").json()["data"]["url"]
    assert "Amount due" in requests.get(url, timeout=10).text
    assert "Invoice paid" in requests.post(f"{url}/pay", timeout=10).text
    assert sandbox.account()["topped_up"] == "419560.00"


def test_a_cancelled_invoice_cannot_be_paid(sandbox: Emulator, token: str) -> None:
    """A void invoice credits nothing."""
    url = sandbox.app("create-stripe-invoice-order", token, amount="5").json()["data"]["url"]
    _press(url, "cancel")
    assert _press(url, "pay").status_code == 409
    assert sandbox.account()["top_ups"] == 0


@pytest.mark.parametrize(
    "change",
    [{"amount": "0"}, {"amount": ""}, {"amount": "1000000.01"}, {"success_url": "/done"}, {"cancel_url": "ftp://x"}],
)
def test_a_bad_order_is_refused(sandbox: Emulator, token: str, change: dict[str, str]) -> None:
    """Amount and addresses are checked before an order is made."""
    fields = {"amount": "20.00", "success_url": SUCCESS, "cancel_url": CANCEL} | change
    assert sandbox.app("create-stripe-checkout-order", token, **fields).json()["statusCode"] == 400


def test_an_unknown_order_is_a_page(sandbox: Emulator) -> None:
    """A guessed address shows nothing, and an order is found only under its own kind."""
    assert requests.get(f"{sandbox.url}/sandbox/pay/invoice/guess", timeout=10).status_code == 404


def _checkout(sandbox: Emulator, token: str) -> str:
    fields = {"amount": "20.00", "success_url": SUCCESS, "cancel_url": CANCEL}
    return str(sandbox.app("create-stripe-checkout-order", token, **fields).json()["data"]["url"])


def _press(url: str, button: str) -> requests.Response:
    return requests.post(f"{url}/{button}", allow_redirects=False, timeout=10)
