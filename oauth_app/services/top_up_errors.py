"""Why a top-up is not opened.

* TopUpError
  - UnknownTopUpError        there is none of this id for whoever asks
  - ProviderNotEnabledError  the operator offers no such way to pay
  - InvalidTopUpError        a field cannot be taken; it says which
  - TopUpFailedError         no order was opened; the same key is answered the same
  - TopUpUnclearError        Stripe did not answer; the same key finds out
"""

from oauth_app.errors import HubError


class TopUpError(HubError):
    """The root: something about a top-up."""


class UnknownTopUpError(TopUpError):
    """There is no such top-up for whoever asks."""


class ProviderNotEnabledError(TopUpError):
    """The operator offers no such way to pay."""

    def __init__(self, provider: str) -> None:
        super().__init__(provider)
        self.provider = provider


class InvalidTopUpError(TopUpError):
    """A field cannot be taken; ``reason`` is for whoever wrote the request."""

    def __init__(self, *, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class TopUpUnclearError(TopUpError):
    """Stripe did not answer, so nobody knows whether there is an order; asking again opens no second one."""

    retry_after_s = 30

    def __init__(self, top_up_id: str) -> None:
        super().__init__(top_up_id)
        self.top_up_id = top_up_id


class TopUpFailedError(TopUpError):
    """No order was opened."""

    retry_after_s = 30

    def __init__(self, top_up_id: str) -> None:
        super().__init__(top_up_id)
        self.top_up_id = top_up_id
