"""The rounding rule loses no unit and makes none."""

from hypothesis import given
from hypothesis import strategies as st

from oauth_app.ledger import Split, split_amount, split_refund

AMOUNTS = st.integers(1, 10**15)


@given(amount=AMOUNTS, basis_points=st.integers(0, 10_000))
def test_shares_add_up(amount: int, basis_points: int) -> None:
    """Both shares together are the amount, and the fee is at most a unit below the exact share."""
    split = split_amount(amount, basis_points)
    assert split.amount == amount
    assert split.partner >= 0
    assert 0 <= amount * basis_points - split.fee * 10_000 < 10_000


@given(parts=st.lists(st.integers(1, 10**6), min_size=1, max_size=12), basis_points=st.integers(0, 10_000))
def test_refunds_give_back_what_was_shared(parts: list[int], basis_points: int) -> None:
    """However a charge is refunded in parts, in the end each has given back exactly its share, and never more."""
    charged = split_amount(sum(parts), basis_points)
    given_back = Split(partner=0, fee=0)
    for amount in parts:
        part = split_refund(charged, refunded_before=given_back.amount, amount=amount)
        assert part.partner >= 0
        assert part.fee >= 0
        given_back = Split(partner=given_back.partner + part.partner, fee=given_back.fee + part.fee)
    assert given_back == charged


def test_the_fraction_is_the_partners() -> None:
    """2.5 % of 10.01 is 0.25025: the operator gets 0.25."""
    assert split_amount(10_01, 250) == Split(partner=9_76, fee=25)
