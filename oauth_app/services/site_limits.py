"""What the operator allows a partner of AI calls: the whole site, and each of its access tokens."""

from dataclasses import dataclass, fields
from typing import Any, Protocol, Self

from sqlalchemy.orm import Session

from oauth_app.call_limits import CallLimits
from oauth_app.hub import Hub
from oauth_app.models import Partner
from oauth_app.services.partner_errors import InvalidRegistrationError
from oauth_app.services.partners import get_partner

#: For statements that read them with others.
SITE_COLUMNS = (
    Partner.site_spend_per_day,
    Partner.site_spend_per_month,
    Partner.site_calls_per_minute,
    Partner.site_calls_at_once,
    Partner.token_spend_per_day,
    Partner.token_calls_per_minute,
    Partner.token_calls_at_once,
)
_MOST_MONEY, _MOST_CALLS = 10**15, 10**6
_FEN_PER_CNY = 100


class SiteRow(Protocol):
    """A partner, or a row with its columns."""

    site_spend_per_day: Any
    site_spend_per_month: Any
    site_calls_per_minute: Any
    site_calls_at_once: Any
    token_spend_per_day: Any
    token_calls_per_minute: Any
    token_calls_at_once: Any


@dataclass(frozen=True, kw_only=True)
class SiteLimits:
    """The operator's limits; None is none. Money in hundredths of an OhMyGPT unit.

    Raises:
        InvalidRegistrationError: one is below 1, or beyond all reason.
    """

    site_spend_per_day: int | None = None
    site_spend_per_month: int | None = None
    site_calls_per_minute: int | None = None
    site_calls_at_once: int | None = None
    token_spend_per_day: int | None = None
    token_calls_per_minute: int | None = None
    token_calls_at_once: int | None = None

    def __post_init__(self) -> None:
        for one in fields(self):
            value, most = getattr(self, one.name), _MOST_MONEY if "_spend_" in one.name else _MOST_CALLS
            if value is not None and not 1 <= value <= most:
                msg = f"{one.name}: a number above zero and at most {most}, or nothing"
                raise InvalidRegistrationError(msg)

    @classmethod
    def of(cls, partner: SiteRow) -> Self:
        """Return the limits that hold now."""
        return cls(**{one.name: getattr(partner, one.name) for one in fields(cls)})


def site_calls(partner: SiteRow) -> CallLimits:
    """Return what the whole site may do."""
    return CallLimits(
        spend_per_day=partner.site_spend_per_day,
        spend_per_month=partner.site_spend_per_month,
        calls_per_minute=partner.site_calls_per_minute,
        calls_at_once=partner.site_calls_at_once,
    )


def token_calls(partner: SiteRow) -> CallLimits:
    """Return what each access token of the site may do."""
    return CallLimits(
        spend_per_day=partner.token_spend_per_day,
        calls_per_minute=partner.token_calls_per_minute,
        calls_at_once=partner.token_calls_at_once,
    )


def limit_new_site(session: Session, hub: Hub, partner_id: str) -> None:
    """Give a site that registered itself the limits that the settings have for it. The caller commits."""
    settings = hub.settings
    limits = SiteLimits(
        site_spend_per_day=settings.new_site_cny_per_day * _FEN_PER_CNY * hub.upstream.units_per_cny or None,
        site_calls_per_minute=settings.new_site_calls_per_minute or None,
        site_calls_at_once=settings.new_site_calls_at_once or None,
    )
    set_site_limits(session, partner_id, limits)


def set_site_limits(session: Session, partner_id: str, limits: SiteLimits) -> Partner:
    """Set the operator's limits of a partner, all of them. The caller commits, and lets the relay forget its callers.

    Raises:
        UnknownPartnerError: there is none of this id.
    """
    partner = get_partner(session, partner_id)
    for one in fields(limits):
        setattr(partner, one.name, getattr(limits, one.name))
    return partner
