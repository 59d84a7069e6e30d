"""The client of OhMyGPT: it speaks our nouns, has our errors and a timeout, and knows no database."""

from oauth_app.upstream.client import UpstreamClient
from oauth_app.upstream.errors import (
    UpstreamError,
    UpstreamGrantLostError,
    UpstreamInsufficientFundsError,
    UpstreamProtocolError,
    UpstreamRefusedError,
    UpstreamUnavailableError,
)
from oauth_app.upstream.nouns import (
    IssuedToken,
    UpstreamBalance,
    UpstreamCharge,
    UpstreamOrder,
    UpstreamUser,
)
from oauth_app.upstream.profile import WireProfile, load_profile

__all__ = [
    "IssuedToken",
    "UpstreamBalance",
    "UpstreamCharge",
    "UpstreamClient",
    "UpstreamError",
    "UpstreamGrantLostError",
    "UpstreamInsufficientFundsError",
    "UpstreamOrder",
    "UpstreamProtocolError",
    "UpstreamRefusedError",
    "UpstreamUnavailableError",
    "UpstreamUser",
    "WireProfile",
    "load_profile",
]
