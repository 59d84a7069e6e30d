"""The states of a charge and the operator's part, as tables."""

import pytest

from oauth_app.services.charge_states import REACHED_FROM, STATUS_OF_FAILURE, ChargeStatus, FailureCode, fee_of


@pytest.mark.parametrize(
    ("amount", "basis_points", "fee"),
    [(10_01, 250, 25), (1, 9_999, 0), (1, 10_000, 1), (39, 250, 0), (40, 250, 1), (10**15, 1, 10**11), (10_01, 0, 0)],
)
def test_the_fee_is_rounded_down(amount: int, basis_points: int, fee: int) -> None:
    """A fraction of a hundredth is the partner's."""
    assert fee_of(amount, basis_points) == fee


def test_what_has_ended_stays_as_it_is() -> None:
    """Nothing leads out of a charge that has ended, and nothing back to its beginning."""
    left = {state for states in REACHED_FROM.values() for state in states}
    assert left == {ChargeStatus.PENDING, ChargeStatus.UNKNOWN}
    assert ChargeStatus.PENDING not in REACHED_FROM


def test_only_a_sure_no_is_a_no() -> None:
    """Where OhMyGPT may have acted, the charge is unknown and never failed."""
    unknown = {code for code, status in STATUS_OF_FAILURE.items() if status is ChargeStatus.UNKNOWN}
    assert unknown == {FailureCode.NO_ANSWER, FailureCode.UNCLEAR_ANSWER}
