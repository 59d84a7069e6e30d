"""Tables only: what is kept, and what the database itself refuses. No rules, no queries."""

from oauth_app.models.base import Base
from oauth_app.models.browser import BrowserSession, SignInAttempt
from oauth_app.models.grants import AuthorizationCode, Consent, SigningKey, TokenRow
from oauth_app.models.ledger import Account, Posting, Transfer
from oauth_app.models.money import Charge, TopUp
from oauth_app.models.partners import ClientSecret, Partner
from oauth_app.models.people import Operator, UpstreamConnection, User
from oauth_app.models.usage import Usage

__all__ = [
    "Account",
    "AuthorizationCode",
    "Base",
    "BrowserSession",
    "Charge",
    "ClientSecret",
    "Consent",
    "Operator",
    "Partner",
    "Posting",
    "SignInAttempt",
    "SigningKey",
    "TokenRow",
    "TopUp",
    "Transfer",
    "UpstreamConnection",
    "Usage",
    "User",
]
