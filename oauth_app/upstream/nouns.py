"""What OhMyGPT tells us, in our words. Amounts are whole hundredths of a platform unit."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class IssuedToken:
    """The answer to a code."""

    user_id: str
    token: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class UpstreamUser:
    """Who a token stands for."""

    user_id: str
    email: str


@dataclass(frozen=True, kw_only=True)
class UpstreamBalance:
    """What the user can spend; the free part pays for AI calls only and is renewed daily."""

    paid: int
    free: int


@dataclass(frozen=True, kw_only=True)
class UpstreamCharge:
    """A fee that was taken."""

    order_id: str
    balance: int


@dataclass(frozen=True, kw_only=True)
class UpstreamOrder:
    """A top-up order that waits to be paid at ``url``."""

    order_id: str
    url: str
