"""What OhMyGPT can do to us.

* UpstreamError
  - UpstreamUnavailableError         no answer, or 5xx: ``surely_not_sent`` says whether it can have acted
  - UpstreamProtocolError            it answered, but not as its contract says (HTML, missing field)
  - UpstreamGrantLostError           the user's token is void: ask to sign in again
  - UpstreamInsufficientFundsError   the user's balance is too small
  - UpstreamRefusedError             it understood and said no, for another reason
"""

from oauth_app.errors import HubError


class UpstreamError(HubError):
    """The root: something about OhMyGPT."""


class UpstreamUnavailableError(UpstreamError):
    """It could not be reached, did not answer in time, or answered 5xx."""

    def __init__(self, message: str, *, surely_not_sent: bool) -> None:
        super().__init__(message)
        self.surely_not_sent = surely_not_sent


class UpstreamProtocolError(UpstreamError):
    """It answered something that its contract does not know; it may have acted all the same."""


class UpstreamGrantLostError(UpstreamError):
    """The token is not valid any more."""


class UpstreamInsufficientFundsError(UpstreamError):
    """The user has less than what was asked for."""


class UpstreamRefusedError(UpstreamError):
    """It said no. Nothing was done."""

    def __init__(self, *, status: int, error_type: str | None) -> None:
        super().__init__(f"refused with {status} {error_type or 'and no error type'}")
        self.status = status
        self.error_type = error_type
