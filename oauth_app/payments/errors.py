"""What can go wrong with Stripe.

* PaymentsUnavailableError     no answer: whether anything was made is not known; the same key may be sent again
* PaymentsRefusedError         Stripe said no: nothing was made
  - PaymentDeclinedError       a card said no, or wants its owner to be there
* InvalidEventError            an event that is not Stripe's, not for us, or too old
"""

from oauth_app.errors import HubError


class PaymentsError(HubError):
    """Something about Stripe."""


class PaymentsUnavailableError(PaymentsError):
    """Stripe gave no answer, or one of its own failures."""


class PaymentsRefusedError(PaymentsError):
    """Stripe refused the request; ``code`` is Stripe's word for why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class PaymentDeclinedError(PaymentsRefusedError):
    """A saved card was not charged."""


class InvalidEventError(PaymentsError):
    """The signature, its age or the account is wrong; nothing in the event may be believed."""
