"""The operator sees every charge, hold, refund, top-up and transfer, finds them, and reads how they came about."""

from dataclasses import dataclass
from datetime import timedelta
from re import findall

import pytest
from sqlalchemy import select

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.models import Refund, Transfer, User
from oauth_app.services.access import Access
from oauth_app.services.fees import set_fee
from oauth_app.services.hold_capturing import CaptureWish, capture
from oauth_app.services.operators import grant_operator
from oauth_app.services.oversight import PAGE_ROWS
from oauth_app.services.stripe_looking import book_order, name_of
from oauth_app.services.top_up import open_top_up
from oauth_app.services.top_up_wishes import TopUpWish
from tests.fixtures.hub import Sandbox, make_partner
from tests.fixtures.live import Browser, LiveHub
from tests.services.money_story import allow, give_back, pay, reserve
from tests.services.stripe_orders import Stripe
from tests.services.webhooks import make_endpoint

ADMIN, ALICE = "admin@example.com", "alice@example.com"


@dataclass(frozen=True, kw_only=True)
class Story:
    """What happened to Alice's money at the shop, by the ids that it left behind."""

    access: Access
    top_up: str
    charge: str
    refund: str
    captured_hold: str
    open_hold: str


@pytest.fixture(scope="module")
def operator(module_hub: LiveHub) -> Browser:
    """Sit an operator at a browser."""
    with transaction(module_hub.hub.engine) as session:
        grant_operator(session, ADMIN)
    browser = Browser(url=module_hub.url)
    browser.sign_in(ADMIN)
    return browser


@pytest.fixture(scope="module")
def alices_browser(module_hub: LiveHub) -> Browser:
    """Sign Alice in."""
    browser = Browser(url=module_hub.url)
    browser.sign_in(ALICE)
    return browser


@pytest.fixture(scope="module")
def story(module_hub: LiveHub, alices_browser: Browser, sandbox_process: Sandbox) -> Story:
    """Alice tops up 100.00 USD; the shop charges, gives back, holds, captures, and holds again."""
    assert alices_browser.get("/account").status_code == 200
    hub = module_hub.hub
    with reading(hub.engine) as session:
        user_id = session.scalars(select(User.id).where(User.email == ALICE)).one()
    shop = make_partner(hub.engine, fee_basis_points=250).client_id
    make_endpoint(hub, shop)
    access = allow(hub, user_id, shop)
    top_up = topped_up(hub, Stripe(sandbox_process), access)
    bought = pay(hub, access, "order-1", amount=10_01, asset="USD", description="Stickers").id
    with transaction(hub.engine) as session:
        set_fee(session, shop, 300, set_by=ADMIN)
    give_back(hub, access, bought, 4_00, "back-1")
    held = reserve(hub, access, 20_00, "hold-1")
    capture(hub, access, CaptureWish(hold_id=held, idempotency_key="order-2", amount=15_03))
    left = reserve(hub, access, 5_00, "hold-2")
    with reading(hub.engine) as session:
        refund = session.scalars(select(Refund.id)).one()
    return Story(access=access, top_up=top_up, charge=bought, refund=refund, captured_hold=held, open_hold=left)


def topped_up(hub: Hub, stripe: Stripe, access: Access) -> str:
    """Pay an order of 100.00 USD, of which 1.00 goes back."""
    wish = TopUpWish(user_id=access.user_id, amount=100_00, asset="USD", provider="stripe")
    order = open_top_up(hub, wish).top_up
    name = name_of(order)
    assert name is not None
    stripe.press(order, "pay")
    book_order(hub, name)
    stripe.refund(stripe.intent_of(order), 1_00)
    book_order(hub, name)
    return order.id


def listed(operator: Browser, name: str, **wanted: str) -> list[str]:
    """Return the ids of a list, as its links name them."""
    page = operator.get(f"/admin/{name}", params=wanted)
    assert page.status_code == 200
    body = page.text.partition("<tbody>")[2].partition("</tbody>")[0]
    return findall(rf'href="/admin/{name}/([a-z0-9_]+)"', body)


def test_each_kind_has_its_list(operator: Browser, story: Story) -> None:
    """Whatever moved money stands in the list of its kind, newest first, and in the books."""
    assert listed(operator, "charges")[-1] == story.charge
    assert listed(operator, "holds") == [story.open_hold, story.captured_hold]
    assert listed(operator, "refunds") == [story.refund]
    assert listed(operator, "top-ups") == [story.top_up]
    books = operator.get("/admin/ledger").text
    for kind in ("top_up", "top_up_reversal", "charge", "refund", "hold_placed", "hold_captured"):
        assert f">{kind}</a>" in books


NARROWED = [
    ("charges", {"state": "succeeded"}, 2),
    ("charges", {"state": "declined"}, 0),
    ("holds", {"state": "captured"}, 1),
    ("top-ups", {"state": "paid"}, 1),
    ("ledger", {"state": "refund"}, 1),
    ("charges", {"user": "ALICE@example.com"}, 2),
    ("charges", {"user": "bob@example.com"}, 0),
    ("ledger", {"user": "bob@example.com"}, 0),
    ("holds", {"partner": "ptn_0"}, 0),
    ("ledger", {"partner": "ptn_0"}, 0),
    ("refunds", {"since": "2000-01-01", "until": "2999-01-01"}, 1),
    ("refunds", {"until": "2000-01-01"}, 0),
    ("ledger", {"since": "2999-01-01"}, 0),
    ("holds", {"since": "0001-01-01", "until": "9999-12-30"}, 2),
    ("holds", {"until": "0001-01-01"}, 0),
    ("charges", {"since": "yesterday", "until": "9999-12-31"}, 2),
]


@pytest.mark.usefixtures("story")
@pytest.mark.parametrize(("name", "wanted", "count"), NARROWED, ids=str)
def test_a_list_is_narrowed(operator: Browser, name: str, wanted: dict[str, str], count: int) -> None:
    """By state, user, partner and day; what is no day narrows nothing."""
    assert len(set(listed(operator, name, **wanted))) == count


def test_the_books_of_one_partner(operator: Browser, story: Story) -> None:
    """Only transfers that touch an account of the partner's: a top-up is the user's alone."""
    page = operator.get("/admin/ledger", params={"partner": story.access.partner_id}).text
    assert story.charge in page
    assert story.top_up not in page


def test_today_is_within_from_and_until(operator: Browser, module_hub: LiveHub, story: Story) -> None:
    """Both days are included."""
    with reading(module_hub.hub.engine) as session:
        made_at = session.get_one(Refund, story.refund).created_at
    day, before = (f"{made_at - timedelta(days=days):%Y-%m-%d}" for days in (0, 1))
    assert listed(operator, "refunds", since=day, until=day) == [story.refund]
    assert listed(operator, "refunds", since=before, until=before) == []


def test_a_list_goes_on_below_the_last_one_seen(operator: Browser, module_hub: LiveHub, story: Story) -> None:
    """What narrows the list narrows its next page, and nothing is shown twice or left out."""
    hub, access = module_hub.hub, story.access
    with clock.moved(-timedelta(days=400)):
        for number in range(PAGE_ROWS + 1):
            pay(hub, access, f"old-{number}", amount=1, asset="USD")
    wanted = {"partner": access.partner_id, "until": f"{clock.now() - timedelta(days=300):%Y-%m-%d}"}
    first = operator.get("/admin/charges", params=wanted)
    older = findall(r'class="btn" href="(\?[^"]+before=[^"]+)"', first.text)[0].replace("&amp;", "&")
    ids = findall(r'href="/admin/charges/(ch_[a-z0-9]+)"', first.text)
    more = findall(r'href="/admin/charges/(ch_[a-z0-9]+)"', operator.get(f"/admin/charges{older}").text)
    assert (len(ids), len(more), len({*ids, *more})) == (PAGE_ROWS, 1, PAGE_ROWS + 1)


def test_a_charge_names_its_fee_and_how_it_came_about(operator: Browser, story: Story) -> None:
    """The version that counted then, not the one that counts now; the postings, the refund, and who was told."""
    later = operator.get(f"/admin/charges/{listed(operator, 'charges', state='succeeded')[0]}").text
    assert ("3.00 %" in later, "2.50 %" in later) == (True, False)
    page = operator.get(f"/admin/charges/{story.charge}").text
    assert "2.50 %" in page
    assert "3.00 %" not in page
    for words in (
        "charge.succeeded",
        "charge.refunded",
        "taken by 0 of 1 addresses",
        "platform_fees",
        "partner_earnings",
    ):
        assert words in page
    assert page.index(">charge</span>") < page.index(">refund</span>")  # the books, in order


def test_a_hold_tells_of_its_capture(operator: Browser, story: Story) -> None:
    """It was placed, captured in part, and the rest let go."""
    page = operator.get(f"/admin/holds/{story.captured_hold}").text
    for words in (
        "hold.created",
        "hold_placed",
        "hold.captured",
        "hold_captured",
        "15.03 USD",
        "A room",
        "/admin/charges/ch_",
    ):
        assert words in page


def test_a_refund_tells_of_its_charge(operator: Browser, story: Story) -> None:
    """It leads to the charge, with its reason, its postings and the event about it."""
    page = operator.get(f"/admin/refunds/{story.refund}").text
    for words in (f"/admin/charges/{story.charge}", "Returned", "4.00 USD", "charge.refunded", ">refund</span>"):
        assert words in page


def test_a_top_up_tells_what_went_back(operator: Browser, story: Story) -> None:
    """Its order at Stripe, the credit, and what was taken back later under a name of its own."""
    page = operator.get(f"/admin/top-ups/{story.top_up}").text
    for words in ("cs_", "pi_", ">top_up</span>", ">top_up_reversal</span>", "1.00 USD"):
        assert words in page


def test_a_transfer_leads_to_what_it_is_about(operator: Browser, module_hub: LiveHub, story: Story) -> None:
    """Each posting is there, and the transfer that it takes back."""
    with reading(module_hub.hub.engine) as session:
        refund = session.scalars(select(Transfer).where(Transfer.reference == story.refund)).one()
    page = operator.get(f"/admin/ledger/{refund.id}").text
    for words in (f"/admin/refunds/{story.refund}", f"/admin/ledger/{refund.reverses_id}", "user_wallet"):
        assert words in page


@pytest.mark.parametrize("path", ["charges/ch_0", "holds/hold_0", "refunds/re_0", "top-ups/top_0", "ledger/tr_0"])
def test_what_is_not_there_is_not_found(operator: Browser, path: str) -> None:
    """An unknown id, or a strange one, is a page that says so."""
    assert operator.get(f"/admin/{path}").status_code == 404
    assert operator.get(f"/admin/{path}%00").status_code == 404


@pytest.mark.parametrize("path", ["holds", "refunds", "ledger", "holds/hold_0", "refunds/re_0", "top-ups/top_0"])
def test_the_pages_are_the_operators(alices_browser: Browser, path: str) -> None:
    """A user who is no operator sees none of it, also of their own money."""
    assert alices_browser.get(f"/admin/{path}").status_code == 403


def test_the_user_sees_refunds_and_what_is_reserved(alices_browser: Browser, story: Story) -> None:
    """The account page shows what was given back and why, and what is reserved and until when; nobody else's."""
    assert story.refund
    page = alices_browser.get("/account").text
    given_back = page.partition("Given back lately")[2].partition("</table>")[0]
    reserved = page.partition("Reserved now")[2].partition("</table>")[0]
    for words in ("Stickers", "Returned", "4.00 USD"):
        assert words in given_back
    assert "5.00 USD" in reserved
    assert "20.00 USD" not in reserved  # captured, so not reserved any more
    other = Browser(url=alices_browser.url)
    other.sign_in("bob@example.com")
    others_page = other.get("/account").text
    assert "Given back lately" not in others_page
    assert "Reserved now" not in others_page
