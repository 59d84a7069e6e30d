"""Why money is not given back.

* RefundError
  - UnknownRefundError          there is none of this id, for whoever asks
  - ChargeNotRefundableError    the charge took no money, or nobody knows yet whether it did
  - RefundTooLargeError         more than is left of the charge
  - InsufficientEarningsError   the partner has less left of its earnings than its part
"""

from oauth_app.errors import HubError


class RefundError(HubError):
    """The root: something about a refund."""


class UnknownRefundError(RefundError):
    """There is no such refund for whoever asks."""


class ChargeNotRefundableError(RefundError):
    """The charge is not ``succeeded``; carries its status."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


class RefundTooLargeError(RefundError):
    """More would be given back than is left of the charge."""

    def __init__(self, *, wanted: int, left: int) -> None:
        super().__init__(f"{wanted} wanted, {left} left")
        self.left = left


class InsufficientEarningsError(RefundError):
    """The partner, or the operator, has not so much left here to give back."""
