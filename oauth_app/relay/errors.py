"""What can end a relayed call early. ``problems.py`` says how each looks to the caller.

* RelayError
  - MalformedTargetError     the path could mean one thing here and another upstream
  - UnknownRouteError        it is not relayed
  - UnknownTokenError        no token, or one that is not (or no longer) valid
  - BoundTokenError          a token that is bound to a key came as a bearer token, or the other way round
  - WrongProofError          no proof of that key, or one that cannot be accepted
  - NonceWantedError         the proof must be made once more, with a nonce of ours
  - MissingScopeError        the user did not allow AI calls
  - LostConnectionError      OhMyGPT does not know the user's token any more: sign in again
  - EmptyBalanceError        the user's balance is used up: top up
  - TooManyCallsError        more a minute, or at once, than is allowed
  - SpendLimitError          the call might cost more than the limits leave
  - ModelNotAllowedError     the user did not allow this model
  - EndpointNotAllowedError  the user did not allow calls of this kind
  - LimitsAwayError          whoever keeps the limits cannot be asked
  - BodyTooLargeError        the request has more bytes than we pass on
  - IdleClientError          the request stopped half-way
  - NoAnswerError            OhMyGPT could not be reached, or hung up
  - WrongAnswerError         it answered, but not as an API does (a page, a redirect)
  - LateAnswerError          it said nothing for too long
  - WithdrawnError           the permission was withdrawn while the call ran
  - ClientLeftError          nobody is there to be answered
"""

from oauth_app.errors import HubError


class RelayError(HubError):
    """The root: why a call was not relayed to its end."""


class MalformedTargetError(RelayError):
    """The path is written in a way that two servers may read differently."""


class UnknownRouteError(RelayError):
    """The hub does not relay this method and path."""


class UnknownTokenError(RelayError):
    """There is no token, or it is unknown, expired or revoked."""


class BoundTokenError(RelayError):
    """The token is good, but did not come in the way that it has to (RFC 9449 7)."""


class WrongProofError(RelayError):
    """The caller does not prove to hold the key; the text says why."""


class NonceWantedError(RelayError):
    """The proof holds no nonce of ours, or an old one (RFC 9449 9)."""


class MissingScopeError(RelayError):
    """The token is good, but not for AI calls."""


class LostConnectionError(RelayError):
    """The user's connection to OhMyGPT is lost; the next sign-in repairs it."""


class EmptyBalanceError(RelayError):
    """OhMyGPT says that the user's balance is used up."""


class TooManyCallsError(RelayError):
    """The site makes more calls a minute, or at once, than it may."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"again in {retry_after_s} s")
        self.retry_after_s = retry_after_s


class SpendLimitError(RelayError):
    """What the call may cost is more than the limits of user and site leave."""


class ModelNotAllowedError(RelayError):
    """The model is not on the user's list, or the body does not say clearly which it is."""


class EndpointNotAllowedError(RelayError):
    """The user did not allow this kind of calls."""


class LimitsAwayError(RelayError):
    """The limits cannot be checked now, and without them nothing is spent."""


class BodyTooLargeError(RelayError):
    """The request's body is over the limit."""


class IdleClientError(RelayError):
    """The caller began a request and did not go on with it."""


class NoAnswerError(RelayError):
    """OhMyGPT could not be reached, or hung up before its answer was complete."""


class WrongAnswerError(RelayError):
    """OhMyGPT answered something that must not be passed on."""


class LateAnswerError(RelayError):
    """OhMyGPT was silent for longer than we wait."""


class WithdrawnError(RelayError):
    """The user disconnected, the token was revoked or the site switched off while the call ran."""


class ClientLeftError(RelayError):
    """The caller hung up."""
