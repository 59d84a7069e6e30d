"""Tables only: what is kept, and what the database itself refuses. No rules, no queries."""

from oauth_app.models.base import Base
from oauth_app.models.browser import BrowserSession, PartnerSession, SignInAttempt
from oauth_app.models.deliveries import Delivery
from oauth_app.models.grants import (
    AuthorizationCode,
    Consent,
    DeviceGrant,
    PushedRequest,
    SigningKey,
    TokenRow,
    UsedProof,
    WrongUserCode,
)
from oauth_app.models.ledger import Account, Posting, Transfer
from oauth_app.models.money import Charge, TopUp
from oauth_app.models.partners import AuthorizationFailure, ClientSecret, Partner, PartnerLogo, RegistrationPermit
from oauth_app.models.people import Operator, UpstreamConnection, User
from oauth_app.models.usage import Usage

__all__ = [
    "Account",
    "AuthorizationCode",
    "AuthorizationFailure",
    "Base",
    "BrowserSession",
    "Charge",
    "ClientSecret",
    "Consent",
    "Delivery",
    "DeviceGrant",
    "Operator",
    "Partner",
    "PartnerLogo",
    "PartnerSession",
    "Posting",
    "PushedRequest",
    "RegistrationPermit",
    "SignInAttempt",
    "SigningKey",
    "TokenRow",
    "TopUp",
    "Transfer",
    "UpstreamConnection",
    "Usage",
    "UsedProof",
    "User",
    "WrongUserCode",
]
