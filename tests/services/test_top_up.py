"""Top-ups: orders that the user pays at OhMyGPT."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from oauth_app import clock
from oauth_app.db import transaction
from oauth_app.hub import Hub
from oauth_app.models import TopUp
from oauth_app.services.access import Access
from oauth_app.services.connections import ConnectionLostError
from oauth_app.services.idempotency import (
    IdempotencyInFlightError,
    IdempotencyKeyRequiredError,
    IdempotencyMismatchError,
)
from oauth_app.services.top_up import open_top_up
from oauth_app.services.top_up_errors import InvalidTopUpError, ProviderNotEnabledError, TopUpFailedError
from oauth_app.services.top_up_watching import close_old_top_ups, look_at_top_up, watch_user
from oauth_app.services.top_up_wishes import TopUpKind, TopUpWish, check_return_url
from oauth_app.upstream import UpstreamBalance, UpstreamClient
from tests.fixtures.hub import BALANCE_PATH, Person, Sandbox
from tests.services.books import only_top_up

ORDER_PATH = "/api/v1/user/oauth/app/create-stripe"


@pytest.fixture
def wish(access: Access) -> TopUpWish:
    """The shop's wish that alice tops up 10.00 CNY."""
    return TopUpWish(user_id=access.user_id, partner_id=access.partner_id, idempotency_key="top-1", amount=10_00)


def own(person: Person, amount: int, **wishes: Any) -> TopUpWish:  # noqa: ANN401 - any field
    """Return the user's own wish, from the account page."""
    return TopUpWish(user_id=person.user_id, amount=amount, **wishes)


@pytest.mark.parametrize(("kind", "page"), [(TopUpKind.CHECKOUT, "/stripe/c/pay/"), (TopUpKind.INVOICE, "/stripe/i/")])
def test_an_order_is_open_to_be_paid(hub: Hub, alice: Person, kind: TopUpKind, page: str) -> None:
    """The user gets an address to pay at, and the balance found is kept to compare with."""
    opened = open_top_up(hub, own(alice, 10_00, kind=kind)).top_up

    assert (opened.status, opened.low_water_balance) == ("open", 3_400_000_00)
    assert page in (opened.url or "")


def test_a_repeat_opens_no_second_order(hub: Hub, wish: TopUpWish) -> None:
    """The same key and wish give the same order."""
    first, again = open_top_up(hub, wish), open_top_up(hub, wish)

    assert (again.top_up.url, again.replayed) == (first.top_up.url, True)
    assert only_top_up(hub).id == first.top_up.id


def test_a_top_up_key_is_for_one_wish(hub: Hub, wish: TopUpWish) -> None:
    """A key that was used for another order is refused."""
    open_top_up(hub, wish)

    with pytest.raises(IdempotencyMismatchError):
        open_top_up(hub, replace(wish, amount=20_00))


def test_a_partner_needs_a_key(wish: TopUpWish) -> None:
    """A partner cannot open an order that it could not ask for again."""
    with pytest.raises(IdempotencyKeyRequiredError):
        replace(wish, idempotency_key=None)


def test_the_user_needs_no_key(hub: Hub, alice: Person) -> None:
    """On the account page every press is an order of its own."""
    ids = {open_top_up(hub, own(alice, 10_00)).top_up.id for _ in range(2)}
    assert len(ids) == 2


@pytest.mark.parametrize("kind", ["html", "status", "reset_after", "malformed_json"])
def test_an_order_that_did_not_open_has_failed(hub: Hub, wish: TopUpWish, sandbox: Sandbox, kind: str) -> None:
    """Without a clear answer there is nothing to pay, and the same key is answered the same."""
    sandbox.fail(ORDER_PATH, kind)

    for _ in range(2):
        with pytest.raises(TopUpFailedError):
            open_top_up(hub, wish)
    assert only_top_up(hub).status == "failed"


def test_a_lost_connection_opens_nothing(hub: Hub, wish: TopUpWish, sandbox: Sandbox) -> None:
    """A refused token fails the order, and the user must sign in again."""
    sandbox.fail(BALANCE_PATH, "envelope_401")

    for _ in range(2):
        with pytest.raises(ConnectionLostError):
            open_top_up(hub, wish)


def test_an_opening_that_died_is_given_up(hub: Hub, wish: TopUpWish) -> None:
    """An order whose process died is in flight for a while, and then failed."""
    made = open_top_up(hub, wish).top_up
    with transaction(hub.engine) as session:
        session.get_one(TopUp, made.id).status = "creating"

    with pytest.raises(IdempotencyInFlightError):
        open_top_up(hub, wish)
    with clock.moved(timedelta(minutes=2)):
        close_old_top_ups(hub)
        with pytest.raises(TopUpFailedError):
            open_top_up(hub, wish)


def test_a_payment_shows_in_the_balance(hub: Hub, alice: Person, sandbox: Sandbox) -> None:
    """A look finds the order paid as soon as the balance has risen, and not before."""
    opened = open_top_up(hub, own(alice, 10_00)).top_up
    before = look_at_top_up(hub, opened.id).status
    sandbox.pay(opened.url or "")

    assert (before, look_at_top_up(hub, opened.id).status) == ("open", "paid")


def test_money_spent_meanwhile_hides_no_payment(hub: Hub, alice: Person, sandbox: Sandbox) -> None:
    """A balance that fell before the payment counts from where it fell to."""
    opened = open_top_up(hub, own(alice, 10_00)).top_up
    sandbox.set_balance(alice.email, "5.00")
    watch_user(hub, alice.user_id)
    sandbox.pay(opened.url or "")

    assert look_at_top_up(hub, opened.id).status == "paid"


def test_one_payment_pays_one_order(hub: Hub, alice: Person, sandbox: Sandbox) -> None:
    """Of two equal orders one payment pays one, however often anybody looks."""
    orders = [open_top_up(hub, own(alice, 10_00)).top_up for _ in range(2)]
    sandbox.pay(orders[1].url or "")

    for _ in range(3):
        watch_user(hub, alice.user_id)
    assert sorted(look_at_top_up(hub, order.id).status for order in orders) == ["open", "paid"]


def test_an_older_balance_sinks_no_mark(hub: Hub, alice: Person, sandbox: Sandbox) -> None:
    """A look whose balance is from before another look counts for nothing: one payment would pay two orders."""
    orders = [open_top_up(hub, own(alice, 10_00)).top_up for _ in range(2)]

    class Slow(UpstreamClient):
        """Tells the balance, and meanwhile the user pays and another looks."""

        def balance(self, token: str) -> UpstreamBalance:
            """Return what was there before."""
            told = hub.upstream.balance(token)
            sandbox.pay(orders[0].url or "")
            assert watch_user(hub, alice.user_id) == 1
            return told

    slow = object.__new__(Slow)
    slow.__dict__.update(vars(hub.upstream))
    assert watch_user(replace(hub, upstream=slow), alice.user_id) == 0
    assert watch_user(hub, alice.user_id) == 0


def test_the_order_that_fits_is_paid(hub: Hub, alice: Person, sandbox: Sandbox) -> None:
    """A rise goes to the order of just that amount, though an older one is smaller."""
    small, large = (open_top_up(hub, own(alice, amount)).top_up for amount in (10_00, 30_00))
    sandbox.pay(large.url or "")

    assert watch_user(hub, alice.user_id) == 1
    assert (look_at_top_up(hub, small.id).status, look_at_top_up(hub, large.id).status) == ("open", "paid")


def test_two_payments_pay_two_orders(hub: Hub, alice: Person, sandbox: Sandbox) -> None:
    """Two payments between two looks are both found in one rise."""
    for amount in (10_00, 30_00):
        sandbox.pay(open_top_up(hub, own(alice, amount)).top_up.url or "")

    assert watch_user(hub, alice.user_id) == 2


def test_a_look_that_fails_changes_nothing(hub: Hub, alice: Person, sandbox: Sandbox) -> None:
    """While OhMyGPT cannot be asked, the order is shown as it was last seen; the next look finds the payment."""
    opened = open_top_up(hub, own(alice, 10_00)).top_up
    sandbox.pay(opened.url or "")
    sandbox.fail(BALANCE_PATH, "html")

    assert [look_at_top_up(hub, opened.id).status for _ in range(2)] == ["open", "paid"]


def test_an_order_expires_after_a_day(hub: Hub, alice: Person) -> None:
    """What was not paid in 24 hours is not waited for any longer."""
    open_top_up(hub, own(alice, 10_00))

    assert close_old_top_ups(hub) == 0
    with clock.moved(timedelta(hours=24, minutes=1)):
        assert close_old_top_ups(hub) == 1
    assert only_top_up(hub).status == "expired"


@pytest.mark.parametrize("amount", [0, -1, 99, 10_000_001])
def test_an_amount_has_bounds(alice: Person, amount: int) -> None:
    """1.00 to 100 000.00 CNY can be topped up."""
    with pytest.raises(InvalidTopUpError, match="amount"):
        own(alice, amount)


def test_an_order_is_in_cny(alice: Person) -> None:
    """OhMyGPT takes CNY."""
    with pytest.raises(InvalidTopUpError, match="asset"):
        own(alice, 10_00, asset="USD")


def test_an_unknown_provider_is_refused(alice: Person) -> None:
    """A provider that nobody knows is refused by name."""
    with pytest.raises(ProviderNotEnabledError, match="abacus"):
        own(alice, 10_00, provider="abacus")


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example.evil.example/",
        "https://evil.example/?https://shop.example/",
        "https://shop.example@evil.example/",
        "https://user@shop.example/",
        "http://shop.example/",
        "https://shop.example:8443/",
        "//shop.example/",
        "/done",
        "javascript:alert(1)",
        "https:\\\\shop.example/",
        "https://shop.example/\nX: 1",
        "https://[",
    ],
)
def test_the_user_goes_on_to_the_partner_only(hub: Hub, wish: TopUpWish, url: str) -> None:
    """An address of another origin than the partner's redirect URIs is refused."""
    with pytest.raises(InvalidTopUpError, match="return_url"):
        open_top_up(hub, replace(wish, return_url=url))


def test_any_page_of_the_partner_will_do(hub: Hub, wish: TopUpWish) -> None:
    """The origin counts; path and query are the partner's own affair."""
    opened = open_top_up(hub, replace(wish, return_url="https://SHOP.example/orders/1?paid=1")).top_up
    assert opened.return_url == "https://SHOP.example/orders/1?paid=1"


def test_without_a_partner_the_user_stays_here() -> None:
    """On the account page only the hub's own addresses are taken."""
    check_return_url("https://hub.example/account", None, "https://hub.example")
    with pytest.raises(InvalidTopUpError):
        check_return_url("https://shop.example/", None, "https://hub.example")


def test_a_user_who_has_nothing_can_top_up(hub: Hub, bob: Person, sandbox: Sandbox, penniless: UpstreamClient) -> None:
    """If OhMyGPT does not even tell the balance of a user who has nothing, the order opens all the same."""
    sandbox.fail(BALANCE_PATH, "status", code=402)
    opened = open_top_up(replace(hub, upstream=penniless), own(bob, 10_00)).top_up
    sandbox.pay(opened.url or "")

    assert (opened.low_water_balance, look_at_top_up(hub, opened.id).status) == (0, "paid")
