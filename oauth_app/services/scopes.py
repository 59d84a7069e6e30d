"""What a partner can ask a user for."""

from enum import StrEnum


class Scope(StrEnum):
    """The scopes of the hub; the consent page says each in words and money."""

    OPENID = "openid"
    PROFILE = "profile"
    EMAIL = "email"
    OFFLINE_ACCESS = "offline_access"
    BALANCE_READ = "balance:read"
    CHARGES_WRITE = "charges:write"
    TOPUPS_WRITE = "topups:write"
    API = "api"


ALL_SCOPES: tuple[str, ...] = tuple(scope.value for scope in Scope)
#: What a partner's server can be allowed without a user at hand: what it does for one under a standing consent.
CLIENT_SCOPES: tuple[str, ...] = (Scope.BALANCE_READ, Scope.CHARGES_WRITE, Scope.TOPUPS_WRITE, Scope.API)
