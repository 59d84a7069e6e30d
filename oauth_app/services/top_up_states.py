"""The states of a top-up."""

from enum import StrEnum


class TopUpStatus(StrEnum):
    """Where a top-up stands."""

    CREATING = "creating"
    OPEN = "open"
    #: A bank has been asked, and answers in days.
    PROCESSING = "processing"
    PAID = "paid"
    #: All of it went back, by a refund or a dispute that was lost.
    REFUNDED = "refunded"
    #: A bank wants it back and Stripe has given it; the wallet is frozen until that is decided.
    DISPUTED = "disputed"
    EXPIRED = "expired"
    FAILED = "failed"


#: The money has come in, whatever became of it later: never again may it be credited.
CREDITED = (TopUpStatus.PAID, TopUpStatus.REFUNDED, TopUpStatus.DISPUTED)

#: The money may still come.
WAITING = (TopUpStatus.CREATING, TopUpStatus.OPEN, TopUpStatus.PROCESSING)

#: The reason of an order that expired although it may have been paid: nobody could see whether it was.
PERHAPS_PAID = "perhaps_paid"
