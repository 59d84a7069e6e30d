"""AI calls on their way to OhMyGPT: who calls, what passes, what it used."""

from oauth_app.relay.application import Relay, RelayOptions
from oauth_app.relay.callers import Caller, CallerCache, CallerFinder
from oauth_app.relay.credentials import Credential
from oauth_app.relay.errors import (
    LostConnectionError,
    MissingScopeError,
    NonceWantedError,
    UnknownTokenError,
    WrongProofError,
)
from oauth_app.relay.exchange import Exchange
from oauth_app.relay.usage_log import UsageLog
from oauth_app.relay.verdicts import ErrorWords

__all__ = [
    "Caller",
    "CallerCache",
    "CallerFinder",
    "Credential",
    "ErrorWords",
    "Exchange",
    "LostConnectionError",
    "MissingScopeError",
    "NonceWantedError",
    "Relay",
    "RelayOptions",
    "UnknownTokenError",
    "UsageLog",
    "WrongProofError",
]
