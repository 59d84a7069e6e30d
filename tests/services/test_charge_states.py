"""The states of a charge, as tables."""

from oauth_app.services.charge_states import REACHED_FROM, STATUS_OF_FAILURE, ChargeStatus, FailureCode


def test_what_has_ended_stays_as_it_is() -> None:
    """Nothing leads out of a charge that has ended, and nothing back to its beginning."""
    left = {state for states in REACHED_FROM.values() for state in states}
    assert left == {ChargeStatus.PENDING, ChargeStatus.UNKNOWN}
    assert not {ChargeStatus.PENDING, ChargeStatus.APPROVAL_REQUIRED} & set(REACHED_FROM)


def test_only_a_sure_no_is_a_no() -> None:
    """Where OhMyGPT may have acted, the charge is unknown and never failed."""
    unknown = {code for code, status in STATUS_OF_FAILURE.items() if status is ChargeStatus.UNKNOWN}
    assert unknown == {FailureCode.NO_ANSWER, FailureCode.UNCLEAR_ANSWER}
