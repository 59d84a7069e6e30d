"""Membership by topping up."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from oauth_app.sandbox.config import Config
from oauth_app.sandbox.tiers import VIP, Payment, earned_until_s
from tests.sandbox.emulator import BOB, Emulator, running


@pytest.mark.parametrize(
    ("payments", "until"),
    [
        ([], None),
        ([("2024-01-10", 1999)], None),
        ([("2024-01-31", 2000)], "2024-02-29"),
        ([("2024-01-10", 1000), ("2024-01-20", 1000)], "2024-02-20"),
        ([("2024-01-10", 4000)], "2024-07-10"),
        ([("2024-08-31", 10000)], "2025-02-28"),
        # The month has run out: five months follow, six from the first payment.
        ([("2024-01-10", 2000), ("2024-02-20", 2000)], "2024-07-10"),
        # After six months the first payment counts no more.
        ([("2024-01-10", 2000), ("2024-07-10", 2000)], "2024-08-10"),
        # A full accumulation is followed by another.
        ([("2024-01-10", 4000), ("2024-06-10", 4000)], "2024-12-10"),
        ([("2024-01-10", 4000), ("2024-02-10", 2000)], "2024-07-10"),
    ],
)
def test_payments_give_months(payments: list[tuple[str, int]], until: str | None) -> None:
    """20 CNY give a month of VIP, 40 in total six months from the payment that began them."""
    given = [Payment(_second(day), fen) for day, fen in payments]
    assert earned_until_s(given, VIP) == (_second(until) if until else None)


def test_a_top_up_shows_in_the_membership(sandbox: Emulator) -> None:
    """Two payments of 20 CNY take an account from nothing to a month, and to six months of VIP."""
    days = [_days_of_vip(sandbox)]
    for _ in range(2):
        _top_up(sandbox, "20.00")
        days.append(_days_of_vip(sandbox))
    assert days[0] is None
    assert 27 <= (days[1] or 0) <= 31
    assert 180 <= (days[2] or 0) <= 185


def test_the_account_list_shows_the_tier(sandbox: Emulator) -> None:
    """The developer page names the tier of who has one."""
    before = requests.get(sandbox.url, timeout=10).text
    _top_up(sandbox, "40")
    after = requests.get(sandbox.url, timeout=10).text
    assert (before.count('"pill">VIP'), after.count('"pill">VIP')) == (1, 2)


def test_premium_is_given_for_a_configured_sum_only(sandbox: Emulator) -> None:
    """No sum gives Premium by default, because none is published."""
    _top_up(sandbox, "10000")
    assert _membership(sandbox)["premium"] is None
    with running(Config(faults=True, premium_fen=100_00)) as generous:
        _top_up(generous, "100")
        assert _membership(generous)["premium"] == _membership(generous)["vip"]
        assert '"pill">Premium' in requests.get(generous.url, timeout=10).text


def test_the_membership_is_for_management_keys(sandbox: Emulator, token: str) -> None:
    """An OAuth token is refused."""
    answer = sandbox.post("/api/v1/user/admin/get-membership-expire-date", token, {})
    assert (answer.status_code, answer.json()["message"]) == (401, "no permission")


def _top_up(sandbox: Emulator, amount: str) -> None:
    url = sandbox.app("create-stripe-invoice-order", sandbox.token(BOB), amount=amount).json()["data"]["url"]
    requests.post(f"{url}/pay", timeout=10)


def _membership(sandbox: Emulator) -> dict[str, Any]:
    key = sandbox.app("get-user-admin-token", sandbox.token(BOB)).json()["data"]["token"]
    return dict(sandbox.post("/api/v1/user/admin/get-membership-expire-date", key, {}).json()["data"])


def _days_of_vip(sandbox: Emulator) -> int | None:
    until = _membership(sandbox)["vip"]
    left: timedelta | None = datetime.fromisoformat(until) - datetime.now(UTC) if until else None
    return None if left is None else left.days


def _second(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())
