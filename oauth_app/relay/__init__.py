"""AI calls on their way to OhMyGPT: who calls, what passes, what it used."""

from oauth_app.relay.admission import Admission, Deposit, Passage, Standing
from oauth_app.relay.application import Relay, RelayOptions, RelayParts
from oauth_app.relay.callers import Caller, CallerCache, CallerFinder
from oauth_app.relay.credentials import Credential
from oauth_app.relay.errors import (
    LimitsAwayError,
    LostConnectionError,
    MissingScopeError,
    NonceWantedError,
    SpendLimitError,
    TooManyCallsError,
    UnknownTokenError,
    WrongProofError,
)
from oauth_app.relay.exchange import Exchange
from oauth_app.relay.grapevine import Grapevine
from oauth_app.relay.prices import Assumptions, PriceBook
from oauth_app.relay.tariff import Tariff
from oauth_app.relay.usage_log import UsageLog
from oauth_app.relay.verdicts import ErrorWords

__all__ = [
    "Admission",
    "Assumptions",
    "Caller",
    "CallerCache",
    "CallerFinder",
    "Credential",
    "Deposit",
    "ErrorWords",
    "Exchange",
    "Grapevine",
    "LimitsAwayError",
    "LostConnectionError",
    "MissingScopeError",
    "NonceWantedError",
    "Passage",
    "PriceBook",
    "Relay",
    "RelayOptions",
    "RelayParts",
    "SpendLimitError",
    "Standing",
    "Tariff",
    "TooManyCallsError",
    "UnknownTokenError",
    "UsageLog",
    "WrongProofError",
]
