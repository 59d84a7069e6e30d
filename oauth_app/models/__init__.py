"""Tables only: what is kept, and what the database itself refuses. No rules, no queries."""

from oauth_app.models.base import Base
from oauth_app.models.browser import BrowserSession, PartnerSession, SignInAttempt
from oauth_app.models.deliveries import Delivery
from oauth_app.models.events import Event, EventDelivery, WebhookEndpoint
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
from oauth_app.models.ledger import Account, AssetRow, BalanceIncrement, Hold, Posting, Reversal, Transfer
from oauth_app.models.money import Charge, HoldRequest, Refund, TopUp
from oauth_app.models.partners import AuthorizationFailure, ClientSecret, Partner, PartnerLogo, RegistrationPermit
from oauth_app.models.people import Operator, UpstreamConnection, User
from oauth_app.models.pricing import FeeVersion
from oauth_app.models.reconciliation import Difference, ReconciliationRun
from oauth_app.models.spending import PaceTally, SpendAllotment, SpendCounter
from oauth_app.models.stripe_money import AutoTopUp, StripeCustomer, StripeEvent
from oauth_app.models.usage import Usage, UsageConsentDay, UsageDay, UsageHour, UsageMark

__all__ = [
    "Account",
    "AssetRow",
    "AuthorizationCode",
    "AuthorizationFailure",
    "AutoTopUp",
    "BalanceIncrement",
    "Base",
    "BrowserSession",
    "Charge",
    "ClientSecret",
    "Consent",
    "Delivery",
    "DeviceGrant",
    "Difference",
    "Event",
    "EventDelivery",
    "FeeVersion",
    "Hold",
    "HoldRequest",
    "Operator",
    "PaceTally",
    "Partner",
    "PartnerLogo",
    "PartnerSession",
    "Posting",
    "PushedRequest",
    "ReconciliationRun",
    "Refund",
    "RegistrationPermit",
    "Reversal",
    "SignInAttempt",
    "SigningKey",
    "SpendAllotment",
    "SpendCounter",
    "StripeCustomer",
    "StripeEvent",
    "TokenRow",
    "TopUp",
    "Transfer",
    "UpstreamConnection",
    "Usage",
    "UsageConsentDay",
    "UsageDay",
    "UsageHour",
    "UsageMark",
    "UsedProof",
    "User",
    "WebhookEndpoint",
    "WrongUserCode",
]
