"""Statements: every movement of a month once, and ends that are those of the books."""

import csv
import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from oauth_app import clock
from oauth_app.db import reading, transaction
from oauth_app.hub import Hub
from oauth_app.ledger import (
    AccountKind,
    AccountName,
    Movement,
    TransferKind,
    TransferWish,
    WalletCharge,
    charge_wallet,
    get_balance,
    record_transfer,
    split_amount,
)
from oauth_app.models import Partner
from oauth_app.services.access import Access
from oauth_app.services.partners import Credentials
from oauth_app.services.statement_exports import HEADER, csv_pieces, json_pieces, plain_decimal
from oauth_app.services.statement_months import Month, UnknownMonthError, months_since
from oauth_app.services.statements import Line, Statement, partner_statement, user_statement
from tests.fixtures.hub import Person, make_partner
from tests.services.money_story import allow, earned, fund, last_month, owned, pay, tell_last_month, tell_this_month


@pytest.fixture
def access(hub: Hub, alice: Person, shop: Credentials) -> Access:
    """Let alice allow the shop more than the stories need."""
    return allow(hub, alice.user_id, shop.client_id)


def this_month() -> Month:
    """Return the present month."""
    return Month.of(clock.now())


def ends(statement: Statement) -> dict[str, tuple[int, int]]:
    """Return opening and closing balance of each asset."""
    return {one.asset: (one.opening, one.closing) for one in statement.balances}


def kinds(lines: list[Line]) -> Counter[tuple[str, str, int, int, int]]:
    """Return how often each line stands there."""
    return Counter((line.kind, line.asset, line.gross, line.fee, line.change) for line in lines)


def test_a_users_statement_has_each_movement_once(hub: Hub, access: Access) -> None:
    """Charges, refunds, captures and top-ups with the fee in them; holds that came to nothing are none."""
    tell_last_month(hub, access)
    tell_this_month(hub, access)
    with user_statement(hub.engine, access.user_id, this_month()) as statement:
        lines = list(statement.lines())
    assert kinds(lines) == Counter(
        [
            ("top_up", "USD", 120_00, 0, 120_00),
            ("charge", "USD", -10_01, 25, -10_01),
            ("refund", "USD", 4_00, -9, 4_00),
            ("charge", "OMG", -30_01, 75, 0),
            ("refund", "OMG", 10_00, -24, 10_00),
            ("hold_captured", "USD", -15_03, 37, -15_03),
        ]
    )
    assert {line.source for line in lines if line.change == 0} == {"ohmygpt"}
    assert {line.description for line in lines} == {"", "Stickers", "Returned", "A room"}
    assert {line.site for line in lines} == {"", "Shop"}
    assert lines == sorted(lines, key=lambda line: (line.at, line.transfer_id))


def test_a_users_statement_ends_as_the_books_do(hub: Hub, access: Access) -> None:
    """Its closing balances are those of the ledger to the unit, and each month opens as the one before closed."""
    tell_last_month(hub, access)
    tell_this_month(hub, access)
    with user_statement(hub.engine, access.user_id, this_month().before) as statement:
        assert ends(statement) == {"USD": (0, 95_00)}
    with user_statement(hub.engine, access.user_id, this_month()) as statement:
        now = {asset: owned(hub, access.user_id, asset) for asset in ("OMG", "USD")}
        assert ends(statement) == {"OMG": (0, now["OMG"]), "USD": (95_00, now["USD"])}
        assert sum(line.change for line in statement.lines() if line.asset == "USD") == now["USD"] - 95_00
        assert sum(total.count for total in statement.totals) == statement.line_count == 6


def test_totals_are_by_site(hub: Hub, access: Access, alice: Person) -> None:
    """What each site took stands apart."""
    friend = make_partner(hub.engine, name="Friend")
    at_friend = allow(hub, alice.user_id, friend.client_id)
    fund(hub, alice.user_id, 100_00)
    for number, where in enumerate((access, access, at_friend)):
        pay(hub, where, f"order-{number}", amount=10_00, asset="USD")
    with user_statement(hub.engine, alice.user_id, this_month()) as statement:
        totals = {total.site: (total.count, total.gross) for total in statement.totals if total.kind == "charge"}
    assert totals == {"Shop": (2, -20_00), "Friend": (1, -10_00)}


def test_a_partners_statement_is_the_movement_of_its_earnings(hub: Hub, access: Access) -> None:
    """Net of the month is what the earnings account moved; gross less fee is net, in each line."""
    tell_last_month(hub, access)
    before = earned(hub, access.partner_id, "USD")
    tell_this_month(hub, access)
    with partner_statement(hub.engine, access.partner_id, this_month()) as statement:
        lines = list(statement.lines())
        found = ends(statement)
    assert kinds(lines) == Counter(
        [
            ("charge", "USD", 10_01, 25, 9_76),
            ("refund", "USD", -4_00, -9, -3_91),
            ("charge", "OMG", 30_01, 75, 29_26),
            ("refund", "OMG", -10_00, -24, -9_76),
            ("hold_captured", "USD", 15_03, 37, 14_66),
        ]
    )
    assert found == {
        "OMG": (0, earned(hub, access.partner_id, "OMG")),
        "USD": (before, earned(hub, access.partner_id, "USD")),
    }
    assert all(line.gross - line.fee == line.change for line in lines)


def test_a_charge_that_is_all_fee_is_on_the_statement(hub: Hub, alice: Person) -> None:
    """It moves nothing of the partner's, but the partner made it."""
    charity = make_partner(hub.engine, name="Charity", fee_basis_points=10_000)
    access = allow(hub, alice.user_id, charity.client_id)
    fund(hub, alice.user_id, 10_00)
    pay(hub, access, "order-1", amount=4_00, asset="USD")
    with partner_statement(hub.engine, charity.client_id, this_month()) as statement:
        assert kinds(list(statement.lines())) == Counter([("charge", "USD", 4_00, 4_00, 0)])


def test_nobody_elses_money_is_on_a_statement(hub: Hub, access: Access, bob: Person) -> None:
    """Another user's and another partner's are empty."""
    tell_this_month(hub, access)
    other = make_partner(hub.engine, name="Other").client_id
    for lent in (
        user_statement(hub.engine, bob.user_id, this_month()),
        partner_statement(hub.engine, other, this_month()),
    ):
        with lent as statement:
            assert (list(statement.lines()), statement.balances, statement.totals) == ([], [], [])


def test_the_csv_adds_up(hub: Hub, access: Access) -> None:
    """RFC 4180: opening balances, each line with the balance after it, closing balances, plain decimals."""
    tell_last_month(hub, access)
    tell_this_month(hub, access)
    text = "".join(csv_pieces(user_statement(hub.engine, access.user_id, this_month())))
    rows = list(csv.DictReader(text.splitlines(keepends=True)))
    usd = [row for row in rows if row["asset"] == "USD"]
    assert text.startswith(",".join(HEADER) + "\r\n")
    assert text.count("\n") == text.count("\r\n") == len(rows) + 1
    assert (usd[0]["type"], usd[0]["balance"]) == ("opening_balance", "95.00")
    assert (usd[-1]["type"], usd[-1]["balance"]) == (
        "closing_balance",
        plain_decimal(owned(hub, access.user_id, "USD"), 2),
    )
    assert usd[-2]["balance"] == usd[-1]["balance"]
    assert {row["change"] for row in usd[1:-1]} == {"120.00", "-10.01", "4.00", "-15.03"}


@pytest.mark.parametrize("text", ['=1+1"', "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1"])  # noqa: RUF001
def test_no_cell_is_a_formula(hub: Hub, access: Access, text: str) -> None:
    """What partners wrote cannot act in the spreadsheet of whoever opens the file."""
    with transaction(hub.engine) as session:
        session.get_one(Partner, access.partner_id).name = text
    fund(hub, access.user_id, 100_00)
    pay(hub, access, "order-1", amount=1_00, asset="USD", description=text)
    written = "".join(csv_pieces(user_statement(hub.engine, access.user_id, this_month())))
    (row,) = [row for row in csv.reader(written.splitlines(keepends=True)) if row[1] == "charge"]
    assert (row[4], row[5]) == (f"'{text}", f"'{text}")
    assert row[HEADER.index("change")] == "-1.00"  # a number, and no text


def test_the_json_has_whole_numbers(hub: Hub, access: Access) -> None:
    """The same lines and ends, for programs."""
    tell_this_month(hub, access)
    found = json.loads("".join(json_pieces(user_statement(hub.engine, access.user_id, this_month()))))
    assert found["month"] == str(this_month())
    assert len(found["lines"]) == sum(total["count"] for total in found["totals"]) == 6
    assert sum(line["change"] for line in found["lines"] if line["asset"] == "USD") == found["balances"][1]["closing"]


def test_a_statement_of_nothing_is_empty(hub: Hub, alice: Person) -> None:
    """Who has moved nothing gets a head and no lines."""
    lent = user_statement(hub.engine, alice.user_id, this_month())
    assert "".join(csv_pieces(lent)) == ",".join(HEADER) + "\r\n"
    found = json.loads("".join(json_pieces(user_statement(hub.engine, alice.user_id, this_month()))))
    assert (found["lines"], found["totals"], found["balances"]) == ([], [], [])


def test_a_long_month_comes_in_pieces(engine: Engine) -> None:
    """Whoever reads the file has its beginning long before its end; so it is on both databases."""
    wallet = AccountName.wallet("usr_1", "USD")
    outside = AccountName(kind=AccountKind.STRIPE_CLEARING, asset="USD")
    with transaction(engine) as session:
        paid = Movement(source=outside, destination=wallet, amount=1_000)
        record_transfer(session, TransferWish(kind=TransferKind.TOP_UP, reference="top_1", movements=(paid,)))
        for number in range(1_000):
            split = split_amount(1, 0)
            order = {"partner_id": "ptn_1", "user_id": "usr_1", "asset": "USD", "split": split}
            charge_wallet(session, WalletCharge(reference=f"ch_{number}", **order))
    pieces = list(csv_pieces(user_statement(engine, "usr_1", this_month())))
    assert len(pieces) > 3
    assert max(map(len, pieces)) < 40_000
    assert "".join(pieces).count("\r\n") == 1_004
    with partner_statement(engine, "ptn_1", this_month()) as statement, reading(engine) as session:
        earnings = get_balance(session, AccountName.earnings("ptn_1", "USD"))
        assert (ends(statement), statement.line_count) == ({"USD": (0, earnings)}, 1_000)


@pytest.mark.parametrize("text", ["2026-13", "2026-00", "2026-1", "26-01", "2099-01", "\uff12026-01", "2026-01 ", ""])
def test_only_months_that_have_begun_are_known(text: str) -> None:
    """A month is four digits and two, and not in the future."""
    with pytest.raises(UnknownMonthError):
        Month.parse(text)


def test_months_meet_at_midnight_utc() -> None:
    """The end of one is the start of the next, over the end of a year too."""
    december = Month.parse("2025-12")
    assert december.end == Month(year=2026, number=1).start == datetime(2026, 1, 1, tzinfo=UTC)
    assert Month(year=2026, number=1).before == december
    with last_month():
        first = clock.now()
    assert months_since(first) == [this_month(), this_month().before]
    assert Month.of(december.end - timedelta(microseconds=1)) == december


@pytest.mark.parametrize(
    ("amount", "scale", "written"),
    [(10_01, 2, "10.01"), (-5, 2, "-0.05"), (0, 2, "0.00"), (7, 0, "7"), (-1, 3, "-0.001")],
)
def test_amounts_are_plain_decimals(amount: int, scale: int, written: str) -> None:
    """By the asset's scale, without thousands."""
    assert plain_decimal(amount, scale) == written
